"""Conversations with a gateway: H.248 text in, H.248 text out, a fake media plane behind it.

    talk = GatewayTalk()
    assert talk.ask("Context = - { AV = ROOT { AT { } } }") == written("Context = - { AuditValue = ROOT }")

Texts are compared as the pretty encoding writes them, so layout and long or short tokens do not matter.
"""

import re

from imsedge.agw.gateway import Gateway
from imsedge.agw.messages import Answer, Bearer, Directed, Execute, Input, Log, Order, Report, Tuned
from imsedge.agw.settings import GatewaySettings, Limits, Realm
from imsedge.bearer.messages import AnyEvent
from imsedge.core.ids import CountingIds
from imsedge.core.machine import Tick
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    ErrorDescriptor,
    IpMid,
    Message,
    Transaction,
    TransactionReply,
    TransactionRequest,
)
from kit.fake_plane import FakePlane

MID = IpMid("10.0.0.9", 2944)
CERTIFICATE = b"not a certificate, but its fingerprint can be told"
ACCESS = Realm(name="access", addresses=("203.0.113.5", "2001:db8::5"))
CORE = Realm(name="core", addresses=("10.0.0.1",))

Result = tuple[ActionReply, ...] | ErrorDescriptor


def gateway_settings(limits: Limits | None = None, **others: float) -> GatewaySettings:
    """Two realms, one certificate; 1 January 2026 at ``now`` 0."""
    return GatewaySettings(
        realms=(ACCESS, CORE),
        certificates={"default": CERTIFICATE},
        limits=limits or Limits(),
        **{"epoch": 1_767_225_600.0, **others},  # type: ignore[arg-type]
    )


class GatewayTalk:
    """``now`` is the virtual clock; ``slow``: the media plane answers when ``plane_answers`` is called."""

    def __init__(
        self, settings: GatewaySettings | None = None, plane: FakePlane | None = None, *, slow: bool = False
    ) -> None:
        self.gateway = Gateway(settings or gateway_settings(), CountingIds())
        self.plane = plane or FakePlane()
        self.now = 0.0
        self.reports: list[str] = []
        self.directed: list[Directed] = []
        self.tuned: list[dict[str, int]] = []
        self.answers: dict[int, Result] = {}
        self._slow = slow
        self._unsaid: list[AnyEvent] = []
        self._next = 1

    def ask(self, actions: str, version: int = 2) -> str:
        """The answer as text."""
        return shown(self.result(actions, version))

    def code(self, actions: str) -> int:
        """The first error of the answer; 0 for none."""
        found = re.search(r"Error = (\d+)", self.ask(actions))
        return int(found[1]) if found else 0

    def result(self, actions: str, version: int = 2) -> Result:
        """The answer as values."""
        return self.answers[self.begin(actions, version)]

    def begin(self, actions: str, version: int = 2) -> int:
        """Start a transaction; its answer will be in ``answers`` under this number."""
        (request,) = _read(f"Transaction = 7 {{ {actions} }}", version)
        assert isinstance(request, TransactionRequest)
        return self.execute(request, version)

    def execute(self, request: TransactionRequest, version: int = 2) -> int:
        """The same for a request that is a value."""
        self._next += 1
        self.feed(Execute(self._next, request, version))
        return self._next

    def happen(self, *events: AnyEvent) -> None:
        """The media plane reports."""
        for event in events:
            self.feed(Bearer(event))

    def plane_answers(self, count: int | None = None) -> None:
        """A slow media plane says what it has to say."""
        saying, self._unsaid = self._unsaid[:count], self._unsaid[len(self._unsaid[:count]) :]
        self.happen(*saying)

    def wait(self, seconds: float) -> None:
        """Time passes; deadlines are kept to the moment."""
        end = self.now + seconds
        while self.gateway.deadline <= end:
            self.now = max(self.now, self.gateway.deadline)
            self.feed(Tick())
        self.now = end

    def feed(self, event: Input) -> None:
        """Hand in one input and all that follows from it."""
        todo = [event]
        while todo:
            for output in self.gateway.handle(todo.pop(0), self.now):
                match output:
                    case Order(command):
                        events = self.plane.take(command, self.now)
                        self._unsaid += events if self._slow else []
                        todo += [] if self._slow else [Bearer(happened) for happened in events]
                    case Answer(handle, result):
                        assert handle not in self.answers, "answered twice"
                        self.answers[handle] = result
                    case Report(actions):
                        self.reports.append(_asked(actions))
                    case Directed():
                        self.directed.append(output)
                    case Tuned(values):
                        self.tuned.append(dict(values))
                    case Log():
                        pass

    def is_empty(self) -> bool:
        """Whether nothing is left anywhere."""
        return not any(self.gateway.load()) and not self.plane.open


def shown(result: Result) -> str:
    """An answer as text, line ends as in Python."""
    return _write(TransactionReply(7, result))


def shown_request(actions: tuple[ActionRequest, ...]) -> str:
    """A request as text, line ends as in Python."""
    return _asked(actions)


def written(reply: str) -> str:
    """What a hand-written answer looks like when it is shown."""
    (transaction,) = _read(f"Reply = 7 {{ {reply} }}", 2)
    return _write(transaction)


def asked(actions: str) -> str:
    """What a hand-written request looks like when it is shown."""
    (transaction,) = _read(f"Transaction = 7 {{ {actions} }}", 2)
    return _write(transaction)


def _asked(actions: tuple[ActionRequest, ...]) -> str:
    return _write(TransactionRequest(7, actions))


def _read(text: str, version: int) -> tuple[Transaction, ...]:
    body = decode(f"MEGACO/{version} {MID}\n{text}".encode()).body
    assert not isinstance(body, ErrorDescriptor)
    return body


def _write(transaction: Transaction) -> str:
    """In the highest version, which can say all that an answer may hold."""
    text = encode(Message(3, MID, (transaction,)), Encoding.PRETTY).decode()
    return text.replace("\r\n", "\n")
