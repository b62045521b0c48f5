"""Hypothesis strategies for audits, in the canonical form that a decoder returns."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from imsedge.h248 import model as m
from imsedge.h248.packages import ALL
from kit.h248_descriptors import (
    EVENT_ROWS,
    REQUEST_IDS,
    SIGNAL_ROWS,
    STATISTIC_ROWS,
    UINT16,
    UINT32,
    maybe,
    opaque,
    property_names,
)


@opaque
def _asked(*tokens: str) -> SearchStrategy[tuple[m.Parameter, ...]]:
    """Tokens, then names of properties, at least one of them."""
    some = st.lists(st.sampled_from(tokens), unique=True, max_size=3).map(
        lambda t: sorted(t, key=tokens.index)
    )
    return st.builds(
        lambda named, items: tuple([m.Parameter(name, ()) for name in (*named, *items)]),
        some,
        property_names(),
    ).filter(bool)


@opaque
def _asked_stream(number: SearchStrategy[Any], version: int) -> SearchStrategy[m.Stream]:
    lines = st.lists(st.sampled_from("vcmab"), min_size=1, max_size=3).map(
        lambda letters: "".join(f"{letter}=\r\n" for letter in letters)
    )
    control = _asked("Mode", "ReservedValue", "ReservedGroup").map(
        lambda found: m.LocalControl(properties=found)
    )
    named = STATISTIC_ROWS.map(lambda row: (m.Statistic(row.name),))
    statistic = maybe(named) if version >= 3 else st.none()
    return st.builds(m.Stream, number, maybe(control), maybe(lines), maybe(lines), statistic).filter(
        lambda stream: stream != m.Stream(stream.id)
    )


@opaque
def _individual(version: int) -> SearchStrategy[Any]:
    """One item of a descriptor: as much as both encodings can ask for."""
    since_3 = maybe if version >= 3 else lambda _: st.none()
    state = _asked("Buffer", "ServiceStates").map(lambda found: m.TerminationState(properties=found))
    streams = st.one_of(
        _asked_stream(st.none(), version).map(lambda stream: (stream,)),
        st.lists(_asked_stream(UINT16, version), min_size=1, max_size=2).map(tuple),
    )
    signal = SIGNAL_ROWS.flatmap(
        lambda row: st.builds(m.Signal, st.just(row.name), maybe(UINT16), request_id=since_3(UINT32))
    )
    a_list = st.builds(m.SignalList, UINT16, st.one_of(st.just(()), signal.map(lambda one: (one,))))
    event = EVENT_ROWS.flatmap(lambda row: st.builds(m.RequestedEvent, st.just(row.name), maybe(UINT16)))
    buffered = EVENT_ROWS.flatmap(lambda row: st.builds(m.BufferedEvent, st.just(row.name), maybe(UINT16)))
    package = st.builds(
        m.PackageVersion, st.sampled_from([package.name for package in ALL]), st.integers(0, 99)
    )
    return st.one_of(
        st.builds(m.Media, st.one_of(st.just(()), streams), maybe(state)).filter(
            lambda found: found != m.Media()
        ),
        st.one_of(signal, a_list).map(lambda one: m.Signals((one,))),
        st.builds(m.Events, REQUEST_IDS, event.map(lambda one: (one,))),
        buffered.map(lambda one: m.EventBuffer((one,))),
        st.sampled_from(("id0001", "idffff")).map(m.DigitMap),
        STATISTIC_ROWS.map(lambda row: m.Statistics((m.Statistic(row.name),))),
        package.map(lambda one: m.Packages((one,))),
    )


@opaque
def audits(version: int = 3) -> SearchStrategy[m.Audit]:
    """Whole descriptors and, from version 2 on, individual items."""
    whole = st.lists(st.sampled_from(list(m.AuditItem)), unique=True, max_size=4).map(
        lambda found: tuple(sorted(found, key=list(m.AuditItem).index))
    )
    single = st.lists(_individual(version), max_size=2).map(tuple) if version >= 2 else st.just(())
    return st.builds(m.Audit, whole, single)
