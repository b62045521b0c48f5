"""Kamailio in the core: its ``msrp`` module answers every SEND, or it registers everybody over TLS."""

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from imsedge.core.address import TransportAddress
from kit.peers import need, need_kamailio_module, stop

_MSRP = """#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
tcp_children=2
listen=tcp:{host}:{port}
# 5.6 drops every MSRP connection without this: its TCP reader looks for SIP's Content-Length
tcp_accept_no_cl=yes
mpath="{modules}"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "msrp.so"
modparam("msrp", "sipmsg", 1)
request_route {{ exit; }}
event_route[msrp:frame-in] {{
    msrp_reply_flags("1");
    if (!msrp_is_reply()) {{
        xlog("L_WARN",
            "judged $msrp(method) of $msrp(bodylen) octets to $msrp(crthop) from $msrp(firsthop)\\n");
        msrp_reply("200", "OK");
    }}
}}
"""

_REGISTRAR = """#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
tcp_children=2
enable_tls=yes
listen=tls:{host}:{port}
mpath="{modules}"
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
modparam("tls", "certificate", "{certificate}")
modparam("tls", "private_key", "{key}")
modparam("tls", "tls_method", "TLSv1.2+")
request_route {{
    xlog("L_WARN", "judged $rm over $proto: $hdr(Path) [$hdr(Security-Client)$hdr(Require)]\\n");
    sl_send_reply("200", "OK");
}}
"""


class Kamailio:
    """One of them; leaves the ``with`` block stopped."""

    def __init__(self, folder: Path, address: TransportAddress, config_text: str) -> None:
        self.address = address
        self._log = folder / "kamailio.log"
        self._folder = folder
        config = folder / "kamailio.cfg"
        config.write_text(config_text)
        self._command = [need("kamailio"), "-DD", "-E", "-f", str(config), "-Y", str(folder)]
        self._command += ["-P", str(folder / "kamailio.pid")]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_listening()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop(self._process)

    def judged(self) -> list[str]:
        """What it said of each request, e.g. ``SEND of 7 octets to PATH from PATH``."""
        lines = self._log.read_text(errors="replace").splitlines()
        return [line.partition("judged ")[2] for line in lines if "judged " in line]

    def _wait_until_listening(self) -> None:
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(self.address, timeout=1).close()
                return
            except OSError:
                assert self._process is not None
                running = self._process.poll() is None and time.monotonic() < until
                assert running, f"Kamailio does not listen\n{self._log.read_text(errors='replace')[-3000:]}"
                time.sleep(0.05)


class KamailioMsrp(Kamailio):
    """Knows MSRP only."""

    def __init__(self, folder: Path, address: TransportAddress) -> None:
        modules = need_kamailio_module("msrp").parent
        super().__init__(folder, address, _MSRP.format(host=address.host, port=address.port, modules=modules))


class KamailioRegistrar(Kamailio):
    """Accepts every REGISTER, over TLS only."""

    def __init__(self, folder: Path, address: TransportAddress, certificate: Path, key: Path) -> None:
        modules = need_kamailio_module("tls").parent
        values = {"host": address.host, "port": address.port, "modules": modules}
        super().__init__(folder, address, _REGISTRAR.format(**values, certificate=certificate, key=key))
