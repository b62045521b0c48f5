"""MSRP whose paths are rewritten, over real sockets: TLS towards the UE, clear TCP towards the core."""

import contextlib
import os
import resource
import socket
import threading

import pytest
from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.core.msrp_uri import MsrpPath
from kit.msrp_frames import ACCESS_PATH, CORE, CORE_PATH, UE, US_TO_CORE, US_TO_UE, frame, plain
from kit.msrp_scene import passes, scene
from kit.plane_rig import nothing_arrives, receive_all, receive_exactly

pytestmark = pytest.mark.system

# The gigabyte on request: IMSEDGE_TEST_MSRP_OCTETS=1073741824.
LONG = int(os.environ.get("IMSEDGE_TEST_MSRP_OCTETS", str(32 << 20)))
BLOCK = bytes(range(256)) * 256
FOREIGN = "msrps://203.0.113.5:30001/another;tcp"
SENT, RECEIVED = frame(), frame(to=CORE, sender=US_TO_CORE)


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "tcp"])
def test_a_transaction_each_way(secure: bool) -> None:
    with scene(secure=secure) as s:
        passes(s.ue, SENT, s.core, RECEIVED)
        answer = plain("200 OK", US_TO_CORE, CORE), plain("200 OK", UE, US_TO_UE)
        passes(s.core, answer[0], s.ue, answer[1])
        back = frame(to=US_TO_CORE, sender=CORE), frame(to=UE, sender=US_TO_UE)
        passes(s.core, back[0], s.ue, back[1])
        counters = s.rig.counters(s.access.endpoint)
        assert (counters.octets_received, counters.messages) == (len(SENT), 1)
        assert counters.octets_sent == len(answer[1] + back[1])
        counters = s.rig.counters(s.inner.endpoint)
        assert (counters.octets_received, counters.messages) == (len(answer[0] + back[0]), 2)
        assert counters.octets_sent == len(RECEIVED)


def test_octet_by_octet_and_many_at_once() -> None:
    with scene() as s:
        s.ue.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(SENT)):
            s.ue.sendall(SENT[at : at + 1])
        assert receive_exactly(s.core, len(RECEIVED)) == RECEIVED
        passes(s.ue, SENT * 500, s.core, RECEIVED * 500)


def test_a_long_message_with_the_memory_of_a_read() -> None:
    """One chunk, a slow reader: the sender waits, the plane does not store."""
    head, _, tail = frame(body=b"!").partition(b"!")
    wanted, _, end = frame(to=CORE, sender=US_TO_CORE, body=b"!").partition(b"!")
    with scene(secure=True) as s:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def send() -> None:
            s.ue.sendall(head)
            for _ in range(0, LONG, len(BLOCK)):
                s.ue.sendall(BLOCK)
            s.ue.sendall(tail)

        sender = threading.Thread(target=send)
        sender.start()
        assert receive_exactly(s.core, len(wanted)) == wanted
        got, expected = 0, memoryview(BLOCK * 2)
        while got < LONG:
            data = s.core.recv(min(len(BLOCK), LONG - got))
            assert data == expected[got % 256 :][: len(data)]
            got += len(data)
        assert receive_exactly(s.core, len(end)) == end
        sender.join()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 16_384  # KiB


def test_a_sink_that_does_not_read_holds_its_source() -> None:
    with scene() as s:
        many = 40_000
        sender = threading.Thread(target=s.ue.sendall, args=(SENT * many,))
        sender.start()
        s.rig.until(lambda: s.rig.counters(s.inner.endpoint).octets_sent > 100_000)
        received = b"".join(receive_exactly(s.core, len(RECEIVED) * 100) for _ in range(many // 100))
        sender.join()
        assert received == RECEIVED * many


def test_another_session_is_answered_and_does_not_pass() -> None:
    with scene(secure=True) as s:
        refused = plain("481 No Such Session", UE, FOREIGN)
        passes(s.ue, frame(to=FOREIGN), s.ue, refused)
        passes(s.ue, frame(to=FOREIGN) + SENT, s.core, RECEIVED)
        assert receive_exactly(s.ue, len(refused)) == refused
        assert s.rig.expect(m.MessageRefused, s.access.endpoint, 2).status == 481
        assert s.rig.counters(s.access.endpoint).octets_sent == 2 * len(refused)


def test_our_answer_waits_for_the_end_of_the_chunk_of_the_other_peer() -> None:
    with scene() as s:
        chunk, passed = frame(to=US_TO_CORE, sender=CORE), frame(to=UE, sender=US_TO_UE)
        passes(s.core, chunk[:-6], s.ue, passed[: -len("\r\n-------a786hjs2$\r\n")])
        passes(s.ue, frame(to=FOREIGN) + SENT, s.core, RECEIVED)
        with nothing_arrives(s.ue):
            pass
        rest = passed[-len("\r\n-------a786hjs2$\r\n") :]
        passes(s.core, chunk[-6:], s.ue, rest + plain("481 No Such Session", UE, FOREIGN))


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", bytes(32), b"MSRP a786hjs2\r\n"])
def test_what_is_no_msrp_ends_both_legs(sent: bytes) -> None:
    """What came before it has passed."""
    with scene() as s:
        passes(s.ue, SENT, s.core, RECEIVED)
        s.ue.sendall(sent)
        assert s.rig.expect(m.Failed, s.access.endpoint).cause is m.FailureCause.MSRP
        assert s.rig.expect(m.Failed, s.inner.endpoint).cause is m.FailureCause.LINKED_LEG
        for peer in (s.ue, s.core):
            with pytest.raises(ConnectionResetError):
                peer.recv(1)


def test_who_asks_too_much_while_a_chunk_passes_is_cut_off() -> None:
    with scene() as s:
        chunk = frame(to=US_TO_CORE, sender=CORE)
        s.core.sendall(chunk[:-6])
        receive_exactly(s.ue, 100)
        s.ue.sendall(frame(to=FOREIGN) * 33)
        failed = s.rig.expect(m.Failed, s.access.endpoint)
        assert (failed.cause, "more than 32" in failed.detail) == (m.FailureCause.MSRP, True)


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "tcp"])
def test_who_asks_and_does_not_read_the_answers_is_cut_off(secure: bool) -> None:
    """Its answers are not stored for it."""
    with scene(secure=secure) as s:
        asked, asking = frame(to=FOREIGN) * 100, True

        def ask() -> None:
            with contextlib.suppress(OSError, SSL.Error):
                while asking:
                    s.ue.sendall(asked)

        sender = threading.Thread(target=ask)
        sender.start()
        try:
            failed = s.rig.expect(m.Failed, s.access.endpoint)
        finally:
            asking = False
            sender.join()
        assert (failed.cause, "more than 32" in failed.detail) == (m.FailureCause.MSRP, True)


def test_nothing_is_read_before_the_path_of_the_other_peer_is_known() -> None:
    with scene(paths=(ACCESS_PATH, MsrpPath(US_TO_CORE))) as s:
        with nothing_arrives(s.core):
            s.ue.sendall(SENT)
            passes(s.core, frame(to=US_TO_CORE, sender=CORE), s.ue, frame(to=UE, sender=US_TO_UE))
        s.configure(ACCESS_PATH, CORE_PATH)
        assert receive_exactly(s.core, len(RECEIVED)) == RECEIVED


@pytest.mark.parametrize("paths", [(ACCESS_PATH, None), (None, CORE_PATH)])
def test_nothing_passes_while_only_one_end_is_aware(paths: tuple[MsrpPath | None, MsrpPath | None]) -> None:
    with scene(paths=paths) as s:
        with nothing_arrives(s.core), nothing_arrives(s.ue):
            s.ue.sendall(SENT)
            s.core.sendall(SENT)
            assert s.rig.counters(s.access.endpoint).octets_received == 0
        s.configure(ACCESS_PATH, CORE_PATH)
        assert receive_exactly(s.core, len(RECEIVED)) == RECEIVED


def test_a_stream_becomes_aware_and_agnostic_again() -> None:
    with scene(paths=(None, None)) as s:
        passes(s.ue, b"anything", s.core, b"anything")
        s.configure(ACCESS_PATH, CORE_PATH)
        passes(s.ue, SENT, s.core, RECEIVED)
        s.configure(None, None)
        passes(s.ue, SENT, s.core, SENT)


def test_other_paths_are_taken_while_the_stream_is_up() -> None:
    with scene() as s:
        passes(s.ue, SENT, s.core, RECEIVED)
        moved = "msrp://10.9.9.10:2855/uvw;tcp"
        s.configure(ACCESS_PATH, MsrpPath(US_TO_CORE, (moved,)))
        passes(s.ue, SENT, s.core, frame(to=moved, sender=US_TO_CORE))


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "tcp"])
def test_rates_hold_for_what_is_rewritten(secure: bool) -> None:
    """Also in the middle of a message, and of a record."""
    body = {"body": BLOCK}
    with scene(secure=secure, policing=m.Policing(peak=1_000_000)) as s:
        passes(s.ue, SENT * 100, s.core, RECEIVED * 100)
        passes(s.ue, frame(**body), s.core, frame(to=CORE, sender=US_TO_CORE, **body))  # type: ignore[arg-type]


def test_the_end_of_the_stream_in_the_middle_of_a_chunk() -> None:
    """The other peer gets what there was, and the end."""
    with scene() as s:
        s.ue.sendall(SENT[:-2])
        assert isinstance(s.ue, socket.socket)
        s.ue.shutdown(socket.SHUT_WR)
        assert receive_all(s.core) == RECEIVED[:-2]
