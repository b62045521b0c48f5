"""Add, Modify, Subtract: what each does to terminations, streams and endpoints."""

from imsedge.bearer.messages import Configure, Open, Release, Setup, StartTcp, StartTls, Statistics
from imsedge.core.address import TransportAddress
from kit.fake_plane import FakePlane
from kit.gateway_talk import GatewayTalk, written

LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP -\n"
TLS = "v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=setup:actpass\n"
REMOTE = "v=0\nc=IN IP4 10.9.9.9\nm=- 2855 TCP -\n"


def stream(number: int, what: str) -> str:
    return f"Stream = {number} {{ {what} }}"


def add(*streams: str, more: str = "", name: str = "$") -> str:
    return f"Add = {name} {{ Media {{ {', '.join(streams)} }} {more} }}"


def modify(*streams: str, more: str = "") -> str:
    return f"Context = 1 {{ Modify = ip/core/1 {{ Media {{ {', '.join(streams)} }} {more} }} }}"


ONE = stream(1, f"Local {{ {LOCAL}}}")
TWO = stream(2, f"Local {{ {LOCAL}}}")


def test_each_stream_has_an_endpoint_and_shares_a_link_with_its_like() -> None:
    talk = GatewayTalk()
    answer = talk.ask(f"Context = $ {{ {add(ONE, TWO)}, {add(TWO)} }}")
    assert answer.count("Stream = 1") == 1
    opened = [order for order in talk.plane.orders if isinstance(order, Open)]
    assert [(o.endpoint, o.link) for o in opened] == [(1, 1), (2, 2), (3, 2)]
    assert "m=- 30002 TCP -" in answer


def test_bare_stream_parameters_are_stream_1() -> None:
    talk = GatewayTalk()
    assert "Stream = 1" in talk.ask(f"Context = $ {{ {add(f'Local {{ {LOCAL}}}')} }}")


def test_the_realm_comes_from_the_property_or_the_name_or_is_the_default() -> None:
    talk = GatewayTalk()
    realm = stream(1, f'LocalControl {{ ipdc/realm = "ACCESS" }}, Local {{ {LOCAL}}}')
    assert "Add = ip/access/1" in talk.ask(f"Context = $ {{ {add(realm)} }}")
    assert "Add = ip/access/2" in talk.ask(f"Context = $ {{ {add(ONE, name='ip/access/$')} }}")
    assert "Add = ip/core/1" in talk.ask(f"Context = $ {{ {add(ONE, name='ip/$')} }}")


def test_an_address_of_the_realm_may_be_named() -> None:
    talk = GatewayTalk()
    named = LOCAL.replace("IP4 $", "IP6 2001:db8::5")
    assert talk.code(f"Context = $ {{ {add(stream(1, f'Local {{ {named}}}'), name='ip/access/$')} }}") == 0
    assert talk.plane.told(Open)[0] == Open(1, 1, 1, "2001:db8::5", talk.plane.open[1], "C1 ip/access/1/1")


def test_signals_are_given_when_the_endpoint_is_open() -> None:
    talk = GatewayTalk()
    tls = stream(2, f"Local {{ {TLS}}}, Remote {{ {REMOTE.replace('TCP', 'TCP/TLS')}}}")
    signals = ", Signals { tcpbcc/EstBNC { Stream = 2 }, tlsbsc/EstBNC { Stream = 2 } }"
    assert talk.code(f"Context = $ {{ {add(ONE, tls, more=signals)} }}") == 0
    assert talk.plane.orders[2:] == [StartTcp(2), StartTls(2)]


def test_a_signal_without_a_stream_is_for_all() -> None:
    talk = GatewayTalk()
    far = [stream(n, f"Local {{ {LOCAL}}}, Remote {{ {REMOTE}}}") for n in (1, 2)]
    assert talk.code(f"Context = $ {{ {add(*far, more=', Signals { tcpbcc/EstBNC }')} }}") == 0
    assert talk.plane.told(StartTcp) == [StartTcp(1), StartTcp(2)]


def test_modify_keeps_what_it_does_not_mention() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add(stream(1, f'Local {{ {LOCAL}}}, Remote {{ {REMOTE}}}'))} }}")
    talk.ask(modify(stream(1, f"Local {{ {LOCAL}a=setup:active\n}}")))
    settings = talk.plane.open[1]
    assert (settings.remote, settings.setup) == (TransportAddress("10.9.9.9", 2855), Setup.ACTIVE)


def test_modify_that_changes_nothing_orders_nothing() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add(ONE)} }}")
    assert talk.ask(modify(stream(1, "LocalControl { Mode = Inactive }"))) == written(
        "Context = 1 { Modify = ip/core/1 }"
    )
    assert talk.plane.told(Configure) == []


def test_modify_answers_local_when_something_was_left_open() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add(ONE)} }}")
    assert "m=- 30000 TCP -" in talk.ask(modify(ONE))
    closed = LOCAL.replace("IP4 $", "IP4 10.0.0.1").replace("- $", "- 30000")
    assert talk.ask(modify(stream(1, f"Local {{ {closed}}}"))) == written(
        "Context = 1 { Modify = ip/core/1 }"
    )


def test_modify_adds_and_takes_away_streams() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add(ONE)} }}")
    assert "m=- 30001 TCP -" in talk.ask(modify(TWO))
    assert set(talk.plane.open) == {1, 2}
    gone = stream(1, "LocalControl { Mode = Inactive }, Local { }, Remote { }")
    assert talk.ask(modify(gone)) == written("Context = 1 { Modify = ip/core/1 }")
    assert set(talk.plane.open) == {2}


def test_a_modify_whose_new_stream_finds_no_port_changes_nothing() -> None:
    talk = GatewayTalk(plane=FakePlane(ports=1))
    talk.ask(f"Context = $ {{ {add(ONE)} }}")
    far = stream(1, f"Remote {{ {REMOTE}}}")
    assert talk.code(modify(far, TWO, more=", Events = 5 { g/cause }")) == 510
    assert talk.plane.open[1].remote is None
    (termination,) = talk.gateway.contexts()[0].terminations
    assert (termination.events, len(termination.streams)) == ((), 1)


def test_an_add_whose_second_stream_finds_no_port_gives_the_first_back() -> None:
    talk = GatewayTalk(plane=FakePlane(ports=1))
    assert talk.code(f"Context = $ {{ {add(ONE, TWO)} }}") == 510
    assert talk.plane.told(Release) == [Release(1)]
    assert talk.is_empty()


def test_an_audit_in_add_is_answered_with_it() -> None:
    talk = GatewayTalk()
    answer = talk.ask(f"Context = $ {{ {add(ONE, more=', Audit { Media, Statistics }')} }}")
    assert answer.count("Media") == 1
    assert "Mode = Inactive" in answer
    assert "nt/os = 0" in answer


def test_statistics_are_summed_over_the_streams_but_not_the_time() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add(ONE, TWO)} }}")
    talk.happen(*(Statistics(n, 0.0, talk.plane.counters) for n in (1, 2)))
    answer = talk.ask("Context = 1 { Subtract = * { Audit { Statistics } } }")
    assert "nt/os = 10" in answer
    assert "nt/dur = 1000" in answer


def test_a_hand_off_is_the_daemons_business() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add(ONE)} }}")
    services = (
        'Services { Method = HandOff, Reason = "903 MGC Directed Change", MgcIdToTry = [10.0.0.8]:2944 }'
    )
    assert talk.ask(f"Context = - {{ ServiceChange = ROOT {{ {services} }} }}") == written(
        "Context = - { ServiceChange = ROOT }"
    )
    assert str(talk.directed[0].change.mgc_id) == "[10.0.0.8]:2944"
    assert talk.gateway.load().contexts == 1


def test_forcing_the_gateway_out_of_service_drops_all_contexts() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add(ONE)} }}")
    talk.ask('Context = - { ServiceChange = ROOT { Services { Method = Forced, Reason = "905 Off" } } }')
    assert talk.is_empty()
