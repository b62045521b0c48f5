"""Hypothesis strategies for H.248 descriptors, in the canonical form that a decoder returns.

Package items are drawn from the catalogue, so that the same values can be written in every encoding;
``wild=True`` adds names and values that only text can carry.
"""

import string
from collections.abc import Callable
from functools import cache
from typing import Any, ParamSpec, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from imsedge.h248 import model as m
from imsedge.h248.errors import TEXTS
from imsedge.h248.packages import ALL
from imsedge.h248.packages.types import Boolean, Enumeration, Integer, OctetString, ValueType

P = ParamSpec("P")
T = TypeVar("T")


def opaque(make: Callable[P, SearchStrategy[T]]) -> Callable[P, SearchStrategy[T]]:
    """Built once, and short when printed: the whole model in one ``repr`` is thirty thousand letters."""
    once = cache(make)

    @st.composite
    def strategy(draw: st.DrawFn, /, *args: Any, **options: Any) -> T:
        return draw(once(*args, **options))

    return strategy


UINT16 = st.integers(0, 0xFFFF)
UINT32 = st.integers(0, 0xFFFF_FFFF)
TRANSACTION_IDS = st.integers(1, 0xFFFF_FFFF)
REQUEST_IDS = st.one_of(st.integers(0, 1_000_000), st.just(m.ALL_REQUESTS))
CONTEXT_IDS = st.one_of(
    st.sampled_from((m.NULL_CONTEXT, m.CHOOSE_CONTEXT, m.ALL_CONTEXTS)), st.integers(1, 0xFFFF_FFFD)
)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"'), max_size=20)
WORDS = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "+-&!_'?@^`~*$()%|."), min_size=1, max_size=12
)
TERMINATIONS = st.one_of(
    st.builds("ip/{}/{}".format, st.sampled_from(("access", "core")), st.integers(1, 9_999)),
    st.sampled_from(("ROOT", "$", "*", "ip/access/*", "ip/core/$")),
)
SDP_LINES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\x00"), max_size=20
).map(lambda text: text.strip(" \t\\"))
DESCRIPTIONS = st.lists(st.tuples(st.sampled_from("vocmatib"), SDP_LINES), max_size=4).map(
    lambda lines: "".join(f"{letter}={text}\r\n" for letter, text in [("v", "0"), *lines])
)
TIME_STAMPS = st.builds(
    m.TimeStamp,
    st.integers(0, 99_999_999).map("{:08d}".format),
    st.integers(0, 99_999_999).map("{:08d}".format),
)
ERRORS = st.builds(m.ErrorDescriptor, st.sampled_from(sorted(TEXTS)), PRINTABLE)
MIDS = st.one_of(
    st.builds(m.IpMid, st.ip_addresses().map(str), st.none() | UINT16),
    st.builds(m.DomainMid, st.sampled_from(("gw.example.net", "a-b.c")), st.none() | UINT16),
    st.builds(m.DeviceMid, st.sampled_from(("gw/1", "controller"))),
    st.builds(m.MtpMid, st.binary(min_size=2, max_size=4)),
)


def lexical(type_: ValueType[Any]) -> SearchStrategy[str]:
    """Values of a package type as they are written."""
    match type_:
        case Integer():
            return st.integers(type_.low, type_.high).map(str)
        case Boolean():
            return st.sampled_from(("ON", "OFF"))
        case Enumeration():
            return st.sampled_from(sorted(type_.numbers))
        case OctetString():
            return st.binary(min_size=1, max_size=4).map(bytes.hex)
    return PRINTABLE.map('"{}"'.format)


def _values(values: SearchStrategy[str]) -> SearchStrategy[tuple[tuple[str, ...], m.Relation]]:
    one = st.tuples(values.map(lambda value: (value,)), st.sampled_from(list(m.Relation)[:4]))
    several = st.tuples(
        st.lists(values, min_size=2, max_size=3).map(tuple),
        st.sampled_from((m.Relation.ONE_OF, m.Relation.ALL_OF)),
    )
    return st.one_of(
        values.map(lambda value: ((value,), m.Relation.EQUAL)),
        one,
        several,
        st.tuples(st.tuples(values, values), st.just(m.Relation.RANGE)),
    )


def _parameter(name: str, values: SearchStrategy[str]) -> SearchStrategy[m.Parameter]:
    return _values(values).map(lambda drawn: m.Parameter(name, *drawn))


_PROPERTIES = st.sampled_from([row for package in ALL for row in package.properties]).flatmap(
    lambda row: _parameter(row.name, lexical(row.type))
)
_WILD = st.tuples(st.sampled_from(("x-v/alpha", "Acme/Beta", "acme/x1")), WORDS).flatmap(
    lambda drawn: _parameter(drawn[0].replace("-", "_"), st.just(drawn[1]))
)


def _distinct(found: list[m.Parameter]) -> tuple[m.Parameter, ...]:
    return tuple({m.fold(parameter.name): parameter for parameter in found}.values())


def properties(*, wild: bool = False) -> SearchStrategy[tuple[m.Parameter, ...]]:
    """Package properties, each once."""
    one = st.one_of(_PROPERTIES, _WILD) if wild else _PROPERTIES
    return st.lists(one, max_size=3).map(_distinct)


def property_names() -> SearchStrategy[tuple[str, ...]]:
    """Package properties, each once."""
    return properties().map(lambda found: tuple([parameter.name for parameter in found]))


def maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | strategy


STATISTIC_ROWS = st.sampled_from([row for package in ALL for row in package.statistics])


def _statistic(row: Any, version: int) -> SearchStrategy[m.Statistic]:
    values = lexical(row.type)
    forms = [st.just(m.Statistic(row.name)), values.map(lambda value: m.Statistic(row.name, (value,)))]
    if version >= 3:
        several = st.lists(values, min_size=2, max_size=3).map(tuple)
        forms.append(several.map(lambda found: m.Statistic(row.name, found, is_list=True)))
    return st.one_of(forms)


def statistics(version: int) -> SearchStrategy[tuple[m.Statistic, ...]]:
    """Statistics with and without values; lists from version 3 on."""
    return st.lists(STATISTIC_ROWS.flatmap(lambda row: _statistic(row, version)), min_size=1, max_size=3).map(
        lambda found: tuple({item.name: item for item in found}.values())
    )


def controls(*, wild: bool) -> SearchStrategy[m.LocalControl]:
    """LocalControl with something in it."""
    return st.builds(
        m.LocalControl,
        maybe(st.sampled_from(m.StreamMode)),
        maybe(st.booleans()),
        maybe(st.booleans()),
        properties(wild=wild),
    ).filter(lambda control: control != m.LocalControl())


def _stream(number: SearchStrategy[int | None], version: int, *, wild: bool) -> SearchStrategy[m.Stream]:
    description = maybe(st.one_of(DESCRIPTIONS, st.just("")))
    stats = maybe(statistics(version)) if version >= 3 else st.none()
    return st.builds(m.Stream, number, maybe(controls(wild=wild)), description, description, stats).filter(
        lambda stream: stream != m.Stream(stream.id)
    )


def states(*, wild: bool) -> SearchStrategy[m.TerminationState]:
    """TerminationState with something in it."""
    return st.builds(
        m.TerminationState,
        maybe(st.sampled_from(m.ServiceState)),
        maybe(st.sampled_from(m.EventBufferControl)),
        properties(wild=wild),
    ).filter(lambda state: state != m.TerminationState())


@opaque
def media(version: int, *, wild: bool) -> SearchStrategy[m.Media]:
    """Bare stream parameters or numbered streams, with and without TerminationState."""
    bare = _stream(st.none(), version, wild=wild).map(lambda stream: (stream,))
    numbered = st.lists(_stream(UINT16, version, wild=wild), min_size=1, max_size=2).map(tuple)
    return st.builds(m.Media, st.one_of(bare, numbered), maybe(states(wild=wild)))


def _parameters(rows: Any) -> SearchStrategy[tuple[m.Parameter, ...]]:
    if not rows:
        return st.just(())
    return st.lists(
        st.sampled_from(rows).flatmap(lambda row: _parameter(row.name, lexical(row.type))), max_size=2
    ).map(_distinct)


SIGNAL_ROWS = st.sampled_from([row for package in ALL for row in package.signals])
EVENT_ROWS = st.sampled_from([row for package in ALL for row in package.events])


def signal(version: int) -> SearchStrategy[m.Signal]:
    """One signal with all that it can have in ``version``."""
    since_3 = maybe if version >= 3 else lambda _: st.none()
    completions = [c for c in m.NotifyCompletion if version >= 3 or c is not m.NotifyCompletion.ITERATION]
    return SIGNAL_ROWS.flatmap(
        lambda row: st.builds(
            m.Signal,
            st.just(row.name),
            maybe(UINT16),
            maybe(st.sampled_from(m.SignalType)),
            maybe(UINT16),
            maybe(
                st.lists(st.sampled_from(completions), min_size=1, unique=True).map(
                    lambda found: tuple(sorted(found, key=completions.index))
                )
            ),
            st.booleans(),
            _parameters(row.parameters),
            since_3(st.sampled_from(m.SignalDirection)),
            since_3(st.integers(0, 1_000_000)),
            since_3(UINT16),
        )
    )


@opaque
def signals(version: int) -> SearchStrategy[m.Signals]:
    """Signals and signal lists, or none at all."""
    a_list = st.builds(m.SignalList, UINT16, st.lists(signal(version), min_size=1, max_size=2).map(tuple))
    return st.builds(m.Signals, st.lists(st.one_of(signal(version), a_list), max_size=2).map(tuple))


DIGIT_MAP_BODIES = st.sampled_from(("(0|00|[1-7]xxx|8xxxxxxx|91xxxxxxxxxx)", "T:10,S:5,L:16,(1x.|2T)", "x."))


def _event(version: int, level: int) -> SearchStrategy[m.RequestedEvent]:
    inner = events(version, level + 1) if level < 2 else st.none()
    embedded = st.builds(m.Embedded, maybe(signals(version)), maybe(inner) if level < 2 else inner).filter(
        lambda found: found != m.Embedded()
    )
    behaviours = maybe(st.sampled_from(m.NotifyBehaviour)) if version >= 3 else st.none()
    digit_map = st.builds(m.DigitMap, st.none(), DIGIT_MAP_BODIES)

    def finish(event: m.RequestedEvent, regulated: m.Embedded | None) -> m.RequestedEvent:
        if event.notify is not m.NotifyBehaviour.REGULATED:
            return event
        return m.RequestedEvent(
            event.name, event.stream, event.parameters, event.keep_active, event.digit_map,
            event.embedded, event.notify, regulated, event.reset_events,
        )  # fmt: skip

    return EVENT_ROWS.flatmap(
        lambda row: st.builds(
            finish,
            st.builds(
                m.RequestedEvent,
                st.just(row.name),
                maybe(UINT16),
                _parameters(row.requested),
                st.booleans(),
                maybe(digit_map),
                maybe(embedded),
                behaviours,
                st.none(),
                st.booleans() if version >= 3 else st.just(value=False),
            ),
            maybe(embedded) if level < 2 else st.none(),
        )
    )


@opaque
def events(version: int, level: int = 1) -> SearchStrategy[m.Events]:
    """Events with a request id, or the empty one that clears."""
    some = st.builds(
        m.Events, REQUEST_IDS, st.lists(_event(version, level), min_size=1, max_size=2).map(tuple)
    )
    return st.one_of(st.just(m.Events()), some)


def _seen(kind: Any, *extra: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return EVENT_ROWS.flatmap(
        lambda row: st.builds(kind, st.just(row.name), maybe(UINT16), *extra, _parameters(row.observed))
    )


def event_buffers() -> SearchStrategy[m.EventBuffer]:
    """EventBuffer, also empty."""
    return st.builds(m.EventBuffer, st.lists(_seen(m.BufferedEvent), max_size=2).map(tuple))


def observed() -> SearchStrategy[m.ObservedEvents]:
    """ObservedEvents with and without time stamps."""
    return st.builds(
        m.ObservedEvents,
        REQUEST_IDS,
        st.lists(_seen(m.ObservedEvent, maybe(TIME_STAMPS)), min_size=1, max_size=2).map(tuple),
    )


PACKAGES = st.builds(
    m.Packages,
    st.lists(
        st.builds(m.PackageVersion, st.sampled_from([package.name for package in ALL]), st.integers(0, 99)),
        min_size=1,
        max_size=3,
    ).map(tuple),
)
MUXES = st.builds(
    m.Multiplex,
    st.sampled_from(("H221", "H223", "H226", "V76")),
    st.lists(TERMINATIONS, min_size=1, max_size=2).map(tuple),
)


MODEMS = st.builds(
    m.Modem,
    st.lists(st.sampled_from(("V18", "V22b", "V91", "SynchISDN")), min_size=1, max_size=2).map(tuple),
    properties(),
)


def _each_kind_once(found: list[Any]) -> tuple[Any, ...]:
    return tuple({type(item): item for item in found}.values())


@opaque
def descriptors(
    version: int, *more: SearchStrategy[Any], wild: bool
) -> SearchStrategy[tuple[m.AmmDescriptor, ...]]:
    """What an Add, Move or Modify may hold, each kind at most once; ``more``: further kinds."""
    kinds: list[SearchStrategy[Any]] = [
        media(version, wild=wild), events(version), signals(version), event_buffers(), MUXES, MODEMS, *more,
        st.builds(m.DigitMap, st.none(), DIGIT_MAP_BODIES),
    ]  # fmt: skip
    if version >= 3:
        kinds.append(statistics(version).map(m.Statistics))
    return st.lists(st.one_of(kinds), max_size=3).map(_each_kind_once)


@opaque
def returned(version: int, *, wild: bool) -> SearchStrategy[tuple[m.AuditReturn, ...]]:
    """What a reply may hold."""
    kinds: list[SearchStrategy[Any]] = [
        media(version, wild=wild),
        events(version).filter(lambda found: found.events != ()),
        signals(version).filter(lambda found: found.signals != ()),
        event_buffers().filter(lambda found: found.events != ()),
        observed(),
        statistics(version).map(m.Statistics),
        PACKAGES,
        st.sampled_from((m.AuditItem.MEDIA, m.AuditItem.DIGIT_MAP)),
        ERRORS,
    ]
    return st.lists(st.one_of(kinds), max_size=3).map(_each_kind_once)
