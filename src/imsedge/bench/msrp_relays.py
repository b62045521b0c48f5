"""What is compared with MSRP: our worker, which rewrites the paths of both legs, and Kamailio's ``msrp``.

Kamailio is a relay (RFC 4976): clients introduce themselves with AUTH, it answers every SEND by itself and
sends it on with itself in the paths.  In both cases a SEND is two messages read and two written.
"""

import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from imsedge.bearer import messages as m
from imsedge.bearer.wire import write_frame
from imsedge.bench.msrp_load import PATIENCE, Client, read_one, write_message
from imsedge.bench.processes import children
from imsedge.bench.relays import find, listening, opened_pair, our_worker, running
from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.core.msrp_uri import MsrpPath, write_msrp_uri

_PORT = 2855
_MODULES = Path("/usr/lib")
_KAMAILIO = """\
#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children={workers}
listen=tcp:{host}:{port}
# Its TCP reader looks for SIP's Content-Length and drops every MSRP connection without this.
tcp_accept_no_cl=yes
mpath="{modules}"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "msrp.so"
modparam("msrp", "sipmsg", 1)
modparam("msrp", "cmap_size", 8)
request_route {{ exit; }}
event_route[msrp:frame-in] {{
    if (msrp_is_reply()) {{ exit; }}
    msrp_reply_flags("1");
    if ($msrp(method) == "AUTH") {{
        if (!msrp_cmap_save()) msrp_reply("400", "Not saved");
    }} else if (msrp_cmap_lookup()) {{
        msrp_reply("200", "OK");
        msrp_relay_flags("1");
        msrp_relay();
    }} else {{
        msrp_reply("481", "Session-does-not-exist");
    }}
}}
"""
_USE_PATH = re.compile(rb"\r\nUse-Path: *([^ \r]+)")


class Ready(NamedTuple):
    """``pids``: whose processor time counts; two clients that reach each other, a pair."""

    pids: tuple[int, ...]
    pairs: tuple[tuple[Client, Client], ...]


class MsrpRelay(Protocol):
    """``ready`` starts it on ``core`` of a loopback network and connects so many pairs of clients."""

    @property
    def name(self) -> str: ...

    def missing(self) -> str | None:
        """Why it cannot take part."""

    def ready(self, network: str, core: int, pairs: int) -> AbstractContextManager[Ready]: ...


class OurMsrp:
    """One worker; each pair is a stream of two endpoints, as in a call."""

    name = "imsedge"

    def missing(self) -> str | None:
        return None

    @contextmanager
    def ready(self, network: str, core: int, pairs: int) -> Iterator[Ready]:
        host = f"{network}.1"
        with our_worker(core, host) as (sock, pid), ExitStack() as stack:
            backend = stack.enter_context(socket.create_server((f"{network}.2", 0)))
            ends = [_open(sock, host, backend, link) for link in range(pairs)]
            stack.enter_context(listening(sock))
            made = tuple(_connect(stack, backend, *end) for end in ends)
            yield Ready((pid,), made)


def _open(
    sock: socket.socket, host: str, backend: socket.socket, link: int
) -> tuple[TransportAddress, MsrpPath, MsrpPath]:
    """Where the first client calls, and the paths of the two legs."""
    paths = [
        MsrpPath(*(_uri(host, name, link), (_uri(host, f"client-{name}", link),)))
        for name in ("access", "core")
    ]
    remote = TransportAddress(*backend.getsockname())
    access = m.EndpointSettings(transport=m.Transport.TCP, msrp=paths[0])
    core = m.EndpointSettings(transport=m.Transport.TCP, remote=remote, setup=m.Setup.ACTIVE, msrp=paths[1])
    for endpoint, settings in ((2 * link, access), (2 * link + 1, core)):
        sock.sendall(write_frame(m.Open(endpoint, link, link, host, settings)))
    return opened_pair(sock)[0], paths[0], paths[1]


def _connect(
    stack: ExitStack, backend: socket.socket, called: TransportAddress, access: MsrpPath, core: MsrpPath
) -> tuple[Client, Client]:
    first = stack.enter_context(socket.create_connection(called, PATIENCE))
    backend.settimeout(PATIENCE)
    second = stack.enter_context(backend.accept()[0])
    return Client(_quick(first), access.peer[0], core.own), Client(_quick(second), core.peer[0], access.own)


def _uri(host: str, name: str, link: int) -> str:
    return write_msrp_uri(host, _PORT, f"{name}-{link:012d}", secure=False).text


def _quick(sock: socket.socket) -> socket.socket:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Kamailio(NamedTuple):
    """All its processes on one core; ``workers`` read and write TCP."""

    workers: int = 1
    name: str = "Kamailio"

    def missing(self) -> str | None:
        if find("kamailio") is None or _modules() is None:
            return "Kamailio with its msrp module is not installed (Debian: kamailio)"
        return None

    @contextmanager
    def ready(self, network: str, core: int, pairs: int) -> Iterator[Ready]:
        address = TransportAddress(f"{network}.1", _PORT)
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            path = Path(folder) / "kamailio.cfg"
            words = {"host": address.host, "port": address.port, "modules": _modules()}
            path.write_text(_KAMAILIO.format(workers=self.workers, **words))
            command = [find("kamailio") or "", "-DD", "-E", "-f", str(path), "-Y", folder]
            process = stack.enter_context(running([*command, "-P", f"{folder}/pid"], core))
            _await(process, address)
            made = tuple(
                (_introduce(stack, address, f"a{n}"), _introduce(stack, address, f"b{n}"))
                for n in range(pairs)
            )
            yield Ready((process.pid, *children(process.pid)), made)


def _modules() -> Path | None:
    found = next(_MODULES.glob("**/kamailio/modules/msrp.so"), None)
    return found.parent if found is not None else None


def _await(process: "subprocess.Popen[bytes]", address: TransportAddress) -> None:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and process.poll() is None:
        try:
            socket.create_connection(address, 1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SettingError("Kamailio does not start")


def _introduce(stack: ExitStack, address: TransportAddress, name: str) -> Client:
    """AUTH (RFC 4976 clause 5.1); its path leads through the relay."""
    sock = _quick(stack.enter_context(socket.create_connection(address, PATIENCE)))
    host, port = sock.getsockname()[:2]
    own = write_msrp_uri(host, port, name, secure=False).text
    sock.sendall(write_message("AUTH", f"msrp://{address};tcp", own))
    answer = read_one(sock)
    use = _USE_PATH.search(answer)
    if use is None:
        raise SettingError(f"Kamailio lets nobody in: {answer[:80]!r}")
    return Client(sock, own, f"{use[1].decode()} {own}")


MSRP_RELAYS: tuple[MsrpRelay, ...] = (OurMsrp(), Kamailio())
