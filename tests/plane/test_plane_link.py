"""Who dials, who is let in, what may flow: every decision as a row."""

import pytest

from imsedge.bearer.messages import (
    Answering,
    EndpointSettings,
    Handling,
    Incoming,
    Mode,
    Setup,
    SourceFilter,
    Transport,
)
from imsedge.core.address import TransportAddress
from imsedge.core.msrp_uri import MsrpPath
from imsedge.plane.link import (
    Leg,
    Phase,
    admits,
    can_call,
    follows,
    follows_knock,
    may_flow,
    objection,
    passes,
    withholds,
)

PEER = TransportAddress("192.0.2.7", 4000)


def leg(phase: Phase = Phase.IDLE, *, accepted: bool = False, **settings: object) -> Leg:
    wanted: dict[str, object] = {"transport": Transport.TCP, "remote": PEER, **settings}
    return Leg(EndpointSettings(**wanted), phase, accepted)  # type: ignore[arg-type]


UP = leg(Phase.CONNECTED, accepted=True)
DIALLED = leg(Phase.OPEN)
NOWHERE = TransportAddress("192.0.2.7", 9)

FOLLOWS = {
    "proxy: the peer called the other leg": (leg(setup=Setup.ACTIVE), UP, True),
    "also while the other leg is only TCP": (leg(setup=Setup.ACTPASS), UP, True),
    "also when it is complete": (leg(setup=Setup.ACTIVE), leg(Phase.OPEN, accepted=True), True),
    "the other leg was dialled by us": (leg(setup=Setup.ACTIVE), DIALLED, True),
    "dialled by us, and here nothing is agreed": (leg(setup=Setup.ACTPASS), DIALLED, False),
    "we are passive: our peer calls (merge)": (leg(setup=Setup.PASSIVE), UP, False),
    "forwarding is off (merge)": (
        leg(setup=Setup.ACTIVE),
        leg(Phase.CONNECTED, accepted=True, forward_incoming=False),
        False,
    ),
    "the remote address is not known": (leg(setup=Setup.ACTIVE, remote=None), UP, False),
    "port 9 cannot be called": (leg(setup=Setup.ACTIVE, remote=NOWHERE), UP, False),
    "the other leg is not up": (leg(setup=Setup.ACTIVE), leg(Phase.CONNECTING), False),
    "the other leg has failed": (leg(setup=Setup.ACTIVE), leg(Phase.FAILED), False),
    "on the way already": (leg(Phase.CONNECTING, setup=Setup.ACTIVE), UP, False),
    "up already": (leg(Phase.OPEN, setup=Setup.ACTIVE), UP, False),
    "ended, and nobody said anything since": (leg(Phase.CLOSED, setup=Setup.ACTIVE), UP, False),
    "our gate is closed": (leg(setup=Setup.ACTIVE, mode=Mode.INACTIVE), UP, False),
    "the other gate is closed": (
        leg(setup=Setup.ACTIVE),
        leg(Phase.CONNECTED, accepted=True, mode=Mode.INACTIVE),
        False,
    ),
}


@pytest.mark.parametrize(("own", "other", "expected"), FOLLOWS.values(), ids=FOLLOWS)
def test_a_leg_follows_the_other_one(own: Leg, other: Leg, expected: bool) -> None:
    assert follows(own, other) is expected


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("other", Phase)
def test_only_an_idle_leg_follows_and_only_one_that_is_up(phase: Phase, other: Phase) -> None:
    expected = phase is Phase.IDLE and other in (Phase.CONNECTED, Phase.OPEN)
    assert follows(leg(phase, setup=Setup.ACTIVE), leg(other)) is expected


FROM_ELSEWHERE = SourceFilter("198.51.100.0/24")
OBJECTIONS = {
    "welcome": (leg(), None),
    "second while open": (leg(Phase.OPEN), "a second connection on one stream"),
    "somebody else while we dial": (
        leg(Phase.CONNECTING, remote=TransportAddress("192.0.2.9", 1)),
        "a second connection on one stream",
    ),
    "after the end": (leg(Phase.CLOSED), "the stream has ended"),
    "after a failure": (leg(Phase.FAILED), "the stream has ended"),
    "discarding since it was queued": (leg(incoming=Incoming.DISCARD), "incoming connections are discarded"),
    "gate closed since it was queued": (leg(mode=Mode.INACTIVE), "incoming connections are discarded"),
    "we are the active side": (leg(setup=Setup.ACTIVE), "incoming connections are discarded"),
    "not from there": (leg(source_filter=FROM_ELSEWHERE), "the source may not connect"),
}


@pytest.mark.parametrize(("own", "expected"), OBJECTIONS.values(), ids=OBJECTIONS)
def test_objections_to_a_caller(own: Leg, expected: str | None) -> None:
    assert objection(own, PEER, own.settings.source_filter) == expected


SOURCES = {
    "anybody": (SourceFilter(), True),
    "this address": (SourceFilter("192.0.2.7"), True),
    "this prefix": (SourceFilter("192.0.2.0/28"), True),
    "host bits in a prefix do not matter": (SourceFilter("192.0.2.5/28"), True),
    "another prefix": (SourceFilter("192.0.2.16/28"), False),
    "the other family": (SourceFilter("2001:db8::/32"), False),
    "port at the low end": (SourceFilter(None, 4000, 4001), True),
    "port at the high end": (SourceFilter(None, 3999, 4000), True),
    "port below": (SourceFilter(None, 4001, 5000), False),
    "port above": (SourceFilter(None, 1, 3999), False),
    "address right, port wrong": (SourceFilter("192.0.2.7", 1, 2), False),
}


@pytest.mark.parametrize(("source_filter", "expected"), SOURCES.values(), ids=SOURCES)
def test_sources_that_pass(source_filter: SourceFilter, expected: bool) -> None:
    assert passes(source_filter, PEER) is expected


@pytest.mark.parametrize("source", Mode)
@pytest.mark.parametrize("sink", Mode)
def test_the_modes_of_both_ends_make_the_gate(source: Mode, sink: Mode) -> None:
    expected = source in (Mode.SEND_RECEIVE, Mode.RECEIVE_ONLY) and sink in (
        Mode.SEND_RECEIVE,
        Mode.SEND_ONLY,
    )
    assert may_flow(leg(Phase.OPEN, mode=source), leg(Phase.OPEN, mode=sink)) is expected


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.OPEN])
def test_nothing_flows_unless_both_ends_are_open(phase: Phase) -> None:
    assert not may_flow(leg(phase), leg(Phase.OPEN))
    assert not may_flow(leg(Phase.OPEN), leg(phase))


def test_who_can_be_called_and_whose_syns_are_answered() -> None:
    assert can_call(leg().settings)
    assert not can_call(leg(remote=None).settings)
    assert not can_call(leg(remote=NOWHERE).settings)
    assert not can_call(leg(remote=TransportAddress("192.0.2.7", 0)).settings)
    assert admits(leg(setup=Setup.ACTPASS).settings)
    assert not admits(leg(setup=Setup.ACTIVE).settings)
    assert not admits(leg(handling=Handling.STATELESS).settings)


def test_a_syn_is_withheld_until_the_other_leg_is_up() -> None:
    own = leg(answering=Answering.LINKED_LEG)
    assert withholds(own, None)
    assert withholds(own, leg(Phase.CONNECTING))
    assert not withholds(own, DIALLED)
    assert not withholds(leg(), leg())
    assert not withholds(own._replace(phase=Phase.OPEN), leg())


def test_a_withheld_syn_makes_the_other_leg_dial() -> None:
    knocked = leg(answering=Answering.LINKED_LEG)
    assert follows_knock(leg(setup=Setup.ACTPASS), knocked)
    assert not follows_knock(leg(setup=Setup.PASSIVE), knocked)
    assert not follows_knock(leg(remote=None), knocked)
    assert not follows_knock(leg(), leg())
    assert not follows_knock(leg(), knocked._replace(settings=leg(forward_incoming=False).settings))


def test_the_peer_itself_may_call_while_we_call_it() -> None:
    dialling = leg(Phase.CONNECTING)
    assert objection(dialling, TransportAddress(PEER.host, 5000), None) is None
    assert objection(dialling, TransportAddress("192.0.2.8", 4000), None) is not None
    assert objection(leg(Phase.CONNECTED), PEER, None) is not None


UNKNOWN, KNOWN = (
    MsrpPath("msrp://192.0.2.1:1/a;tcp"),
    MsrpPath("msrp://192.0.2.1:1/a;tcp", ("msrp://b:2;tcp",)),
)


@pytest.mark.parametrize(
    ("source", "sink", "expected"),
    [
        (None, None, True),
        (KNOWN, KNOWN, True),
        (UNKNOWN, KNOWN, True),
        (KNOWN, UNKNOWN, False),
        (None, KNOWN, False),
        (KNOWN, None, False),
    ],
)
def test_msrp_waits_for_what_it_must_be_rewritten_to(
    source: MsrpPath | None, sink: MsrpPath | None, *, expected: bool
) -> None:
    assert may_flow(leg(Phase.OPEN, msrp=source), leg(Phase.OPEN, msrp=sink)) is expected
