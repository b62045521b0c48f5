"""Clients of the MSRP benchmark: what they send can be read, and what they count is whole messages."""

import socket
import threading
from contextlib import suppress

import pytest

from imsedge.bench.msrp_load import Client, acquaint, drive, read_one, write_message, write_send
from imsedge.core.errors import SettingError
from imsedge.msrp.model import Request
from imsedge.msrp.parser import Parser

A, B = "msrp://192.0.2.1:2855/a;tcp", "msrp://192.0.2.2:2855/b;tcp"


def test_a_send_is_msrp() -> None:
    (message,) = Parser().feed(write_send(B, A, 100))
    assert isinstance(message, Request)
    assert (message.method, message.body, str(message.to_path[0])) == ("SEND", b"x" * 100, B)


def linked(first: socket.socket, second: socket.socket) -> None:
    """Whatever one says the other hears, as it is."""
    with suppress(OSError):
        while data := first.recv(65_536):
            second.sendall(data)


def test_a_pair_exchanges_whole_messages() -> None:
    first, near = socket.socketpair()
    second, far = socket.socketpair()
    with first, near, second, far:
        for ends in ((near, far), (far, near)):
            threading.Thread(target=linked, args=ends, daemon=True).start()
        pair = acquaint(Client(first, A, A), Client(second, B, B), 50)
        assert pair.requested == len(pair.request)
        assert pair.response == write_message("200 OK", A, B)
        count, seconds = drive([pair], 5, 0.05)
        assert (count > 5, seconds >= 0.05) == (True, True)


@pytest.mark.parametrize(
    ("heard", "reason"),
    [(b"", "was closed"), (write_message("200 OK", A, B) * 2, "more MSRP comes")],
)
def test_what_is_no_answer(heard: bytes, reason: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(heard)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(SettingError, match=reason):
            read_one(ours)
