"""Whatever a controller and a media plane do, in any order: one answer each, nothing left at the end."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from imsedge.agw.messages import ControllerBack, ControllerLost
from imsedge.agw.settings import Limits
from imsedge.bearer.messages import (
    AnyEvent,
    Closed,
    Connecting,
    Counters,
    Established,
    Failed,
    FailureCause,
    Opened,
    Refused,
    Released,
    Statistics,
    TlsEstablished,
    TlsRole,
    TlsStarted,
    Verified,
)
from imsedge.core.address import TransportAddress
from imsedge.security.fingerprint import fingerprint_of
from kit.fake_plane import FakePlane
from kit.gateway_talk import GatewayTalk, gateway_settings, shown

PEER = TransportAddress("198.51.100.7", 7654)
SOMEBODY = fingerprint_of(b"somebody")

TCP = "v=0\nc=IN IP4 $\nm=- $ TCP -\n"
TLS = "v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=fingerprint:$\n"
REMOTE = "v=0\nc=IN IP4 198.51.100.7\nm=- 7654 TCP -\n"

ARMED = "g/cause, hangterm/thb { timerx = 3 }"

COMMANDS = (
    f"Add = $ {{ Media {{ Stream = 1 {{ Local {{ {TCP}}} }} }}, Events = 1 {{ {ARMED} }} }}",
    f'Add = $ {{ Media {{ Stream = 1 {{ LocalControl {{ ipdc/realm = "access" }}, Local {{ {TLS}}} }} }} }}',
    f"Add = $ {{ Media {{ Stream = 1 {{ Local {{ {TCP}}} }}, Stream = 2 {{ Local {{ {TCP}}} }} }} }}",
    f"Add = ip/core/$ {{ Media {{ Local {{ {TCP}}}, Remote {{ {REMOTE}}} }}, Signals {{ tcpbcc/EstBNC }} }}",
    "Add = $ { Media { Stream = 1 { LocalControl { Mode = Inactive } } } }",
    f"Modify = * {{ Media {{ Stream = 2 {{ Local {{ {TCP}}} }} }} }}",
    f"Modify = * {{ Media {{ Stream = 1 {{ Remote {{ {REMOTE}}} }} }}, Events = 5 {{ tcpbcc/BNCChange }} }}",
    "Modify = ip/core/1 { Media { Stream = 2 { Local { }, Remote { } } } }",
    "Modify = ip/access/1 { Signals { tlsbsc/EstBNC } }",
    "Modify = ROOT { Events = 3 { it/ito { mit = 500 } } }",
    "AuditValue = * { Audit { Media, Statistics, Events, Packages } }",
    "AuditValue = ROOT { Audit { Media, Packages } }",
    "AuditCapability = * { Audit { Media, Events, Signals, Statistics } }",
    "Subtract = ip/core/1",
    "Subtract = ip/core/2 { Audit { } }",
    "Subtract = *",
    'ServiceChange = ROOT { Services { Method = Restart, Reason = "901 Cold Boot" } }',
    "Move = ip/core/1",
    "Move = ip/access/1",
    "Move = *",
    f"Move = ip/core/2 {{ Media {{ Stream = 1 {{ Remote {{ {REMOTE}}} }} }} }}",
    "Modify = ip/core/1 { Media { TerminationState { ServiceStates = OutOfService, Buffer = LockStep } } }",
    "Modify = * { EventBuffer { g/cause }, Media { TerminationState { Buffer = LockStep } } }",
    "Modify = * { Events = 4 { g/cause { EM { E = 5 { g/cause }, SG { SL = 1 { tcpbcc/EstBNC } } } } } }",
    "Modify = ROOT { Events = 3 { ocp/mg_overload, chp/mgcon } }",
    "Modify = ROOT { Media { TerminationState { root/MGProvisionalResponseTimerValue = 100 } } }",
    "AuditValue = * { Audit { Media, EventBuffer, ObservedEvents, Statistics { nt/os } } }",
    "AuditCapability = * { Audit { Media, Packages { g-2 }, Signals { tcpbcc/EstBNC } } }",
    *(
        f'ServiceChange = {name} {{ Services {{ Method = {method}, Reason = "905 Off", Delay = 3 }} }}'
        for name in ("*", "ip/core/1", "ROOT")
        for method in ("Forced", "Graceful", "Restart")
    ),
)  # fmt: skip

ATTRIBUTES = (
    (),
    (),
    ("Topology { *, *, Isolate }",),
    ("Topology { $, *, Bothway }",),
    ("Topology { ip/core/1, ip/core/2, Oneway, ip/core/1, ip/core/3, Isolate }",),
    ("Topology { ip/core/1, ip/core/3, Bothway }", "ContextAudit { Topology }"),
    ("Priority = 3", "ContextAudit { Priority, Emergency, Topology }"),
)

commands = st.builds(
    lambda optional, wild, command: f"{optional}{wild}{command}",
    st.sampled_from(("", "O-")),
    st.sampled_from(("", "", "W-")),
    st.sampled_from(COMMANDS),
)
ADDS = COMMANDS[:4]
new_contexts = st.builds(
    lambda about, body: f"Context = $ {{ {', '.join((*about, *body))} }}",
    st.sampled_from(ATTRIBUTES),
    st.lists(st.sampled_from((*ADDS, "Move = ip/core/1", "Move = ip/core/3")), min_size=1, max_size=4),
)
actions = st.builds(
    lambda context, about, body: f"Context = {context} {{ {', '.join((*about, *body))} }}",
    st.sampled_from(("1", "2", "3", "1", "2", "3", "*", "-", "$")),
    st.sampled_from(ATTRIBUTES),
    st.lists(commands, min_size=1, max_size=4),
)
requests = st.lists(actions, min_size=1, max_size=3).map(", ".join)

CAUSES = [cause for cause in FailureCause if cause is not FailureCause.PLANE]  # those come with its death

endpoints = st.integers(1, 8)
events: st.SearchStrategy[AnyEvent] = st.one_of(
    st.builds(Opened, endpoints, st.just(0.0), st.just(TransportAddress("10.0.0.1", 1))),
    st.builds(Connecting, endpoints, st.just(0.0), st.just(PEER), st.just(PEER)),
    st.builds(Established, endpoints, st.just(0.0), st.just(PEER), st.just(PEER), st.booleans()),
    st.builds(Refused, endpoints, st.just(0.0), st.just(PEER), st.just("why")),
    st.builds(TlsStarted, endpoints, st.just(0.0), st.sampled_from(TlsRole)),
    st.builds(
        TlsEstablished,
        endpoints,
        st.just(0.0),
        st.just("TLSv1.3"),
        st.just("X"),
        st.just(SOMEBODY),
        st.booleans(),
    ),
    st.builds(Verified, endpoints, st.just(0.0)),
    st.builds(Failed, endpoints, st.just(0.0), st.sampled_from(CAUSES)),
    st.builds(Closed, endpoints, st.just(0.0)),
    st.builds(Statistics, endpoints, st.just(0.0), st.just(Counters())),
    st.builds(Released, endpoints, st.just(0.0), st.just(Counters())),
)  # fmt: skip

steps = st.one_of(
    requests.map(lambda text: ("ask", text)),
    requests.map(lambda text: ("ask", text)),
    new_contexts.map(lambda text: ("ask", text)),
    st.integers(1, 9).map(lambda count: ("plane answers", count)),
    st.integers(0, 3).map(lambda count: ("plane answers", count)),
    st.floats(0, 8).map(lambda seconds: ("wait", seconds)),
    events.map(lambda event: ("happen", event)),
    st.sampled_from([("plane dies", None), ("lost", None), ("back", True), ("back", False)]),
)

LIMITS = Limits(contexts=4, terminations_per_context=4, streams_per_termination=2, executions=3, steps=7)


CALL = f"Context = $ {{ {ADDS[0]}, {ADDS[2]} }}"


@given(st.integers(0, 3), st.lists(steps, max_size=25), st.sampled_from((1, 3, 8, 30)), st.booleans())
def test_nothing_raises_and_nothing_leaks(
    calls: int, script: list[tuple[str, object]], ports: int, rigid: bool
) -> None:
    talk = GatewayTalk(gateway_settings(LIMITS), FakePlane(ports=ports, strict=False), slow=True)
    talk.plane.rigid = rigid
    begun = [talk.begin(CALL) for _ in range(calls)]
    for _ in range(2):
        talk.plane_answers()
    for what, argument in script:
        match what, argument:
            case "ask", str(text):
                begun.append(talk.begin(text))
            case "plane answers", int(count):
                talk.plane_answers(count)
            case "wait", float(seconds):
                talk.wait(seconds)
            case "plane dies", _:
                talk.happen(*talk.plane.die(talk.now))
            case "lost", _:
                talk.feed(ControllerLost())
            case "back", bool(kept):
                talk.feed(ControllerBack(kept))
            case _, event:
                talk.happen(event)  # type: ignore[arg-type]
    talk.wait(500)  # everything that waited has had its time
    assert all(number in talk.answers for number in begun)
    for number in begun:
        shown(talk.answers[number])  # can be written
    if not rigid:
        views = [s for c in talk.gateway.contexts() for t in c.terminations for s in t.streams]
        said, joined = Counter(view.link for view in views), Counter(talk.plane.links.values())
        assert joined <= said, "the media plane joins others than the gateway says"
    last = talk.begin("Context = * { O-W-Subtract = * { Audit { } } }")
    talk.plane_answers()
    talk.wait(0)  # a long transaction takes several turns
    assert last in talk.answers
    assert talk.gateway.load() == (0, 0, 0, 0)
    assert not talk.plane.open, "endpoints were not released"
