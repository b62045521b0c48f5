"""The TCP calls on their own: what cannot leave, what is closed how."""

import socket

import pytest

from imsedge.bearer.messages import FailureCause
from imsedge.core.address import TransportAddress
from imsedge.plane import tcp
from imsedge.plane.buffer import BUFFER_OCTETS, Buffer
from imsedge.plane.faults import BearerError
from imsedge.plane.tcp import AGAIN, TcpChannel

pytestmark = pytest.mark.system
ANY = TransportAddress("127.0.0.1", 0)


def connection() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        other, _ = server.accept()
    one.setblocking(False)
    other.settimeout(5.0)
    return one, other


def test_an_address_that_is_not_ours_cannot_be_dialled_from() -> None:
    with pytest.raises(OSError, match="assign"):
        tcp.dial(TransportAddress("192.0.2.1", 0), ANY._replace(port=9))


def test_an_unreachable_network_is_a_fault_at_once() -> None:
    with pytest.raises(BearerError) as caught:
        tcp.dial(ANY, TransportAddress("255.255.255.255", 4000))
    assert caught.value.cause is FailureCause.TCP_UNREACHABLE


def test_abort_is_a_reset() -> None:
    one, other = connection()
    tcp.abort(one)
    with other, pytest.raises(ConnectionResetError):
        other.recv(1)


@pytest.mark.parametrize("finished", [False, True])
def test_dismissed_although_octets_were_not_read(finished: bool) -> None:
    one, other = connection()
    other.sendall(b"nobody reads this")
    one.send(b"last words")
    tcp.dismiss(one, finished=finished)
    with other:
        assert other.recv(100) == b"last words"
        assert other.recv(100) == b""


def test_a_channel_reads_and_writes_the_buffer() -> None:
    one, other = connection()
    buffer = Buffer()
    channel = TcpChannel(one, buffer)
    with one, other:
        with pytest.raises(BlockingIOError):
            channel.read()
        other.sendall(b"octets")
        assert channel.read() == 6
        assert channel.write(6) == 6
        assert other.recv(100) == b"octets"
        assert channel.send(memoryview(b"others")) == 6
        while channel.write(BUFFER_OCTETS):
            pass
        assert channel.send(memoryview(b"no room")) == 0
        assert channel.explain(AGAIN) == AGAIN
        assert channel.fill(BUFFER_OCTETS) == (BUFFER_OCTETS, BUFFER_OCTETS)
        channel.finish()
        channel.finish()


def test_writing_to_nobody_is_a_fault() -> None:
    one, other = connection()
    channel = TcpChannel(one, Buffer())
    tcp.abort(other)
    with one:
        with pytest.raises(BearerError) as caught:
            channel.write(1)
        assert caught.value.cause is FailureCause.TCP_RESET
        with pytest.raises(BearerError):
            channel.send(memoryview(b"x"))
