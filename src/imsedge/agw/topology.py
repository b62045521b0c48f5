"""Who hears whom in a context (H.248.1 clauses 6.1.1 and 7.1.18).

A link of the media plane has two ends.  So of the terminations of a context that have a stream of the same
number, each is joined with one other at a time:

1. What topology triples say comes first.  Bothway and Oneway join two terminations, Isolate parts them.  A
   triple that would join one with two others is refused with 522.
2. Those about whom nothing was said are joined in the order of their coming: the first two hear each other,
   a third is alone until topology joins it or one of the first two goes.

A triple with ``*``, with ``$`` or with a termination that is still to come also holds for those that the same
action adds or moves in afterwards.
"""

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import NamedTuple

from imsedge.agw.errors import fail
from imsedge.agw.names import matches
from imsedge.agw.state import Context, StreamState, Termination, Topology, Way
from imsedge.agw.streams import Gate
from imsedge.h248.model import ALL, CHOOSE, TopologyDirection, TopologyTriple, fold

_WAYS = {
    TopologyDirection.BOTHWAY: Way.BOTH,
    TopologyDirection.ONEWAY: Way.THERE,
    TopologyDirection.ISOLATE: Way.NONE,
}
_REVERSED = {Way.THERE: Way.BACK, Way.BACK: Way.THERE}
_GATES = {
    Way.BOTH: (Gate(), Gate()),
    Way.THERE: (Gate(sends=False), Gate(receives=False)),
    Way.BACK: (Gate(receives=False), Gate(sends=False)),
}


class Join(NamedTuple):
    """Two folded names that share a link."""

    first: str
    second: str
    way: Way


class Seat(NamedTuple):
    """Where a stream belongs."""

    termination: Termination
    stream: StreamState
    link: int
    gate: Gate


def revise_topology(
    old: Topology, triples: Iterable[TopologyTriple], names: Iterable[str], newcomer: str | None = None
) -> Topology:
    """After these triples.  With ``newcomer``, only what they say about that termination.

    Raises ``H248Error`` 522 for directions that this gateway does not know.
    """
    present, found = [fold(name) for name in names], dict(old)
    for triple in triples:
        way = _WAYS.get(triple.direction) or fail(522, f"topology {triple.direction.value} is not supported")
        for first in _meant(triple.from_termination, present, newcomer):
            for second in _meant(triple.to_termination, present, newcomer):
                if first != second and (newcomer is None or fold(newcomer) in (first, second)):
                    _set(found, first, second, triple.stream, way)
    return found


def forget(topology: Topology, name: str) -> Topology:
    """Without a termination that has left."""
    return {key: way for key, way in topology.items() if fold(name) not in key[:2]}


def joins(topology: Topology, number: int, names: Iterable[str]) -> list[Join]:
    """Who is joined in stream ``number``; ``names``: folded, in the order of their coming.  Raises 522."""
    taken: set[str] = set()
    found: list[Join] = []
    pairs = [
        (first, second, _said(topology, first, second, number)) for first, second in combinations(names, 2)
    ]
    for first, second, way in pairs:
        if way in (None, Way.NONE):
            continue
        if first in taken or second in taken:
            fail(522, f"stream {number} of one termination can be joined with one other only")
        taken |= {first, second}
        found.append(Join(first, second, way or Way.BOTH))
    for first, second, way in pairs:
        if way is None and not taken & {first, second}:
            taken |= {first, second}
            found.append(Join(first, second, Way.BOTH))
    return found


def check_topology(
    context: Context, topology: Topology, newcomer: str = "", streams: Iterable[int] = ()
) -> None:
    """Raises 522 when ``topology`` cannot be; ``newcomer`` would come with ``streams``."""
    if not topology:  # by themselves they are joined in pairs
        return
    numbers = {name: set(t.streams) for name, t in context.terminations.items()}
    if newcomer:
        numbers[fold(newcomer)] = set(streams)
    for number in set().union(*numbers.values()):
        joins(topology, number, [name for name, own in numbers.items() if number in own])


def seats(context: Context, number: int, new_link: Callable[[], int]) -> list[Seat]:
    """Links and gates of everyone who has stream ``number``.

    A link is kept as long as nobody else has it; otherwise there is a new one, so that at no moment three
    meet on a link, whatever the order in which the media plane hears of it.
    """
    ends = {
        name: (termination, stream)
        for name, termination in context.terminations.items()
        if (stream := termination.streams.get(number)) is not None and not stream.dead
    }
    found = []
    alone = dict(ends)
    groups: list[list[tuple[str, Gate]]] = []
    for join in joins(context.topology, number, ends):
        groups.append(list(zip((join.first, join.second), _GATES[join.way], strict=True)))
        del alone[join.first], alone[join.second]
    groups += [[(name, Gate())] for name in alone]
    links = [stream.link for _, stream in ends.values()]
    for group in groups:
        held = [ends[name][1].link for name, _ in group]
        kept = next((link for link in held if link and links.count(link) == held.count(link)), 0)
        link = kept or new_link()
        found += [Seat(*ends[name], link, gate) for name, gate in group]
    return found


def describe_topology(context: Context, *, by_stream: bool) -> tuple[TopologyTriple, ...]:
    """As it is, one triple a pair; one a stream where they differ, if the version knows that."""
    triples: list[TopologyTriple] = []
    joined = {
        (join.first, join.second, number): join.way
        for number in {n for t in context.terminations.values() for n in t.streams}
        for join in joins(
            context.topology, number, [f for f, t in context.terminations.items() if number in t.streams]
        )
    }
    for (first, one), (second, two) in combinations(context.terminations.items(), 2):
        common = sorted(one.streams.keys() & two.streams.keys())
        ways = {number: joined.get((first, second, number), Way.NONE) for number in common}
        if by_stream and len(set(ways.values())) > 1:
            triples += [_triple(one.name, two.name, way, number) for number, way in ways.items()]
        else:
            said = _said(context.topology, first, second, None) or Way.BOTH
            way = next((way for way in ways.values() if way is not Way.NONE), Way.NONE if ways else said)
            triples.append(_triple(one.name, two.name, way, None))
    return tuple(triples)


# --- inside -----------------------------------------------------------------------------------------


def _meant(pattern: str, present: list[str], newcomer: str | None) -> list[str]:
    if CHOOSE in pattern:
        return [fold(newcomer)] if newcomer is not None else []
    if ALL in pattern:
        return [name for name in present if matches(pattern, name)]
    return [fold(pattern)] if fold(pattern) in present else []


def _set(topology: Topology, first: str, second: str, stream: int | None, way: Way) -> None:
    if first > second:
        first, second, way = second, first, _REVERSED.get(way, way)
    if stream is None:  # for all streams, so nothing remains that was said about one of them
        for key in [key for key in topology if key[:2] == (first, second)]:
            del topology[key]
    topology[first, second, stream] = way


def _said(topology: Topology, first: str, second: str, stream: int | None) -> Way | None:
    """As seen from ``first``."""
    pair = (first, second) if first < second else (second, first)
    way = topology.get((*pair, stream)) or topology.get((*pair, None))
    return way if way is None or first < second else _REVERSED.get(way, way)


def _triple(first: str, second: str, way: Way, stream: int | None) -> TopologyTriple:
    if way is Way.BACK:
        return TopologyTriple(second, first, TopologyDirection.ONEWAY, stream)
    direction = next(direction for direction, meant in _WAYS.items() if meant is way)
    return TopologyTriple(first, second, direction, stream)
