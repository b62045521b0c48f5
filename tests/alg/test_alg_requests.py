"""What the operator's settings add to what the gateway is told: silence, marks, rates, held SYN-ACKs."""

from msgspec.structs import replace

from imsedge.agw.settings import Abilities
from imsedge.alg.policy import Anchoring, Policy, SynAck
from imsedge.alg.procedures import Side, TcpMode, Traffic
from imsedge.h248.model import ActionRequest, CommandRequest, ObservedEvent, ObservedEvents, Verb
from imsedge.sdp.kinds import Medium
from imsedge.sdp.offer_answer import DISCARD_PORT
from kit.edge_bodies import CORE_OFFER, OFFER, core_answer, ue_answer
from kit.edge_talk import EdgeTalk, sdp
from kit.gateway_talk import GatewayTalk, gateway_settings, shown_request


def tcp(setup: str, port: int, host: str = "198.51.100.7") -> str:
    return sdp(f"m=application {port} TCP *", f"a=setup:{setup}", host=host)


def orders(talk: EdgeTalk) -> list[str]:
    return [shown_request((action,)) for action in talk.h248]


def test_marks_and_rates_go_with_the_reservation_of_their_side_and_medium() -> None:
    traffic = {
        (Side.ACCESS, Medium.MSRP): Traffic(dscp=46, peak_rate=9_000),
        (Side.CORE, Medium.MSRP): Traffic(sustained_rate=500, burst=70),
        (Side.CORE, Medium.BFCP): Traffic(dscp=1),
    }
    talk = EdgeTalk(Policy(traffic=traffic))
    talk.invite(OFFER)
    core, access = orders(talk)
    assert "tman/sdr = 500" in core
    assert "tman/mbs = 70" in core
    assert "tman/pol = ON" in core.replace("true", "ON").replace("True", "ON")
    assert "ds/dscp" not in core
    assert "ds/dscp = b8" in access.lower()
    assert "tman/pdr = 9000" in access
    talk.answer(200, core_answer("passive"))
    assert not any("tman" in order or "ds/" in order for order in orders(talk)[2:])


def test_silence_is_armed_and_ends_the_call() -> None:
    talk = EdgeTalk(Policy(inactivity=90))
    talk.invite(OFFER)
    talk.answer(200, core_answer("passive"))
    talk.inside("ue", "ACK")
    assert all("adid/ipstop" in order and "dt = 90" in order for order in orders(talk)[:2])
    stopped = ObservedEvents(1, (ObservedEvent("adid/ipstop", stream=1),))
    command = CommandRequest(Verb.NOTIFY, ("ip/access/1",), observed=stopped)
    assert talk.notify(ActionRequest(1, (command,))) == ["gw reply", "gw Release", "ue BYE", "core BYE"]
    assert "no payload for too long" in talk.logs[-2]


HELD = Policy(anchoring=Anchoring.ALWAYS, syn_ack=SynAck.LINKED_LEG)


def able(talk: EdgeTalk) -> EdgeTalk:
    """With a gateway that can hear a SYN without answering it."""
    talk.real = GatewayTalk(replace(gateway_settings(), abilities=Abilities(hold=True)))
    return talk


def test_the_syn_ack_is_held_where_the_gateway_is_called() -> None:
    talk = able(EdgeTalk(HELD))
    talk.invite(tcp("actpass", 7654))
    talk.answer(200, tcp("passive", 2855, "10.9.9.9"))
    reserved, (towards_core, access) = orders(talk)[:2], orders(talk)[2:]
    assert all("tcpbcc/incoming = hold" in order for order in reserved)
    assert "hold" not in towards_core
    assert "tcpbcc/incoming = hold" in access


def test_nothing_is_held_when_both_parties_call() -> None:
    talk = EdgeTalk(Policy(anchoring=Anchoring.ALWAYS, syn_ack=SynAck.LINKED_LEG, tcp_mode=TcpMode.MERGE))
    talk.invite(tcp("active", DISCARD_PORT))
    talk.answer(200, tcp("active", DISCARD_PORT, "10.9.9.9"))
    assert not any("hold" in order for order in orders(talk))


def test_a_secured_call_is_held_too() -> None:
    talk = able(EdgeTalk(Policy(syn_ack=SynAck.LINKED_LEG)))
    talk.invite(CORE_OFFER, party="core")
    talk.answer(200, ue_answer("active"))
    assert all("tcpbcc/incoming = hold" in order for order in orders(talk)[:2])


def test_the_two_sides_may_have_different_address_families() -> None:
    """The side of a party gets the family that the party uses, the other one that of the settings."""
    talk = EdgeTalk(Policy(anchoring=Anchoring.ALWAYS))
    offer = tcp("actpass", 7654, "2001:db8::7").replace("IN IP4 2001", "IN IP6 2001")
    talk.invite(offer)
    access, core = orders(talk)
    assert "c=IN IP6 $" in access
    assert "c=IN IP4 $" in core
    talk.answer(200, tcp("passive", 2855, "10.9.9.9"))
    assert "c=IN IP6 2001:db8::5" in talk.body("ue")
    assert "c=IN IP4 10.0.0.1" in talk.body("core")
