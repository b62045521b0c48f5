"""Ix: the basic call of TS 29.162 in its own order, and what does not cross a border."""

import pytest

from imsedge.alg.directions import TcpStart
from imsedge.alg.policy import Anchoring, Policy, Profile
from kit.edge_talk import FINGERPRINT, EdgeTalk, sdp
from kit.gateway_talk import shown_request

BORDER = Policy(profile=Profile.IX, anchoring=Anchoring.ALWAYS)


def tcp(setup: str, port: int = 7654, host: str = "198.51.100.7", proto: str = "TCP/BFCP") -> str:
    kind = "message" if "MSRP" in proto else "application"
    extra = ["a=msrp-cema", "a=path:msrps://x.example:1/a;tcp"] if "MSRP" in proto else ["a=floorid:1"]
    extra += [f"a=fingerprint:{FINGERPRINT}"] if "TLS" in proto else []
    return sdp(f"m={kind} {port} {proto} *", f"a=setup:{setup}", *extra, host=host)


def answered(setup: str, proto: str = "TCP/BFCP") -> str:
    return tcp(setup, 9 if setup == "active" else 2855, "10.9.9.9", proto)


def orders(talk: EdgeTalk) -> list[str]:
    return [shown_request((action,)) for action in talk.h248]


def test_the_basic_call() -> None:
    """Add where the offer leaves, Modify with the answer, then Add where it came from."""
    talk = EdgeTalk(BORDER)
    assert talk.invite(tcp("actpass")) == ["gw Reserve core", "core INVITE"]
    assert talk.answer(200, answered("active")) == [
        "gw Configure core",
        "gw Reserve And Configure access",
        "ue 200 INVITE",
    ]
    first, second, third = orders(talk)
    assert "Add = $" in first
    assert "Remote" not in first
    assert "Modify = ip/core/1" in second
    assert "c=IN IP4 10.9.9.9" in second
    assert "Add = $" in third
    assert 'ipdc/realm = "access"' in third
    assert "c=IN IP4 $" in third
    assert "m=- $ TCP -\na=setup:active" in third
    assert "c=IN IP4 198.51.100.7\nm=- 7654 TCP -" in third
    assert "Mode = SendReceive" in third
    assert talk.body("ue")[3:6] == ["c=IN IP4 203.0.113.5", "t=0 0", "m=application 30001 TCP/BFCP *"]
    assert talk.inside("ue", "ACK") == ["core ACK"]
    assert talk.inside("core", "BYE") == ["ue BYE", "gw Release"]
    assert talk.real.is_empty()


@pytest.mark.parametrize("start", TcpStart)
def test_who_waits_to_be_called_is_called_from_the_side_that_is_there_first(start: TcpStart) -> None:
    talk = EdgeTalk(Policy(profile=Profile.IX, anchoring=Anchoring.ALWAYS, tcp_start=start))
    talk.invite(tcp("actpass"))
    talk.answer(200, answered("passive"))
    _, second, third = orders(talk)
    assert ("tcpbcc/EstBNC" in second) is (start is TcpStart.ORDERED)
    assert "a=setup:passive" in third


@pytest.mark.parametrize("proto", ["TCP/TLS/MSRP", "TCP/TLS/BFCP"])
def test_tls_passes_and_nobody_is_asked_for_e2ae(proto: str) -> None:
    talk = EdgeTalk(BORDER)
    talk.invite(tcp("actpass", proto=proto) + "a=3ge2ae:requested\r\n")
    talk.answer(200, answered("active", proto))
    assert all(" TCP -" in order and "TLS" not in order for order in orders(talk))
    assert f"a=fingerprint:{FINGERPRINT}" in talk.body("ue")


def test_what_the_gateway_does_not_carry_does_not_pass_by() -> None:
    talk = EdgeTalk(BORDER)
    audio = "m=audio 4000 RTP/AVP 0\r\n"
    assert talk.invite(sdp(audio.strip())) == ["ue 488 INVITE"]
    talk = EdgeTalk(BORDER)
    assert talk.invite(tcp("actpass") + audio) == ["gw Reserve core", "core INVITE"]
    assert "m=audio 0 RTP/AVP 0" in talk.body("core")


def test_a_call_that_nobody_answers_never_had_a_termination_for_its_caller() -> None:
    talk = EdgeTalk(BORDER)
    talk.invite(tcp("actpass"))
    assert talk.answer(486) == ["core ACK", "ue 486 INVITE", "gw Release"]
    assert len(orders(talk)) == 2
    assert talk.real.is_empty()


def test_a_line_that_comes_later_is_reserved_in_the_same_order() -> None:
    talk = EdgeTalk(BORDER)
    talk.invite(tcp("actpass"))
    talk.answer(200, answered("active"))
    talk.inside("ue", "ACK")
    more = "m=application 7700 TCP *\r\na=setup:actpass\r\n"
    assert talk.inside("ue", "INVITE", tcp("actpass") + more) == ["gw Configure core", "core INVITE"]
    reply = answered("active") + "m=application 9 TCP *\r\na=setup:active\r\n"
    assert talk.answer(200, reply) == ["gw Configure core", "gw Configure access", "ue 200 INVITE"]
    last = orders(talk)[-1]
    assert "Modify = ip/access/1" in last
    assert "Stream = 2" in last
    assert "Stream = 1" not in last
    assert "c=IN IP4 $" in last


def test_a_later_line_that_is_refused_is_released_where_it_was_reserved() -> None:
    talk = EdgeTalk(BORDER)
    talk.invite(tcp("actpass"))
    talk.answer(200, answered("active"))
    talk.inside("ue", "ACK")
    more = "m=application 7700 TCP *\r\na=setup:actpass\r\n"
    talk.inside("ue", "INVITE", tcp("actpass") + more)
    assert talk.answer(488) == ["core ACK", "gw Configure core", "ue 488 INVITE"]


def test_a_gateway_without_room_for_the_caller_ends_the_call_both_ways() -> None:
    talk = EdgeTalk(BORDER)
    talk.invite(tcp("actpass"))
    talk.answers = ["real", None]
    assert talk.answer(200, answered("active")) == [
        "gw Configure core",
        "gw Reserve And Configure access",
        "gw Release",
        "ue 503 INVITE",
        "core ACK",
        "core BYE",
    ]


def test_early_calls_of_who_answers_are_dropped_until_then() -> None:
    """Who called is known by the time that its side is reserved: nothing is dropped there."""
    policy = Policy(profile=Profile.IX, anchoring=Anchoring.ALWAYS, delayed_establishment=True)
    talk = EdgeTalk(policy)
    talk.invite(tcp("actpass"))
    talk.answer(200, answered("active"))
    first, second, third = orders(talk)
    assert "tcpbcc/incoming = discard" in first
    assert "tcpbcc/incoming = accept" in second
    assert "tcpbcc/incoming" not in third
