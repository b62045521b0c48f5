"""A session of MSRP through a media plane that rewrites its paths, over real sockets."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.core.msrp_uri import MsrpPath
from kit.msrp_frames import ACCESS_PATH, CORE_PATH
from kit.plane_rig import UE, PlaneRig, receive_exactly, tls


class Scene:
    """``ue`` and ``core`` are the peers, ``access`` and ``inner`` the endpoints between them."""

    def __init__(self, rig: PlaneRig, *, secure: bool, paths: tuple[Any, Any], **access: Any) -> None:
        listener, self.backend = rig.listen()
        self.rig = rig
        self.common = {"transport": m.Transport.TLS if secure else m.Transport.TCP, **access}
        self.common["fingerprints"] = (UE.fingerprint(),)
        self.access = rig.open(1, msrp=paths[0], **self.common)
        self.inner = rig.open(1, remote=self.backend, setup=m.Setup.ACTIVE, msrp=paths[1])
        self.ue: socket.socket | SSL.Connection = self.call()
        if isinstance(self.ue, SSL.Connection):
            self.ue.do_handshake()
        self.core = rig.accept(listener)

    def call(self) -> socket.socket | SSL.Connection:
        sock = self.rig.call(self.access)
        return tls(sock) if self.common["transport"] is m.Transport.TLS else sock

    def configure(self, access: MsrpPath | None, inner: MsrpPath | None, **common: Any) -> None:
        """Other paths; the rest stays."""
        inside: dict[str, Any] = {"remote": self.backend, "setup": m.Setup.ACTIVE, "msrp": inner}
        settings = m.EndpointSettings(**{**self.common, "msrp": access, **common})
        self.rig.do(m.Configure(self.inner.endpoint, m.EndpointSettings(transport=m.Transport.TCP, **inside)))
        self.rig.do(m.Configure(self.access.endpoint, settings))


@contextlib.contextmanager
def scene(
    *,
    secure: bool = False,
    paths: tuple[MsrpPath | None, MsrpPath | None] = (ACCESS_PATH, CORE_PATH),
    **access: Any,
) -> Iterator[Scene]:
    with PlaneRig() as rig:
        yield Scene(rig, secure=secure, paths=paths, **access)


def passes(source: socket.socket | SSL.Connection, sent: bytes, sink: Any, received: bytes) -> None:
    source.sendall(sent)
    assert receive_exactly(sink, len(received)) == received
