"""Order, optional commands, wildcards, waiting: how a transaction runs (H.248.1 clauses 6.2, 8.2)."""

import pytest

from imsedge.agw.messages import Shutdown
from imsedge.agw.settings import Limits
from imsedge.bearer.messages import Open, Release, Released
from imsedge.core.machine import NEVER
from kit.fake_plane import FakePlane
from kit.gateway_talk import GatewayTalk, gateway_settings, shown, written

ADD = """Add = $ { Media { Stream = 1 { LocalControl { Mode = SendReceive }, Local { v=0
c=IN IP4 $
m=- $ TCP -
} } } }"""
CALL = f"Context = $ {{ {ADD}, {ADD} }}"
DROP = "Context = 1 { Subtract = * { Audit { } } }"


def test_commands_run_in_order_and_in_one_context() -> None:
    talk = GatewayTalk()
    answer = talk.ask(CALL)
    assert answer.index("ip/core/1") < answer.index("ip/core/2")
    assert talk.gateway.load()[:3] == (1, 2, 2)
    opened = [order for order in talk.plane.orders if isinstance(order, Open)]
    assert [(order.context, order.link) for order in opened] == [(1, 1), (1, 1)]


def test_the_first_failure_ends_the_transaction_and_what_was_done_stands() -> None:
    talk = GatewayTalk()
    answer = talk.ask(f"Context = $ {{ {ADD}, Modify = nobody, {ADD} }}, {CALL}")
    assert "Add = ip/core/1" in answer
    assert "Error = 430" in answer
    assert "ip/core/2" not in answer
    assert talk.gateway.load()[:2] == (1, 1)


def test_an_optional_command_may_fail() -> None:
    talk = GatewayTalk()
    answer = talk.ask(f"Context = $ {{ O-Modify = nobody, {ADD} }}")
    assert "Error = 421" in answer  # a new context begins with Add
    answer = talk.ask(f"Context = $ {{ {ADD}, O-Modify = nobody, {ADD} }}")
    assert "Error = 430" in answer
    assert "ip/core/2" in answer


def test_a_new_context_whose_only_add_fails_is_not_there() -> None:
    talk = GatewayTalk()
    answer = talk.ask(f"Context = $ {{ {ADD.replace('TCP -', 'TCP/FOO -')} }}")
    assert answer.startswith("MEGACO/3 [10.0.0.9]:2944\nReply = 7 {\n  Context = $ {")
    assert talk.is_empty()


def test_a_wildcard_runs_the_command_for_each_termination() -> None:
    talk = GatewayTalk()
    talk.ask(CALL)
    assert talk.ask("Context = 1 { Modify = ip/core/* { Events = 9 { g/cause } } }") == written(
        "Context = 1 { Modify = ip/core/1, Modify = ip/core/2 }"
    )
    assert talk.code("Context = 1 { Modify = ip/access/* }") == 431


def test_a_list_of_terminations_is_taken_one_by_one() -> None:
    talk = GatewayTalk()
    talk.ask(CALL)
    answer = talk.ask("Context = 1 { Subtract = [ip/core/2, ip/core/1, ip/core/*] { Audit { } } }", version=3)
    assert answer == written("Context = 1 { Subtract = ip/core/2, Subtract = ip/core/1 }")
    assert talk.is_empty()


def test_a_wildcarded_reply_is_one_reply() -> None:
    talk = GatewayTalk()
    talk.ask(CALL)
    assert talk.ask("Context = 1 { W-Subtract = * { Audit { } } }") == written("Context = 1 { Subtract = * }")
    assert talk.is_empty()


def test_all_contexts_are_visited_one_by_one() -> None:
    talk = GatewayTalk()
    talk.ask(f"{CALL}, {CALL}")
    assert talk.ask("Context = * { AuditValue = * { Audit { } } }") == written(
        "Context = 1 { AuditValue = Context { ip/core/1, ip/core/2 } },"
        "Context = 2 { AuditValue = Context { ip/core/3, ip/core/4 } }"
    )
    assert talk.ask("Context = * { W-Subtract = * { Audit { } } }") == written("Context = * { Subtract = * }")
    assert talk.is_empty()
    assert talk.code("Context = * { W-Subtract = * { Audit { } } }") == 431
    assert talk.code("Context = * { O-Subtract = * { Audit { } } }") == 0


def test_the_keep_alive() -> None:
    talk = GatewayTalk()
    for context in ("-", "*"):
        assert talk.ask(f"Context = {context} {{ AuditValue = ROOT {{ Audit {{ }} }} }}") == written(
            f"Context = {context} {{ AuditValue = ROOT }}"
        )


def test_the_answer_waits_for_the_media_plane() -> None:
    talk = GatewayTalk(slow=True)
    number = talk.begin(f"Context = $ {{ {ADD} }}")
    assert number not in talk.answers
    talk.plane_answers()
    assert "ip/core/1" in shown(talk.answers[number])
    assert talk.gateway.load().executions == 0


def test_one_context_is_worked_on_by_one_transaction_at_a_time() -> None:
    talk = GatewayTalk(slow=True)
    add = talk.begin(f"Context = $ {{ {ADD} }}")
    subtract = talk.begin(DROP)
    audit = talk.begin("Context = 1 { AuditValue = * { Audit { } } }")
    keep_alive = talk.begin("Context = - { AuditValue = ROOT { Audit { } } }")
    assert list(talk.answers) == [keep_alive]
    talk.plane_answers()
    assert list(talk.answers) == [keep_alive, add, subtract, audit]
    assert "Subtract = ip/core/1" in shown(talk.answers[subtract])
    assert "Error = 411" in shown(talk.answers[audit])
    assert talk.is_empty()


def test_other_contexts_do_not_wait() -> None:
    talk = GatewayTalk(slow=True)
    first, second = talk.begin(f"Context = $ {{ {ADD} }}"), talk.begin(f"Context = $ {{ {ADD} }}")
    talk.plane_answers(1)
    assert list(talk.answers) == [first]
    talk.plane_answers()
    assert list(talk.answers) == [first, second]


def test_a_media_plane_that_never_answers_fails_the_command() -> None:
    talk = GatewayTalk(slow=True)
    number = talk.begin(f"Context = $ {{ {ADD} }}")
    talk.wait(4.9)
    assert number not in talk.answers
    talk.wait(0.2)
    assert "Error = 500" in shown(talk.answers[number])
    assert talk.plane.told(Release) == [Release(1)]
    talk.plane_answers()  # too late: nobody listens
    assert talk.is_empty()


def test_statistics_that_do_not_come_are_those_last_known() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD} }}")
    talk._slow = True
    number = talk.begin("Context = 1 { Subtract = * }")
    talk.wait(6)
    assert "nt/os = 0" in shown(talk.answers[number])
    assert talk.gateway.load() == (0, 0, 0, 0)


def test_subtract_returns_statistics_unless_told_otherwise() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD} }}")
    assert talk.ask("Context = 1 { Subtract = ip/core/1 }") == written(
        "Context = 1 { Subtract = ip/core/1 { Statistics { nt/os = 5, nt/or = 7, nt/dur = 1000,"
        " gm/dp = 0, tcprm/rs = 0, tcprm/rtt = 0, tcptv/con = 0, tcptv/ref = 0 } } }"
    )
    assert talk.is_empty()


def test_a_context_lives_as_long_as_its_action_although_it_is_empty() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD} }}")
    answer = talk.ask(f"Context = 1 {{ Subtract = * {{ Audit {{ }} }}, {ADD} }}")
    assert "Add = ip/core/2" in answer
    assert talk.gateway.load()[:3] == (1, 1, 1)


def test_terminations_released_while_they_are_opened_do_not_come_to_life() -> None:
    talk = GatewayTalk(slow=True)
    number = talk.begin(f"Context = $ {{ {ADD} }}")
    talk.ask(
        'Context = - { ServiceChange = ROOT { Services { Method = Restart, Reason = "901 Cold Boot" } } }'
    )
    assert [d.change.method for d in talk.directed] == ["Restart"]
    talk.plane_answers()
    assert "Error = 430" in shown(talk.answers[number])
    assert talk.is_empty()


def test_late_events_of_released_endpoints_are_nobodys() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD} }}")
    talk.ask(DROP)
    talk.happen(Released(1, 0.0, talk.plane.counters))
    assert talk.is_empty()


@pytest.mark.parametrize(
    ("limits", "last_good", "one_too_many", "code"),
    [
        (Limits(contexts=1), CALL, CALL, 412),
        (Limits(terminations_per_context=2), CALL, f"Context = 1 {{ {ADD} }}", 434),
    ],
    ids=["contexts", "terminations"],
)
def test_limits(limits: Limits, last_good: str, one_too_many: str, code: int) -> None:
    talk = GatewayTalk(gateway_settings(limits))
    assert talk.code(last_good) == 0
    assert talk.code(one_too_many) == code
    talk.ask(DROP)
    assert talk.is_empty()


def test_ports_run_out_gracefully() -> None:
    talk = GatewayTalk(plane=FakePlane(ports=3))
    assert talk.code(CALL) == 0
    assert talk.code(CALL) == 510  # the first of its two Adds was good, the second found no port
    assert talk.gateway.load()[:3] == (2, 3, 3)
    talk.ask("Context = * { W-Subtract = * { Audit { } } }")
    assert talk.is_empty()


def test_too_many_transactions_at_a_time_are_told_so() -> None:
    talk = GatewayTalk(gateway_settings(Limits(executions=2)), slow=True)
    numbers = [talk.begin(f"Context = $ {{ {ADD} }}") for _ in range(3)]
    assert "Error = 511" in shown(talk.answers[numbers[2]])
    talk.plane_answers()
    assert sorted(talk.answers) == sorted(numbers)


def test_a_long_transaction_lets_others_have_their_turn() -> None:
    talk = GatewayTalk(gateway_settings(Limits(steps=10)))
    talk.ask(", ".join([CALL] * 2))
    for _ in range(10):
        talk.wait(0)
    assert talk.gateway.load().contexts == 2
    for _ in range(50):
        talk.ask(f"Context = $ {{ {ADD} }}")
    drop = talk.begin("Context = * { Subtract = * { Audit { } } }")
    assert drop not in talk.answers
    assert talk.gateway.deadline == talk.now  # it goes on as soon as it may
    between = talk.begin("Context = - { AuditValue = ROOT { Audit { } } }")
    another = talk.begin(f"Context = $ {{ {ADD} }}")
    assert {between, another} <= set(talk.answers)
    assert drop not in talk.answers
    talk.wait(0)
    assert drop in talk.answers
    assert talk.gateway.load().contexts == 1  # the one that came later


def test_a_union_over_all_contexts_takes_turns_as_well() -> None:
    talk = GatewayTalk(gateway_settings(Limits(steps=10)))
    for _ in range(30):
        talk.ask(CALL)
    number = talk.begin("Context = * { W-Subtract = * { Audit { } } }")
    talk.wait(0)
    assert shown(talk.answers[number]) == written("Context = * { Subtract = * }")
    assert talk.is_empty()


def test_what_takes_turns_is_answered_when_the_gateway_ends() -> None:
    talk = GatewayTalk(gateway_settings(Limits(steps=10)))
    for _ in range(30):
        talk.ask(f"Context = $ {{ {ADD} }}")
    number = talk.begin("Context = * { Subtract = * { Audit { } } }")
    talk.feed(Shutdown())
    assert "Error = 503" in shown(talk.answers[number])
    assert talk.gateway.deadline == NEVER
