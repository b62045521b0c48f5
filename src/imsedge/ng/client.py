"""Asking an NG server: a cookie before each question, the same question again until its answer is there.

A server answers what it gets twice as it has answered before, so a question is carried out at most once.
"""

from collections.abc import Hashable
from typing import NamedTuple

from imsedge.core.errors import RemoteError
from imsedge.core.ids import IdSource
from imsedge.core.machine import Tick
from imsedge.core.timers import Timers
from imsedge.ng.bencode import Value, read, write

WAITS = (0.25, 0.5, 1.0, 1.0)
"""Seconds until the question is sent again; after the last one there is no answer."""

MAX_OPEN = 10_000
"""Unanswered questions; further ones fail at once."""


class Ask(NamedTuple):
    """``tag`` comes back with the answer."""

    tag: Hashable
    question: dict[str, Value]


class Received(NamedTuple):
    """A datagram from the server."""

    octets: bytes


class Transmit(NamedTuple):
    """A datagram to the server."""

    octets: bytes


class Answered(NamedTuple):
    """``answer`` is ``None`` when none has come."""

    tag: Hashable
    answer: dict[str, Value] | None


Input = Ask | Received | Tick
Output = Transmit | Answered


class _Open(NamedTuple):
    tag: Hashable
    octets: bytes
    sent: int


class Client:
    """The machine; see ``core.machine``."""

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._open: dict[str, _Open] = {}
        self._timers: Timers[str] = Timers()

    @property
    def deadline(self) -> float:
        return self._timers.deadline

    def handle(self, event: Input, now: float) -> list[Output]:
        """Take one input; what is not an answer to an open question is passed over."""
        match event:
            case Ask(tag, question):
                if len(self._open) >= MAX_OPEN:
                    return [Answered(tag, None)]
                cookie = self._ids.token(8)
                self._open[cookie] = _Open(tag, cookie.encode() + b" " + write(question), 0)
                return self._send(cookie, now)
            case Received(octets):
                return self._received(octets)
            case Tick():
                return [output for cookie in self._timers.due(now) for output in self._send(cookie, now)]

    def _send(self, cookie: str, now: float) -> list[Output]:
        question = self._open[cookie]
        if question.sent == len(WAITS):
            del self._open[cookie]
            return [Answered(question.tag, None)]
        self._timers.set(cookie, now + WAITS[question.sent])
        self._open[cookie] = question._replace(sent=question.sent + 1)
        return [Transmit(question.octets)]

    def _received(self, octets: bytes) -> list[Output]:
        cookie, _, body = octets.partition(b" ")
        name = cookie.decode(errors="replace")
        if name not in self._open:
            return []
        try:
            answer = read(body)
        except RemoteError:
            return []  # it may have been damaged: asked again
        if not isinstance(answer, dict):
            return []
        self._timers.cancel(name)
        return [Answered(self._open.pop(name).tag, answer)]
