"""The border of two networks as a conversation: two dialogs, one call, and nothing of one in the other."""

import pytest
from msgspec.structs import replace

from imsedge.h248.association.events import GatewayLost
from imsedge.sip.message import Headers, SipMessage, SipRequest, SipResponse
from kit.border_talk import BorderTalk
from kit.edge_talk import CORE, GATEWAY, UE, sdp

TELLING = (
    "Record-Route: <sip:scscf.visited.example;lr>",
    "History-Info: <sip:x@198.51.100.99>;index=1",
    "P-Charging-Vector: icid-value=1;icid-generated-at=pcscf.visited.example",
    "User-Agent: phone at 198.51.100.7",
    "Supported: 100rel, timer, gruu",
    "Session-Expires: 1800",
    "X-Unknown: 198.51.100.7",
)


def tcp(setup: str, port: int = 7654, host: str = UE.host) -> str:
    return sdp(f"m=application {port} TCP/BFCP *", f"a=setup:{setup}", "a=floorid:1", host=host)


OFFER, ANSWER = tcp("actpass"), tcp("active", 9, CORE.host)


def fields(message: SipMessage) -> dict[str, str]:
    return dict(message.headers)


def test_each_network_has_a_dialog_of_its_own() -> None:
    talk = BorderTalk()
    assert talk.invite(OFFER, *TELLING) == ["gw Reserve core", "core INVITE"]
    sent = talk.last("core", SipRequest, "INVITE")
    assert talk.reply("core", 180) == ["ue 180 INVITE"]
    assert talk.answer(200, ANSWER) == [
        "gw Configure core",
        "gw Reserve And Configure access",
        "ue 200 INVITE",
    ]
    received = talk.last("ue", SipResponse, "INVITE")
    assert sent.call_id != received.call_id == "call-1"
    assert sent.from_.tag != received.from_.tag == "a1"
    assert received.to.tag not in (None, "b1")
    assert len(sent.headers.all("Via")) == 1
    assert (fields(sent)["Contact"], fields(received)["Contact"]) == (
        "<sip:10.0.0.1:5070>",
        "<sip:203.0.113.1:5060>",
    )
    assert fields(sent)["Supported"] == "100rel, timer"
    assert fields(sent)["Session-Expires"] == "1800"
    assert fields(sent)["Max-Forwards"] == "69"
    assert received.headers.all("Record-Route") == ("<sip:scscf.visited.example;lr>",)


def test_nothing_of_one_network_is_seen_in_the_other() -> None:
    talk = BorderTalk()
    talk.invite(OFFER, *TELLING)
    telling = [
        ("Record-Route", "<sip:icscf.home.example;lr>"),
        ("Server", CORE.host),
        ("Warning", f'399 {CORE.host} "x"'),
    ]
    talk.answer(200, ANSWER, headers=telling)
    talk.inside("ue", "ACK")
    for party, method in (("ue", "UPDATE"), ("core", "INFO"), ("core", "OPTIONS"), ("ue", "BYE")):
        talk.inside(party, method, "", *TELLING)
        other = "core" if party == "ue" else "ue"
        talk.reply(other, 200, headers=telling, tag="")
    for party, secrets in (
        ("core", (UE.host, "visited.example", "call-1", "a1")),
        ("ue", (CORE.host, "icscf", "b1")),
    ):
        octets = talk.octets(party)
        leaked = [s for s in secrets if s.encode() in octets.replace(b"scscf.visited.example", b"")]
        assert leaked == [], octets.decode()
    assert talk.real.is_empty()
    assert talk.border.remembered == 0


def test_names_of_hosts_are_not_seen_in_descriptions_either() -> None:
    talk = BorderTalk()
    visited, home = "scscf.visited.example", "icscf.home.example"
    talk.invite(OFFER.replace("s=-", f"s=at {visited}") + f"a=x-by:{visited}:99\r\n", *TELLING)
    assert visited.encode() not in talk.octets("core")
    answer = ANSWER.replace("s=-", f"s=at {home}") + f"a=x-by:{home}\r\n"
    talk.answer(200, answer, headers=[("Record-Route", f"<sip:{home};lr>")])
    assert home.encode() not in talk.octets("ue")
    assert b"a=floorid:1" in talk.octets("core")
    assert b"a=floorid:1" in talk.octets("ue")


def test_requests_go_both_ways_along_each_dialog() -> None:
    talk = BorderTalk()
    talk.call(OFFER, ANSWER)
    ack = talk.last("core", SipRequest, "ACK")
    assert ack.uri == f"sip:bob@{CORE}"
    assert talk.inside("core", "INFO") == ["ue INFO"]
    info = talk.last("ue", SipRequest, "INFO")
    assert (info.uri, info.call_id, info.to.tag) == (f"sip:alice@{UE}", "call-1", "a1")
    assert talk.reply("ue", 200, tag="") == ["core 200 INFO"]
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
    assert talk.last("core", SipRequest, "BYE").to.tag == "b1"
    assert talk.reply("core", 200, tag="") == ["ue 200 BYE"]


def test_our_own_network_calls() -> None:
    talk = BorderTalk()
    assert talk.invite(ANSWER.replace("active", "actpass").replace(" 9 ", " 2855 "), party="core") == [
        "gw Reserve access",
        "ue INVITE",
    ]
    assert talk.answer(200, OFFER.replace("actpass", "active")) == [
        "gw Configure access",
        "gw Reserve And Configure core",
        "core 200 INVITE",
    ]
    assert talk.last("ue", SipRequest, "INVITE").uri == "sip:bob@home.example"


def test_forks_are_told_apart() -> None:
    talk = BorderTalk()
    talk.invite(OFFER)
    seen = []
    for tag in ("b1", "b2", "b1"):
        talk.reply("core", 180, tag=tag)
        seen.append(talk.last("ue", SipResponse).to.tag)
    assert seen[0] == seen[2] != seen[1]
    assert {"b1", "b2"}.isdisjoint(seen)
    talk.reply("core", 200, ANSWER, tag="b2")
    assert talk.last("ue", SipResponse).to.tag == seen[1]


def test_a_reliable_answer_is_confirmed_where_it_came_from() -> None:
    talk = BorderTalk()
    talk.invite(OFFER, "Require: 100rel")
    reliable = [("Require", "100rel"), ("RSeq", "7")]
    assert talk.reply("core", 183, ANSWER, headers=reliable)[-1] == "ue 183 INVITE"
    assert fields(talk.last("ue", SipResponse))["RSeq"] == "7"
    assert talk.inside("ue", "PRACK", "", "RAck: 7 1 INVITE") == ["core PRACK"]
    prack = talk.last("core", SipRequest, "PRACK")
    assert (fields(prack)["RAck"], prack.to.tag) == ("7 1 INVITE", "b1")
    assert talk.reply("core", 200, method="PRACK", tag="") == ["ue 200 PRACK"]


def test_cancel_and_failures() -> None:
    talk = BorderTalk()
    talk.invite(OFFER)
    talk.reply("core", 180)
    assert talk.cancel() == ["ue 200 CANCEL", "core CANCEL"]
    assert talk.last("core", SipRequest, "CANCEL").call_id == talk.last("core", SipRequest, "INVITE").call_id
    assert talk.reply("core", 487, method="INVITE") == ["core ACK", "ue 487 INVITE", "gw Release"]
    assert talk.real.is_empty()
    assert talk.border.remembered == 0


@pytest.mark.parametrize(("status", "seen"), [(486, 486), (302, 480), (407, 403), (603, 603)])
def test_refusals_are_those_of_the_border(status: int, seen: int) -> None:
    talk = BorderTalk()
    talk.invite(OFFER)
    talk.reply("core", status, headers=[("Contact", f"<sip:bob@{CORE}>")])
    answered = talk.last("ue", SipResponse)
    assert answered.status == seen
    assert "Contact" not in answered.headers


def test_a_further_offer_comes_from_the_other_side() -> None:
    talk = BorderTalk()
    talk.call(OFFER, ANSWER)
    assert talk.inside("core", "INVITE", ANSWER) == ["ue INVITE"]
    again = talk.last("ue", SipRequest, "INVITE")
    assert again.call_id == "call-1"
    assert again.to.tag == "a1"
    assert talk.reply("ue", 200, tcp("passive"), method="INVITE", tag="") == ["core 200 INVITE"]
    assert talk.inside("core", "ACK", cseq=again.cseq.number) == ["ue ACK"]


def test_who_is_lost_hears_of_it_in_its_own_dialog() -> None:
    talk = BorderTalk()
    talk.call(OFFER, ANSWER)
    assert talk.tell(GatewayLost(GATEWAY, "silence")) == ["ue BYE", "core BYE"]
    byes = {party: talk.last(party, SipRequest, "BYE") for party in ("ue", "core")}
    assert byes["ue"].call_id == "call-1"
    assert byes["core"].call_id == talk.last("core", SipRequest, "INVITE").call_id
    assert (byes["core"].to.tag, fields(byes["core"])["Reason"]) == ("b1", "SIP;cause=503")


def test_a_page_and_a_ping_cross_without_a_call() -> None:
    talk = BorderTalk()
    page = talk.request("ue", "MESSAGE", "", "Content-Type: text/plain")
    assert talk.send("ue", page.with_body(b"I am at 10.1.1.1")) == ["core MESSAGE"]
    sent = talk.last("core", SipRequest, "MESSAGE")
    assert sent.call_id != "call-1"
    assert sent.body == b"I am at 10.1.1.1"
    assert talk.reply("core", 200) == ["ue 200 MESSAGE"]
    assert talk.send("core", talk.request("core", "OPTIONS")) == ["ue OPTIONS"]
    described = [("Content-Type", "application/sdp")]
    assert talk.reply("ue", 200, OFFER, headers=described[:0]) == ["core 200 OPTIONS"]
    assert talk.last("core", SipResponse).body == b""
    assert talk.border.remembered == 0


@pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "REFER", "NOTIFY", "PUBLISH"])
def test_what_does_not_cross(method: str) -> None:
    talk = BorderTalk()
    assert talk.send("ue", talk.request("ue", method)) == [f"ue 405 {method}"]
    assert "INVITE" in fields(talk.last("ue", SipResponse))["Allow"]


def test_an_extension_that_cannot_be_kept_up_is_refused() -> None:
    talk = BorderTalk()
    assert talk.invite(OFFER, "Require: replaces") == ["ue 420 INVITE"]
    assert fields(talk.last("ue", SipResponse))["Unsupported"] == "replaces"


def test_strangers_are_refused_on_the_side_of_the_other_network() -> None:
    talk = BorderTalk(peers=frozenset({"192.0.2.1"}))
    assert talk.invite(OFFER) == ["ue 403 INVITE"]
    assert talk.send("core", talk.request("core", "MESSAGE")) == ["ue MESSAGE"]
    assert talk.invite(OFFER, party="core")[-1] == "ue INVITE"


def test_addresses_in_identities_become_ours() -> None:
    talk = BorderTalk()
    request = talk.request("ue", "INVITE", OFFER, uri="sip:bob@203.0.113.1:5060")
    headers = request.headers.replaced("From", f"<sip:alice@{UE}>;tag=a1").replaced(
        "To", "<sip:bob@203.0.113.1>"
    )
    talk.send("ue", request.with_headers(headers))
    sent = talk.last("core", SipRequest, "INVITE")
    assert sent.uri == f"sip:bob@{CORE}"
    assert sent.from_.uri == "sip:alice@10.0.0.1:5070"
    assert sent.to.uri == f"sip:bob@{CORE}"


@pytest.mark.parametrize(
    "names",
    [("call-1", "a1", "b1"), ("call-2", "a1", "b1"), ("HIDDEN", "b1", "guess"), ("HIDDEN", "guess", "a1")],
)
def test_a_dialog_that_is_not_there_is_481_and_touches_nothing(names: tuple[str, str, str]) -> None:
    """Also for who has learnt one name of it."""
    talk = BorderTalk()
    talk.call(OFFER, ANSWER)
    hidden = talk.last("core", SipRequest, "INVITE").call_id
    bye = talk.request("core", "BYE", tags=(names[1], names[2]))
    bye = bye.with_headers(bye.headers.replaced("Call-ID", names[0].replace("HIDDEN", hidden)))
    assert talk.send("core", bye) == ["core 481 BYE"]
    assert len(talk.border.calls()) == 1


def test_late_responses_and_repeated_answers() -> None:
    talk = BorderTalk()
    talk.call(OFFER, ANSWER)
    assert talk.answer(200, ANSWER) == ["ue 200 INVITE"]  # its ACK was lost
    invite = talk.last("core", SipRequest, "INVITE")
    talk.inside("core", "BYE")
    talk.reply("ue", 200, tag="")
    kept = [field for field in invite.headers if field.name in {"Via", "From", "Call-ID", "CSeq"}]
    answer = SipResponse(status=200, headers=Headers([*kept, ("To", "<sip:bob@home.example>;tag=b1")]))
    assert talk.send("core", answer) == []
    talk.until(talk.now + 100)
    assert talk.border.remembered == 0


def test_loops_end_by_max_forwards() -> None:
    talk = BorderTalk()
    request = talk.request("ue", "INVITE", OFFER)
    assert talk.send("ue", request.with_headers(request.headers.replaced("Max-Forwards", "0"))) == [
        "ue 483 INVITE"
    ]


def test_a_host_that_is_a_name_is_found_by_the_next_hop() -> None:
    talk = BorderTalk()
    talk.invite(OFFER)
    request = talk.last("core", SipRequest)
    talk.answer(200, ANSWER)
    assert request is not None
    ack = talk.dialog_request("ue", "ACK")
    assert talk.send("ue", replace(ack, uri="sip:anything@visited.example")) == ["core ACK"]
    assert talk.last("core", SipRequest, "ACK").uri == f"sip:bob@{CORE}"


HOSTILE = {
    "no address": OFFER.replace(f"c=IN IP4 {UE.host}\r\n", ""),
    "a name for an address": OFFER.replace(f"c=IN IP4 {UE.host}", "c=IN IP4 ue.visited.example"),
    "nobody who opens TCP": OFFER.replace("actpass", "holdconn"),
    "a setup that is none": OFFER.replace("actpass", "sometimes"),
    "media that cannot cross": sdp("m=audio 4000 RTP/AVP 0"),
    "MSRP whose clients cannot meet": sdp("m=message 7654 TCP/TLS/MSRP *", "a=setup:actpass"),
    "no version": OFFER.removeprefix("v=0\r\n"),
    "no description": "hello",
}


@pytest.mark.parametrize("offer", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("party", ["ue", "core"])
def test_a_hostile_offer_is_refused_where_it_came_from(offer: str, party: str) -> None:
    talk = BorderTalk()
    seen = talk.invite(offer, party=party)
    assert seen in ([f"{party} 488 INVITE"], [f"{party} 400 INVITE"])
    assert talk.to["core" if party == "ue" else "ue"] == []
    assert talk.real.is_empty()
    assert talk.border.remembered == 0


@pytest.mark.parametrize(
    "answer",
    [
        "hello",
        ANSWER.replace("a=setup:active", "a=setup:actpass"),
        ANSWER.replace("m=application 9", "m=audio 9"),
    ],
)
def test_a_hostile_answer_ends_the_call_on_both_sides(answer: str) -> None:
    talk = BorderTalk()
    talk.invite(OFFER)
    assert talk.answer(200, answer)[-2:] == ["core ACK", "core BYE"]
    assert talk.last("ue", SipResponse).status == 488
    talk.reply("core", 200, tag="")
    assert talk.real.is_empty()
    assert talk.border.remembered == 0
