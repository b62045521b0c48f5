"""The gateway directory, and what notifications are read as (notifications, media, procedures)."""

import pytest
from msgspec.structs import replace

from imsedge.alg import media, messages, procedures  # noqa: F401 - proven here and by the calls
from imsedge.alg.gateways import Gateways
from imsedge.alg.messages import refusal, with_text, without_body
from imsedge.alg.notifications import Kind, accept, read_reports
from imsedge.alg.procedures import Side
from imsedge.h248.model import (
    ActionRequest,
    CommandRequest,
    ErrorDescriptor,
    IpMid,
    ObservedEvent,
    ObservedEvents,
    Parameter,
    ServiceChange,
    Verb,
)
from kit.sip import request

A, B = IpMid("10.0.0.1"), IpMid("10.0.0.2")


def two() -> Gateways:
    gateways = Gateways()
    gateways.up(A)
    gateways.up(B)
    return gateways


def test_equals_take_turns() -> None:
    gateways = two()
    assert [gateways.choose() for _ in range(4)] == [A, B, A, B]


def test_the_one_with_fewest_calls_is_chosen() -> None:
    gateways = two()
    gateways.attach(A, 1)
    assert [gateways.choose(), gateways.choose()] == [B, B]
    gateways.detach(A, 1)
    gateways.attach(B, 2)
    assert gateways.choose() == A


def test_who_leaves_is_not_chosen_and_comes_back() -> None:
    gateways = two()
    gateways.leaving(A)
    assert [gateways.choose(), gateways.choose()] == [B, B]
    gateways.leaving(B)
    assert gateways.choose() is None
    gateways.up(A)
    assert gateways.choose() == A


def test_contexts_are_known_until_detached_or_lost() -> None:
    gateways = two()
    gateways.attach(A, 1, 7)
    gateways.attach(A, 2, 8)
    assert gateways.call_in(A, 7) == 1
    assert gateways.call_in(B, 7) is None
    gateways.detach(A, 1, 7)
    assert gateways.call_in(A, 7) is None
    assert gateways.lost(A) == {2}
    assert gateways.call_in(A, 8) is None
    assert A not in gateways
    assert gateways.lost(A) == frozenset()


def test_nothing_is_attached_to_who_is_gone() -> None:
    gateways = Gateways()
    gateways.attach(A, 1, 7)
    gateways.detach(A, 1, 7)
    gateways.leaving(A)
    assert gateways.view() == []


def notify(name: str, **parameters: str) -> ActionRequest:
    values = tuple(Parameter(key, (value,)) for key, value in parameters.items())
    events = ObservedEvents(1, (ObservedEvent(name, 2, parameters=values),))
    return ActionRequest(1, (CommandRequest(Verb.NOTIFY, ("ip/core/1",), observed=events),))


@pytest.mark.parametrize(
    ("action", "kind", "text"),
    [
        (notify("hangterm/thb"), Kind.ALIVE, "heartbeat"),
        (notify("TCPBCC/bncchange", type="est"), Kind.CONNECTED, "tcpbcc Est"),
        (notify("tlsbsc/BNCChange", Type="Mfail"), Kind.FAILED, "tlsbsc Mfail"),
        (notify("tcpbcc/BNCChange", Type="Cut", cause='"closed"'), Kind.RELEASED, "tcpbcc Cut: closed"),
        (notify("tcpbcc/BNCChange", Type="Huh"), Kind.OTHER, "tcpbcc/BNCChange: "),
        (notify("tcpbcc/BNCChange"), Kind.OTHER, "tcpbcc None"),
        (notify("x/y"), Kind.OTHER, "x/y"),
    ],
)
def test_events(action: ActionRequest, kind: Kind, text: str) -> None:
    (finding,) = read_reports(action)
    assert finding.kind is kind
    assert finding.text.startswith(text)
    assert (finding.termination, finding.stream) == ("ip/core/1", 2)


@pytest.mark.parametrize(("method", "kind"), [("Forced", Kind.FAILED), ("Restart", Kind.OTHER)])
def test_a_termination_out_of_service(method: str, kind: Kind) -> None:
    change = ServiceChange(method, "904 Termination malfunctioning")
    command = CommandRequest(Verb.SERVICE_CHANGE, ("ip/core/1",), service_change=change)
    action = ActionRequest(1, (command,))
    assert [finding.kind for finding in read_reports(action)] == [kind]
    assert accept(action).replies[0].service_change is not None


def test_a_gateway_cannot_order_us_about() -> None:
    add = CommandRequest(Verb.ADD, ("$",))
    broken = CommandRequest(Verb.NOTIFY, ("ip/core/1",), error=ErrorDescriptor(442))
    replies = accept(ActionRequest(1, (add, broken))).replies
    assert replies[0].error == ErrorDescriptor(443, "Unsupported or Unknown Command")
    assert read_reports(ActionRequest(1, (add,))) == []


def test_a_report_that_cannot_be_read_gets_its_error_and_those_behind_it_are_not_heard() -> None:
    """H.248.1 clause 8.2.1; an optional one does not end the action."""
    mistake = ErrorDescriptor(472, "Required Information Missing")
    broken = CommandRequest(Verb.NOTIFY, ("ip/core/1",), error=mistake)
    change = ServiceChange("Forced", "904 Termination malfunctioning")
    good = CommandRequest(Verb.SERVICE_CHANGE, ("ip/core/1",), service_change=change)
    errors = [reply.error for reply in accept(ActionRequest(1, (good, broken, good))).replies]
    assert errors == [None, mistake]
    assert len(read_reports(ActionRequest(1, (good, broken, good)))) == 1
    optional = replace(broken, optional=True)
    errors = [reply.error for reply in accept(ActionRequest(1, (optional, good))).replies]
    assert errors == [mistake, None]


def test_sides_are_opposite() -> None:
    assert [side.other for side in Side] == [Side.CORE, Side.ACCESS]


def test_bodies_come_and_go() -> None:
    plain = request("INVITE")
    assert without_body(plain) is plain
    made = with_text(plain, "v=0\r\n")
    assert made.headers.get("Content-Type") == "application/sdp"
    assert without_body(made).headers.get("Content-Type") is None


def test_a_warning_is_one_quoted_line() -> None:
    response = refusal(request("INVITE"), 488, 'no "TLS"', to_tag="t")
    assert response.headers.get("Warning") == '399 imsedge "no \\"TLS\\""'
