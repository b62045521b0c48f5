"""Who calls an MSRP session that has its connection: 506, 481, or silence for strangers."""

import contextlib
import socket

import pytest
from OpenSSL import SSL

from imsedge.bearer import messages as m
from kit.msrp_frames import CORE, UE, US_TO_CORE, US_TO_UE, frame, plain
from kit.msrp_scene import passes, scene
from kit.plane_rig import STRANGER, tls

pytestmark = pytest.mark.system

FOREIGN = "msrps://203.0.113.5:30001/another;tcp"
SENT, RECEIVED = frame(), frame(to=CORE, sender=US_TO_CORE)


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "tcp"])
def test_a_second_connection_hears_that_the_session_is_taken(secure: bool) -> None:
    with scene(secure=secure) as s:
        passes(s.ue, SENT, s.core, RECEIVED)
        second = s.call()
        passes(second, SENT, second, plain("506 Session Already In Use", UE, US_TO_UE))
        passes(second, frame(to=FOREIGN), second, plain("481 No Such Session", UE, FOREIGN))
        assert "second" in s.rig.expect(m.Refused, s.access.endpoint).reason
        passes(s.ue, SENT, s.core, RECEIVED)
        s.rig.do(m.Release(s.access.endpoint))
        s.rig.expect(m.Released, s.access.endpoint)
        if isinstance(second, socket.socket):
            assert second.recv(1) == b""
        else:
            with pytest.raises(SSL.ZeroReturnError):
                second.recv(1)


def test_a_stranger_hears_nothing_of_a_secured_session() -> None:
    with scene(secure=True) as s:
        passes(s.ue, SENT, s.core, RECEIVED)
        stranger = tls(s.rig.call(s.access), certificate=STRANGER)
        with contextlib.suppress(SSL.Error):  # TLS 1.3: the alert comes after the handshake of the client
            stranger.do_handshake()
        with pytest.raises(SSL.Error):
            stranger.recv(1)
        passes(s.ue, SENT, s.core, RECEIVED)


def test_only_so_many_latecomers() -> None:
    with scene() as s:
        passes(s.ue, SENT, s.core, RECEIVED)
        waiting = [s.call() for _ in range(4)]
        s.rig.until(lambda: s.rig.counters(s.access.endpoint).refused == 4)
        with pytest.raises(ConnectionResetError):
            s.call().recv(1)
        waiting[0].sendall(b"no MSRP at all\r\n")
        assert waiting[0].recv(1) == b""
        one_more = s.call()
        passes(one_more, SENT, one_more, plain("506 Session Already In Use", UE, US_TO_UE))


def test_a_latecomer_that_hangs_up() -> None:
    with scene() as s:
        passes(s.ue, SENT, s.core, RECEIVED)
        for _ in range(10):
            s.call().close()
        passes(s.ue, SENT, s.core, RECEIVED)
