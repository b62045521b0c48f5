"""TCP that is anchored without being secured: figure y.2.1 as a conversation, modes, directions, annex D."""

import pytest

from imsedge.alg.directions import TcpStart
from imsedge.alg.policy import Anchoring, Aware, Policy
from imsedge.alg.procedures import TcpMode
from kit.edge_talk import FINGERPRINT, EdgeTalk, sdp
from kit.gateway_talk import shown_request

UE_FIRST = ["gw Reserve access", "gw Reserve core", "core INVITE"]
CORE_FIRST = ["gw Reserve core", "gw Reserve access", "ue INVITE"]
ALWAYS = Policy(anchoring=Anchoring.ALWAYS)


def tcp(setup: str = "actpass", port: int = 7654, host: str = "198.51.100.7", proto: str = "TCP/BFCP") -> str:
    kind, end = ("message", " *") if "MSRP" in proto else ("application", " *")
    extra = ["a=msrp-cema", "a=path:msrp://x.example:1/a;tcp"] if "MSRP" in proto else ["a=floorid:1"]
    if "TLS" in proto:
        extra.append(f"a=fingerprint:{FINGERPRINT}")
    return sdp(f"m={kind} {port} {proto}{end}", f"a=setup:{setup}", *extra, host=host)


def core(setup: str, proto: str = "TCP/BFCP") -> str:
    return tcp(setup, 9 if setup == "active" else 2855, "10.9.9.9", proto)


def setups(talk: EdgeTalk, party: str) -> list[str]:
    return [line for line in talk.body(party) if line.startswith("a=setup")]


def orders(talk: EdgeTalk) -> list[str]:
    """What the gateway was told, as text."""
    return [shown_request((action,)) for action in talk.h248]


def test_figure_y_2_1_with_the_order_to_connect() -> None:
    talk = EdgeTalk(Policy(anchoring=Anchoring.ALWAYS, tcp_start=TcpStart.ORDERED, report_connected=True))
    assert talk.invite(tcp()) == UE_FIRST
    for order in orders(talk):
        assert "Remote" not in order
        assert "tcpbcc/mode" not in order
    assert talk.answer(200, core("passive")) == ["gw Configure core", "gw Configure access", "ue 200 INVITE"]
    twelve, eighteen = orders(talk)[2:]
    assert "tcpbcc/mode = proxy" in twelve
    assert "tcpbcc/EstBNC" in twelve
    assert "a=setup:active" in twelve
    assert "BNCChange" not in twelve
    assert "EstBNC" not in eighteen
    assert "a=setup:passive" in eighteen
    assert "Type = [Est,Mfail,Cut]" in eighteen
    assert talk.inside("ue", "ACK") == ["core ACK"]
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
    assert talk.real.is_empty()


def test_the_descriptions_differ_in_addresses_only() -> None:
    talk = EdgeTalk(ALWAYS)
    talk.invite(tcp())
    want = tcp("actpass", 30_001).replace("c=IN IP4 198.51.100.7", "c=IN IP4 10.0.0.1")
    assert talk.body("core")[3:] == want.split("\r\n")[3:-1]
    talk.answer(200, core("active"))
    assert setups(talk, "ue") == ["a=setup:active"]


@pytest.mark.parametrize("proto", ["TCP/MSRP", "TCP/BFCP", "TCP", "TCP/TLS/BFCP", "TCP/TLS/MSRP"])
def test_every_tcp_medium_is_tcp_to_the_gateway(proto: str) -> None:
    talk = EdgeTalk(ALWAYS)
    assert talk.invite(tcp(proto=proto)) == UE_FIRST
    assert all(" TCP -" in order and "TLS" not in order for order in orders(talk))
    assert any(line.startswith("a=fingerprint") for line in talk.body("core")) is ("TLS" in proto)


def test_the_core_calls_and_the_gateway_follows() -> None:
    talk = EdgeTalk(ALWAYS)
    assert talk.invite(core("actpass"), party="core") == CORE_FIRST
    assert talk.answer(200, tcp("passive")) == [
        "gw Configure access",
        "gw Configure core",
        "core 200 INVITE",
    ]
    access, towards_core = orders(talk)[2:]
    assert "a=setup:active" in access
    assert "a=setup:passive" in towards_core
    assert not any("EstBNC" in text for text in (access, towards_core))


def test_merge_by_policy() -> None:
    talk = EdgeTalk(Policy(anchoring=Anchoring.ALWAYS, tcp_mode=TcpMode.MERGE))
    talk.invite(tcp())
    assert setups(talk, "core") == ["a=setup:passive"]
    talk.answer(200, core("active"))
    assert setups(talk, "ue") == ["a=setup:passive"]
    assert all("tcpbcc/mode = merge" in order for order in orders(talk)[2:])


def test_delayed_establishment_drops_the_answerers_early_call() -> None:
    talk = EdgeTalk(Policy(anchoring=Anchoring.ALWAYS, delayed_establishment=True))
    talk.invite(tcp())
    access, towards_core = orders(talk)
    assert "tcpbcc/incoming = discard" in towards_core
    assert "tcpbcc/incoming" not in access
    talk.answer(200, core("active"))
    accepted = orders(talk)[2]
    assert "tcpbcc/incoming = accept" in accepted
    assert "10.9.9.9" in accepted


@pytest.mark.parametrize("anchoring", [Anchoring.NEVER, Anchoring.BEHIND_NAT])
def test_what_is_not_anchored_passes_by(anchoring: Anchoring) -> None:
    talk = EdgeTalk(Policy(anchoring=anchoring))
    assert talk.invite(tcp()) == ["core INVITE"]
    assert talk.body("core") == tcp().split("\r\n")[:-1]
    assert talk.answer(200, core("passive")) == ["ue 200 INVITE"]


def test_msrp_that_compares_addresses_passes_by_where_the_gateway_is_agnostic() -> None:
    talk = EdgeTalk(Policy(anchoring=Anchoring.ALWAYS, aware=Aware.NEVER))
    assert talk.invite(tcp(proto="TCP/MSRP").replace("a=msrp-cema\r\n", "")) == ["core INVITE"]


def test_a_line_that_goes_on_costs_nothing_and_one_that_moves_gets_a_new_stream() -> None:
    talk = EdgeTalk(ALWAYS)
    talk.invite(tcp())
    talk.answer(200, core("passive"))
    talk.inside("ue", "ACK")
    assert talk.inside("ue", "INVITE", tcp()) == ["core INVITE"]
    assert talk.answer(200, core("passive")) == ["ue 200 INVITE"]
    talk.inside("ue", "ACK")
    assert talk.inside("ue", "INVITE", tcp(port=7700)) == [
        "gw Configure access",
        "gw Configure core",
        "core INVITE",
    ]
