"""A floor control party that is libre's: ``tests/interop/bfcp_peer.c``, compiled when it is needed."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from imsedge.core.address import TransportAddress
from kit.openssl import OpensslCertificate
from kit.peers import need_libre, run

_SOURCE = Path(__file__).parent.parent / "interop" / "bfcp_peer.c"


def build(folder: Path) -> Path:
    """The program."""
    program = folder / "bfcp_peer"
    compiler, *options = need_libre()
    run(compiler, "-o", str(program), str(_SOURCE), *options)
    return program


class LibreParty:
    """``listen``: a floor control server; ``connect``: a participant that ends when it has been served."""

    def __init__(
        self, program: Path, how: str, address: TransportAddress, who: OpensslCertificate | None = None
    ) -> None:
        self._log = program.parent / f"libre-{how}-{'tls' if who else 'tcp'}.log"
        self._command = [str(program), how, "tls" if who else "tcp", address.host, str(address.port)]
        if who is not None:
            both = program.parent / "libre.pem"
            both.write_text(who.certificate.read_text() + who.key.read_text())
            self._command.append(str(both))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    @property
    def said(self) -> list[str]:
        """Its lines so far: ``ready``, the messages that libre could read, ``done``; not how it ended."""
        lines = self._log.read_text().splitlines()
        return [line for line in lines if not line.startswith(("closed", "fd "))]
