"""A hang-up that nobody may read yet must neither be lost nor keep the loop busy."""

import socket
import struct
from collections.abc import Iterator

import pytest

from imsedge.bearer.messages import FailureCause
from imsedge.plane.faults import BearerError
from imsedge.plane.loop import GONE, NOTHING, READ, WRITE, Loop
from imsedge.plane.watch import Watch

pytestmark = pytest.mark.system


class Ends:
    """A TCP connection; we watch ``own``."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.peer = socket.create_connection(server.getsockname())
            self.own, _ = server.accept()
        self.loop = Loop()
        self.heard: list[int] = []
        self.errors: list[BearerError] = []
        self.watch = Watch(self.loop, self.own, self._on_event, self._on_crash)

    def _on_event(self, mask: int) -> None:
        self.heard.append(mask)
        try:
            self.watch.unwanted(mask)
        except BearerError as error:
            self.errors.append(error)

    def _on_crash(self, error: Exception) -> None:
        raise error

    def hang_up(self) -> None:
        """FIN both ways: a level-triggered epoll reports that for ever."""
        self.peer.shutdown(socket.SHUT_WR)
        self.own.shutdown(socket.SHUT_WR)


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.watch.stop()
    made.loop.close()
    made.own.close()
    made.peer.close()


def test_a_hang_up_is_heard_once_until_somebody_wants_to_read(ends: Ends) -> None:
    ends.hang_up()
    ends.loop.turn(1.0)
    ends.loop.turn(0.01)
    assert len(ends.heard) == 1
    assert ends.heard[0] & GONE
    ends.watch.want(NOTHING)
    ends.loop.turn(0.01)
    assert len(ends.heard) == 1
    ends.watch.want(READ)
    ends.loop.turn(1.0)
    assert len(ends.heard) == 2


def test_a_reader_hears_it_by_reading(ends: Ends) -> None:
    ends.watch.want(READ)
    ends.hang_up()
    ends.loop.turn(1.0)
    ends.loop.turn(1.0)
    assert len(ends.heard) == 2


def test_a_reset_is_an_error_even_when_nobody_reads(ends: Ends) -> None:
    ends.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ends.peer.close()
    ends.loop.turn(1.0)
    assert [error.cause for error in ends.errors] == [FailureCause.TCP_RESET]


def test_another_handler_takes_over_even_while_parked(ends: Ends) -> None:
    ends.hang_up()
    ends.loop.turn(1.0)
    others: list[int] = []
    ends.watch.hand_over(others.append)
    ends.watch.want(READ)
    ends.loop.turn(1.0)
    assert len(others) == 1
    assert len(ends.heard) == 1


def test_events_are_added_and_removed_one_by_one(ends: Ends) -> None:
    ends.watch.add(READ)
    ends.watch.add(WRITE)
    ends.loop.turn(1.0)
    assert ends.heard == [WRITE]
    ends.watch.remove(WRITE)
    ends.loop.turn(0.01)
    assert len(ends.heard) == 1


def test_after_the_stop_wishes_are_ignored(ends: Ends) -> None:
    ends.watch.stop()
    ends.watch.stop()
    ends.watch.want(READ | WRITE)
    ends.loop.turn(0.01)
    assert ends.heard == []
    assert len(ends.loop) == 0


def test_reading_is_given_up_when_octets_come_that_nobody_wants(ends: Ends) -> None:
    ends.watch.want(READ)
    ends.watch.want(NOTHING)
    ends.peer.send(b"x")
    ends.loop.turn(1.0)
    ends.loop.turn(0.01)
    assert ends.heard == [READ]
    ends.watch.want(READ)
    ends.loop.turn(1.0)
    assert ends.heard == [READ, READ]
