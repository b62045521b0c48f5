"""Load for what passes MSRP on: pairs of clients, some SEND requests under way from one to the other.

All messages of a pair are alike, so after the first exchange, which is read, octets are counted instead of
messages: the load costs less than what is measured.
"""

import re
import select
import socket
import time
from typing import NamedTuple

from imsedge.core.errors import SettingError

PATIENCE = 10.0
READ_OCTETS = 1 << 18
_TRANSACTION = "bench1"
_END = re.compile(rb"\r\n-------([A-Za-z0-9.\-+%=]+)[$+#]\r\n")
_URI = re.compile(rb"\r\n(To|From)-Path: ([^ \r]+)")


class Client(NamedTuple):
    """One end: its connection, its own URI, and the path by which the other end reaches it."""

    sock: socket.socket
    uri: str
    path: str


class Pair(NamedTuple):
    """``request`` goes from the first to the second, where it has ``requested`` octets; ``response`` goes
    back, and what the first one hears has ``responded`` octets."""

    sender: socket.socket
    receiver: socket.socket
    request: bytes
    requested: int
    response: bytes
    responded: int


def write_message(start: str, to: str, sender: str, *more: str) -> bytes:
    """``more``: lines; one that is empty begins the body."""
    lines = (f"MSRP {_TRANSACTION} {start}", f"To-Path: {to}", f"From-Path: {sender}", *more)
    return "".join(f"{line}\r\n" for line in (*lines, f"-------{_TRANSACTION}$")).encode()


def write_send(to: str, sender: str, octets: int) -> bytes:
    """A SEND with a body of so many octets."""
    fields = ("Message-ID: 87652491", f"Byte-Range: 1-{octets}/{octets}", "Content-Type: text/plain")
    return write_message("SEND", to, sender, *fields, "", "x" * octets)


def read_one(sock: socket.socket) -> bytes:
    """The message that comes next, alone; ``SettingError`` when none comes."""
    sock.settimeout(PATIENCE)
    data = b""
    while not (end := _END.search(data)):
        try:
            more = sock.recv(READ_OCTETS)
        except OSError as error:
            raise SettingError(f"no MSRP message comes: {error}") from None
        if not more:
            raise SettingError("the connection was closed instead of passing MSRP on")
        data += more
    if end.end() != len(data):
        raise SettingError("more MSRP comes than was sent")
    return data


def acquaint(first: Client, second: Client, octets: int) -> Pair:
    """Send once, and see what it becomes."""
    request = write_send(second.path, first.uri, octets)
    first.sock.sendall(request)
    arrived = read_one(second.sock)
    back = {name: uri.decode() for name, uri in _URI.findall(arrived)}
    response = write_message("200 OK", back[b"From"], second.uri)
    second.sock.sendall(response)
    answer = read_one(first.sock)
    if b" 200 OK\r\n" not in answer[:40]:
        raise SettingError(f"a SEND was answered with {answer[:40]!r}")
    return Pair(first.sock, second.sock, request, len(arrived), response, len(answer))


class _End:
    """A socket with what has come and is no whole message, and what could not go yet."""

    def __init__(self, sock: socket.socket, expected: int, reaction: bytes, partner: "_End | None") -> None:
        self.sock = sock
        self.expected = expected
        self.reaction = reaction
        self.partner = partner
        self.octets = self.messages = 0
        self.debt = b""

    def read(self) -> int:
        """How many messages are whole now."""
        self.octets += len(self.sock.recv(READ_OCTETS))
        whole, self.octets = divmod(self.octets, self.expected)
        self.messages += whole
        return whole

    def send(self, data: bytes) -> None:
        self.debt += data
        try:
            self.debt = self.debt[self.sock.send(self.debt) :]
        except BlockingIOError:
            return


def drive(pairs: list[Pair], window: int, seconds: float) -> tuple[int, float]:
    """Keep ``window`` requests of each pair under way; how many were answered, in how many seconds."""
    poll, ends = select.epoll(), dict[int, _End]()
    for pair in pairs:
        sender = _End(pair.sender, pair.responded, pair.request, None)
        receiver = _End(pair.receiver, pair.requested, pair.response, sender)
        for end in (sender, receiver):
            end.sock.setblocking(False)
            ends[end.sock.fileno()] = end
            poll.register(end.sock, select.EPOLLIN)
        sender.send(pair.request * window)
    began = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        for number, mask in poll.poll(0.1):
            _serve(poll, ends[number], mask)
    senders = (end for end in ends.values() if end.partner is None)
    return sum(end.messages for end in senders), now - began


def _serve(poll: select.epoll, end: _End, mask: int) -> None:
    """For each message that has come there is one to send."""
    owed = bool(end.debt)
    if mask & select.EPOLLIN:
        end.send(end.reaction * end.read())
    elif mask & select.EPOLLOUT:
        end.send(b"")
    else:
        raise SettingError("a connection was lost while MSRP passed")
    if bool(end.debt) != owed:
        poll.modify(end.sock, select.EPOLLIN | (select.EPOLLOUT if end.debt else 0))
