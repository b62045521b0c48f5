"""What ends TLS, TCP, the other leg or the session ends all of them, in order (TR 29.828 clause 4.3.4.1).

The controller, its gateway's logic and both SIP parties; the media plane says what happened to the bearers.
Each row: the stimulus, what the gateway reports, what leaves the controller because of it.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from imsedge.agw.messages import ControllerLost
from imsedge.alg.policy import OnBearerFailure, Policy
from imsedge.bearer.messages import (
    AnyEvent,
    Closed,
    Failed,
    FailureCause,
    Open,
    Quiet,
    Release,
    Ways,
)
from imsedge.h248.association.events import GatewayDown, GatewayLost
from imsedge.h248.codec import decode
from imsedge.h248.model import ActionRequest, CommandRequest, TransactionRequest
from imsedge.sip.message import SipRequest
from kit.edge_bodies import OFFER, core_answer
from kit.edge_talk import GATEWAY, EdgeTalk, sdp

Happening = Callable[[int], AnyEvent]


def closed(endpoint: int) -> AnyEvent:
    """FIN, or close_notify and FIN, and both directions are drained."""
    return Closed(endpoint, 0.0)


def failed(cause: FailureCause) -> Happening:
    return lambda endpoint: Failed(endpoint, 0.0, cause)


def quiet(endpoint: int) -> AnyEvent:
    return Quiet(endpoint, 0.0, Ways.BOTH)


OTHER_LEG = failed(FailureCause.LINKED_LEG)


class Coupled(EdgeTalk):
    """A call that was answered; ``happen`` is the media plane."""

    def __init__(self, policy: Policy | None = None, more: str = "") -> None:
        """``more``: a media line that is not for the gateway."""
        super().__init__(policy)
        self.invite(OFFER + more)
        self.answer(200, core_answer("passive") + more)
        self.inside("ue", "ACK")
        self.seen.clear()

    def happen(self, *what: tuple[str, Happening]) -> tuple[list[str], list[str]]:
        """What the gateway reported, and what left the controller."""
        before = len(self.real.reports)
        opened = [order for order in self.real.plane.orders if isinstance(order, Open)]
        ends = {order.label.split("/")[1]: order.endpoint for order in opened}
        self.real.happen(*(make(ends[side]) for side, make in what))
        actions = [action for text in self.real.reports[before:] for action in _actions(text)]
        seen = [line for action in actions for line in self.notify(action)]
        return [line for action in actions for line in _told(action)], seen

    def nothing_is_left(self) -> bool:
        """In the controller, after the BYEs were answered, and in the gateway."""
        for party, tag in (("ue", "a1"), ("core", "b1")):
            if any(isinstance(m, SipRequest) and m.method == "BYE" for m in self.to[party]):
                self.reply(party, 200, tag=tag, method="BYE")
        return self.edge.calls() == [] and self.real.is_empty() and self.edge.gateways()[0].calls == 0

    def reasons(self) -> set[str]:
        """Why, as both parties were told."""
        byes = [
            m for p in ("ue", "core") for m in self.to[p] if isinstance(m, SipRequest) and m.method == "BYE"
        ]
        return {bye.headers.get("Reason") or "" for bye in byes}


def _actions(text: str) -> tuple[ActionRequest, ...]:
    body = decode(text.encode()).body
    assert isinstance(body, tuple)
    assert isinstance(body[0], TransactionRequest)
    return body[0].actions


def _told(action: ActionRequest) -> list[str]:
    return [line for command in action.commands for line in _lines(command)]


def _lines(command: CommandRequest) -> list[str]:
    where = command.terminations[0].split("/")[1]
    if command.service_change is not None:
        return [f"{where} ServiceChange {command.service_change.method}"]
    lines = []
    for event in command.observed.events if command.observed else ():
        values = {p.name.lower(): p.values[0].strip('"') for p in event.parameters}
        lines.append(" ".join((where, event.name, *(values[n] for n in ("type", "cause") if n in values))))
    return lines


RELEASED = ["gw reply", "gw Release", "ue BYE", "core BYE"]


class Row(NamedTuple):
    what: tuple[tuple[str, Happening], ...]
    reported: list[str]
    reason: str


def at(side: str, cause: FailureCause, *more: str) -> Row:
    """A failure of one leg takes the other one with it."""
    other = "core" if side == "access" else "access"
    package = "tlsbsc" if cause.is_tls else "tcpbcc"
    told = [f"{side} {package}/BNCChange Mfail {cause.value}", *more]
    return Row(((side, failed(cause)), (other, OTHER_LEG)), told, f"{package} Mfail: {cause.value}")


ACCESS_CUT = "access tcpbcc/BNCChange Cut the other leg was lost"
FAILURES = {
    "RST of the phone": at("access", FailureCause.TCP_RESET),
    "RST of the core": at("core", FailureCause.TCP_RESET, ACCESS_CUT),
    "the phone cannot be reached": at("access", FailureCause.TCP_UNREACHABLE),
    "the core refuses": at("core", FailureCause.TCP_REFUSED, ACCESS_CUT),
    "no acknowledgement of the phone": at("access", FailureCause.TCP_TIMEOUT),
    "no acknowledgement of the core": at("core", FailureCause.TCP_TIMEOUT, ACCESS_CUT),
    "nothing passed for too long": at("access", FailureCause.TCP_IDLE),
    "fatal alert": at("access", FailureCause.TLS_HANDSHAKE),
    "handshake time-out": at("access", FailureCause.TLS_TIMEOUT),
    "no certificate": at("access", FailureCause.NO_CERTIFICATE),
    "wrong fingerprint": at("access", FailureCause.FINGERPRINT_MISMATCH),
    "fingerprint time-out": at("access", FailureCause.FINGERPRINT_TIMEOUT),
    "not MSRP": at("access", FailureCause.MSRP),
    "silence": Row((("access", quiet),), ["access adid/ipstop"], "no payload for too long"),
    "the media plane dies": Row(
        (("access", failed(FailureCause.PLANE)), ("core", failed(FailureCause.PLANE))),
        [
            line
            for side in ("access", "core")
            for line in (
                f"{side} ServiceChange Forced",
                f"{side} tcpbcc/BNCChange Mfail the media plane was lost",
            )
        ],
        "Forced",
    ),
}


@pytest.mark.parametrize("row", FAILURES.values(), ids=FAILURES)
def test_a_failure_is_reported_and_ends_everything(row: Row) -> None:
    talk = Coupled(Policy(inactivity=30))
    reported, seen = talk.happen(*row.what)
    assert reported == row.reported
    assert seen[:4] == RELEASED
    assert set(seen[4:]) <= {"gw reply"}  # what crossed the release is acknowledged, and no more
    (reason,) = talk.reasons()
    assert reason.startswith('SIP;cause=500;text="media lost: ')
    assert row.reason in reason
    released = [order for order in talk.real.plane.orders if isinstance(order, Release)]
    assert len(released) == (0 if row.reason == "Forced" else 2)  # a dead plane has nothing to release


IN_ORDER = {
    "FIN or close_notify of the phone": ("access", "core"),
    "FIN of the core": ("core", "access"),
}


@pytest.mark.parametrize("sides", IN_ORDER.values(), ids=IN_ORDER)
def test_an_end_in_order_leaves_the_parties_a_moment_to_say_so_themselves(sides: tuple[str, str]) -> None:
    talk = Coupled(Policy(release_wait=5))
    assert talk.happen(*((side, closed) for side in sides)) == (
        ["access tcpbcc/BNCChange Cut closed"],
        ["gw reply"],
    )
    assert talk.until(4.9) == []
    assert talk.until(5.1)[:3] == RELEASED[1:]
    assert talk.reasons() == {'SIP;cause=500;text="the media was closed"'}
    assert talk.nothing_is_left()


@pytest.mark.parametrize("party", ["ue", "core"])
def test_a_bye_after_the_end_of_the_media_is_the_parties_own(party: str) -> None:
    talk = Coupled()
    talk.happen(("access", closed), ("core", closed))
    other = "core" if party == "ue" else "ue"
    assert talk.inside(party, "BYE") == [f"{other} BYE", "gw Release"]
    assert talk.reply(other, 200, tag="b1", method="BYE") == [f"{party} 200 BYE"]
    assert talk.until(60) == []


def test_another_connection_that_is_agreed_on_keeps_the_call() -> None:
    """RFC 4975 and RFC 8856: who wants to go on offers again."""
    talk = Coupled()
    talk.happen(("access", closed), ("core", closed))
    again = OFFER.replace("7654", "7700").replace("a=setup", "a=connection:new\r\na=setup")
    talk.inside("ue", "INVITE", again)
    talk.reply("core", 200, core_answer("passive"), method="INVITE")
    talk.inside("ue", "ACK", cseq=4)
    assert "gw Release" not in talk.until(600)
    assert len(talk.edge.calls()) == 1


def test_a_call_that_has_other_media_goes_on_without_these() -> None:
    talk = Coupled(more="m=audio 4000 RTP/AVP 0\r\n")
    assert talk.happen(("access", closed), ("core", closed))[1] == ["gw reply"]
    assert talk.until(600) == []


@pytest.mark.parametrize("what", [closed, failed(FailureCause.TCP_RESET)], ids=["FIN", "RST"])
def test_where_the_operator_wants_only_a_line_the_call_goes_on(what: Happening) -> None:
    talk = Coupled(Policy(on_bearer_failure=OnBearerFailure.LOG))
    assert set(talk.happen(("access", what), ("core", closed))[1]) == {"gw reply"}
    assert talk.until(600) == []


SIGNALLING = {
    "BYE of the phone": (lambda talk: talk.inside("ue", "BYE"), ["core BYE", "gw Release"]),
    "BYE of the core": (lambda talk: talk.inside("core", "BYE"), ["ue BYE", "gw Release"]),
    "the gateway is lost": (lambda talk: talk.tell(GatewayLost(GATEWAY, "silence")), RELEASED[2:]),
    "the gateway leaves": (lambda talk: talk.tell(GatewayDown(GATEWAY, "905")), RELEASED[2:]),
    "the gateway restarts": (lambda talk: talk.gateway_up(), RELEASED[2:]),
    "the session timer": (lambda talk: talk.until(1_000)[:3], RELEASED[1:]),
}


@pytest.mark.parametrize(("stimulus", "seen"), SIGNALLING.values(), ids=SIGNALLING)
def test_what_ends_the_session_ends_the_media(
    stimulus: Callable[[EdgeTalk], list[str]], seen: list[str]
) -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer("passive"), headers=[("Session-Expires", "90")])
    talk.inside("ue", "ACK")
    assert stimulus(talk) == seen
    if "gw Release" in seen:
        assert talk.real.is_empty()


@pytest.mark.parametrize("status", [408, 481])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_party_that_knows_the_session_no_longer_ends_it_for_both(status: int, method: str) -> None:
    """RFC 3261 clause 12.2.1.2; to UPDATE a 408 is not passed on (RFC 4320)."""
    talk = Coupled()
    talk.inside("ue", method)
    seen = talk.reply("core", status, method=method)
    assert [line for line in seen if line not in {f"ue {status} {method}", "core ACK"}] == RELEASED[1:]


def test_a_refusal_of_something_else_changes_nothing() -> None:
    talk = Coupled()
    talk.inside("ue", "INVITE", OFFER.replace("7654", "7700"))
    assert "ue 488 INVITE" in talk.reply("core", 488, method="INVITE")
    talk.inside("ue", "INFO")
    assert talk.reply("core", 481, method="INFO") == ["ue 481 INFO"]
    assert len(talk.edge.calls()) == 1


def test_a_line_that_is_taken_out_takes_its_stream_with_it() -> None:
    talk = Coupled()
    gone = sdp("m=message 0 TCP/TLS/MSRP *")
    talk.inside("ue", "INVITE", gone)
    assert "gw Release" in talk.reply("core", 200, sdp("m=message 0 TCP/MSRP *"), method="INVITE")
    assert talk.real.is_empty()


def test_a_lost_controller_costs_the_media_after_a_while() -> None:
    talk = Coupled()
    talk.real.feed(ControllerLost())
    talk.real.wait(59)
    assert not talk.real.is_empty()
    talk.real.wait(2)
    assert talk.real.is_empty()


def test_a_hanging_context_is_told_by_its_heartbeat_and_subtracted() -> None:
    """The release was lost on the way: the gateway still has what is nobody's."""
    talk = Coupled()
    talk.answers = ["hold"]
    talk.inside("ue", "BYE")
    talk.reply("core", 200, method="BYE")
    before = len(talk.real.reports)
    talk.real.wait(601)
    actions = [action for text in talk.real.reports[before:] for action in _actions(text)]
    assert [line for action in actions for line in _told(action)] == [
        "core hangterm/thb",
        "access hangterm/thb",
    ]
    assert talk.notify(actions[0]) == ["gw reply", "gw Subtract all"]
    assert talk.real.is_empty()
