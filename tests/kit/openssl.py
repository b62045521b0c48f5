"""OpenSSL's own client and server as the UE's TLS."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from imsedge.core.address import TransportAddress
from imsedge.security.fingerprint import Fingerprint, fingerprint_of
from kit.peers import need, run


class OpensslCertificate:
    """A self-signed certificate that ``openssl req`` made."""

    def __init__(self, folder: Path, name: str, key: str = "ec", hosts: tuple[str, ...] = ()) -> None:
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        kind = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1") if key == "ec" else ("rsa:2048",)
        san = ("-addext", "subjectAltName=" + ",".join(f"IP:{host}" for host in hosts)) if hosts else ()
        run(
            *(need("openssl"), "req", "-x509", "-newkey", *kind, "-nodes", "-days", "30", *san),
            *("-subj", f"/CN={name}", "-keyout", str(self.key), "-out", str(self.certificate)),
        )

    @property
    def fingerprint(self) -> Fingerprint:
        """What belongs into the SDP."""
        der = run(need("openssl"), "x509", "-in", str(self.certificate), "-outform", "DER")
        return fingerprint_of(der)


class Openssl:
    """``openssl s_client`` or ``s_server``: what is written to it is sent, what comes is in ``output``."""

    def __init__(self, folder: Path, *arguments: str, name: str = "openssl") -> None:
        self._log = folder / f"{name}.log"
        self._command = [need("openssl"), *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def client(
        cls, folder: Path, remote: TransportAddress, who: OpensslCertificate | None, *options: str
    ) -> Self:
        """Connects with a client certificate, or without one."""
        identity = ("-cert", str(who.certificate), "-key", str(who.key)) if who else ()
        return cls(folder, "s_client", "-connect", str(remote), "-nocommands", *identity, *options)

    @classmethod
    def server(cls, folder: Path, local: TransportAddress, who: OpensslCertificate, *options: str) -> Self:
        """Asks for a client certificate and takes any."""
        identity = ("-cert", str(who.certificate), "-key", str(who.key))
        return cls(
            folder, "s_server", "-accept", str(local), "-Verify", "1", "-naccept", "1", *identity, *options
        )

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        process.kill()
        process.wait(10)

    def send(self, octets: bytes) -> None:
        """Payload."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(octets)
        self._process.stdin.flush()

    @property
    def output(self) -> str:
        """All that it has printed: its own remarks and what the peer sent."""
        return self._log.read_bytes().decode(errors="replace").replace("\r\n", "\n")

    @property
    def peer_pem(self) -> str:
        """The peer's certificate as it printed it."""
        found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", self.output, re.DOTALL)
        assert found is not None, self.output
        return found[0]


def wait_for(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Poll until it is true; foreign processes tell nobody when they are ready."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)
