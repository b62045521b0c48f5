"""Package items by the names this gateway uses; the only place of ``agw`` that spells them."""

from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

from msgspec import Struct

from imsedge.agw.errors import fail
from imsedge.agw.settings import Limits
from imsedge.h248.model import Parameter, Relation

Value = TypeVar("Value")


class Key(Struct, Generic[Value], frozen=True):
    """A typed item: ``read`` raises ``H248Error`` 449."""

    name: str
    convert: Callable[[str], Value]

    def read(self, parameter: Parameter) -> Value:
        try:
            return self.convert(parameter.value)
        except (ValueError, KeyError, IndexError):
            fail(449, f"{parameter.value} is no value of {self.name}")


def _text(value: str) -> str:
    return value[1:-1] if value[:1] == '"' == value[-1:] and len(value) > 1 else value


def _word(*words: str) -> Callable[[str], str]:
    return {word: word for word in words}.__getitem__


def _switch(value: str) -> bool:
    return {"on": True, "off": False}[value.lower()]


REALM = Key("ipdc/realm", _text)
TCP_MODE = Key("tcpbcc/mode", _word("relay", "proxy", "merge"))
INCOMING = Key("tcpbcc/incoming", _word("accept", "discard"))
FILTER_ADDRESS = Key("gm/saf", _switch)
SOURCE_MASK = Key("gm/sam", _text)
FILTER_PORT = Key("gm/spf", _switch)
SOURCE_PORT = Key("gm/spr", int)
SOURCE_PORTS = Key("gm/sprr", _text)

START_TCP = "tcpbcc/EstBNC"
START_TLS = "tlsbsc/EstBNC"

TCP_CHANGE = "tcpbcc/BNCChange"
TLS_CHANGE = "tlsbsc/BNCChange"
CAUSE = "g/cause"
HEARTBEAT = "hangterm/thb"
INACTIVITY = "it/ito"

TYPE = Key("Type", _text)
TIMER_X = Key("timerx", int)
MAXIMUM_IDLE = Key("mit", int)
CHANGE_CAUSE = Key("cause", _text)
GENERAL_CAUSE = Key("Generalcause", _text)
FAILURE_CAUSE = Key("Failurecause", _text)

OCTETS_SENT = "nt/os"
OCTETS_RECEIVED = "nt/or"
DURATION = "nt/dur"

PACKAGES = ("g", "root", "nt", "it", "ipdc", "gm", "hangterm", "tcpbcc", "tlsbsc")


def refuse_property(name: str) -> NoReturn:
    _refuse(name, 445)


def refuse_event(name: str) -> NoReturn:
    _refuse(name, 512)


def refuse_signal(name: str) -> NoReturn:
    _refuse(name, 513)


def refuse_statistic(name: str, code: int) -> NoReturn:
    _refuse(name, code)


def refuse_root_property(name: str) -> NoReturn:
    _refuse(name, 445)


def root_properties(limits: Limits) -> tuple[Parameter, ...]:
    """What ROOT tells about the gateway (package root)."""
    return (
        Parameter("root/maxNumberOfContexts", (str(limits.contexts),)),
        Parameter("root/maxTerminationsPerContext", (str(limits.terminations_per_context),)),
    )


def packages() -> tuple[tuple[str, int], ...]:
    """Name and version of each package with an item that is obeyed here."""
    return tuple((name, 1) for name in PACKAGES)


def capabilities() -> tuple[Parameter, ...]:
    """The values that can be set, of each property that has a few (AuditCapability)."""
    return (
        Parameter(TCP_MODE.name, ("proxy", "merge"), Relation.ONE_OF),
        Parameter(INCOMING.name, ("accept", "discard"), Relation.ONE_OF),
    )


def _refuse(name: str, code: int) -> NoReturn:
    package = name.partition("/")[0].lower()
    if package not in PACKAGES:
        fail(440, f"package {package} is unknown")
    fail(code, f"{name} is not supported")
