"""What is no call: other requests, routes, sides, limits; and garbage that must not hurt."""

from hypothesis import given
from hypothesis import strategies as st

from imsedge.alg import desk, legs, router  # noqa: F401 - proven here through the edge
from imsedge.core.address import TransportAddress
from imsedge.sip import events as sip
from imsedge.sip.flow import Flow
from imsedge.sip.message import Headers, SipRequest, SipResponse, make_response
from kit.edge_bodies import CORE_OFFER, OFFER, core_answer, ue_answer
from kit.edge_talk import ACCESS, CONTACTS, CORE, CORE_SIDE, UE, EdgeTalk


def test_a_message_goes_there_and_its_response_back() -> None:
    talk = EdgeTalk()
    assert talk.send("ue", talk.request("ue", "MESSAGE")) == ["core MESSAGE"]
    assert "Record-Route" not in talk.last("core", SipRequest).headers
    assert talk.reply("core", 202) == ["ue 202 MESSAGE"]
    assert talk.reply("core", 202) == []


def test_a_request_of_the_core_finds_the_ue_along_its_path_or_by_its_contact() -> None:
    talk = EdgeTalk()
    path = talk.last("core", SipRequest, "REGISTER").headers.all("Path")
    assert talk.send("core", talk.request("core", "MESSAGE", uri="sip:x@elsewhere", routes=path)) == [
        "ue MESSAGE"
    ]
    assert talk.send("core", talk.request("core", "OPTIONS", uri=CONTACTS["ue"])) == ["ue OPTIONS"]


def test_nobody_registered_at_our_own_address_is_404() -> None:
    talk = EdgeTalk()
    assert talk.send("core", talk.request("core", "MESSAGE", uri=f"sip:x@{CORE_SIDE}")) == [
        "core 404 MESSAGE"
    ]


def test_options_for_the_edge_itself_is_answered() -> None:
    talk = EdgeTalk()
    assert talk.send("ue", talk.request("ue", "OPTIONS", uri=f"sip:{ACCESS}")) == ["ue 200 OPTIONS"]


def test_the_route_of_a_ue_is_not_believed_but_its_service_route_is() -> None:
    talk = EdgeTalk(register=False)
    talk.send("ue", talk.request("ue", "REGISTER", uri="sip:home.example"))
    headers = [("Contact", f"<{CONTACTS['ue']}>;expires=60"), ("Service-Route", f"<sip:orig@{CORE};lr>")]
    talk.reply("core", 200, headers=headers)
    talk.send("ue", talk.request("ue", "MESSAGE", routes=("<sip:198.51.100.99;lr>",)))
    assert talk.last("core", SipRequest).headers.all("Route") == (f"<sip:orig@{CORE};lr>",)


def test_in_a_subscription_requests_follow_the_record_route() -> None:
    talk = EdgeTalk()
    assert talk.send("ue", talk.request("ue", "SUBSCRIBE")) == ["core SUBSCRIBE"]
    routes = talk.last("core", SipRequest).headers.all("Record-Route")
    assert len(routes) == 2
    talk.reply("core", 200)
    notify = talk.request("core", "NOTIFY", uri=CONTACTS["ue"], tags=("b1", "a1"), routes=routes)
    assert talk.send("core", notify) == ["ue NOTIFY"]
    again = talk.request("ue", "SUBSCRIBE", uri=CONTACTS["core"], tags=("a1", "b1"), routes=routes[::-1])
    assert talk.send("ue", again) == ["core SUBSCRIBE"]


def test_unknown_dialogs_get_481() -> None:
    talk = EdgeTalk(register=False)
    for method in ("BYE", "INVITE", "UPDATE", "PRACK", "INFO", "SUBSCRIBE"):
        assert talk.send("ue", talk.request("ue", method, tags=("a1", "zz"))) == [f"ue 481 {method}"]


def test_max_forwards_0_is_483() -> None:
    talk = EdgeTalk()
    request = talk.request("ue", "INVITE", OFFER)
    request = request.with_headers(request.headers.replaced("Max-Forwards", "0"))
    assert talk.send("ue", request) == ["ue 483 INVITE"]
    assert talk.edge.calls() == []


def test_the_limit_of_calls_and_one_more() -> None:
    talk = EdgeTalk(max_calls=1)
    assert talk.invite(OFFER)[-1] == "core INVITE"
    other = talk.request("ue", "INVITE", OFFER, tags=("a2", ""))
    assert talk.send("ue", other) == ["ue 503 INVITE"]


def test_a_call_between_two_ues_of_ours_passes_twice() -> None:
    talk = EdgeTalk()
    assert talk.invite(OFFER)[-1] == "core INVITE"
    path = talk.last("core", SipRequest, "REGISTER").headers.all("Path")
    second = talk.request("core", "INVITE", CORE_OFFER, uri=CONTACTS["ue"], routes=path, tags=("a1", ""))
    assert talk.send("core", second) == ["gw Reserve access", "gw Reserve And Configure core", "ue INVITE"]
    assert sorted(call.direction for call in talk.edge.calls()) == ["originating", "terminating"]


def test_in_a_call_that_passes_twice_each_leg_keeps_its_own_route() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    invite = talk.last("core", SipRequest, "INVITE")
    ours = invite.headers.all("Record-Route")
    beyond = (f"<sip:tok@{CORE_SIDE};lr>", "<sip:scscf.home.example;lr>")
    response = make_response(invite, 200, to_tag="b1", body=core_answer().encode())
    fields = [("Content-Type", "application/sdp"), ("Contact", f"<{CONTACTS['core']}>")]
    routes = [("Record-Route", entry) for entry in (*beyond, *ours)]
    headers = Headers([*response.headers.without("Record-Route"), *routes, *fields])
    assert talk.send("core", response.with_headers(headers))[-1] == "ue 200 INVITE"
    (sent,) = talk.edge.handle(
        sip.AckArrived(talk.request("ue", "ACK", tags=("a1", "b1"), cseq=2), Flow("udp", UE, ACCESS)), 0.0
    )
    assert isinstance(sent, sip.SendRequest)
    assert sent.request.headers.all("Route") == beyond[::-1]


def test_a_ue_that_ignores_record_route_and_contact_is_understood() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer())
    bye = talk.request("ue", "BYE", uri=f"sip:bob@{ACCESS}", tags=("a1", "b1"))
    assert talk.send("ue", bye) == ["core BYE", "gw Release"]
    assert talk.last("core", SipRequest).uri == CONTACTS["core"]


def test_a_ue_behind_a_nat_is_reached_where_it_sent_from() -> None:
    talk = EdgeTalk()
    talk.invite(CORE_OFFER, party="core")
    talk.answer(200, ue_answer())
    talk.inside("core", "ACK")
    moved = talk.request("ue", "INFO", uri=CONTACTS["core"], tags=("b1", "a1"))
    contact = moved.headers.replaced("Contact", "<sip:alice@192.168.1.2>")
    assert talk.send("ue", moved.with_headers(contact)) == ["core INFO"]
    assert talk.inside("core", "BYE") == ["ue BYE", "gw Release"]


def test_cseq_that_goes_back_is_500() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer())
    assert talk.inside("ue", "INFO", cseq=1) == ["ue 500 INFO"]


def test_requests_on_a_connection_that_we_opened_to_the_core_come_from_the_core() -> None:
    talk = EdgeTalk(next_hop_transport="tcp")
    talk.invite(OFFER)
    invite = talk.last("core", SipRequest, "INVITE")
    ours = Flow("tcp", CORE, TransportAddress("10.0.0.1", 49152), 7)
    response = SipResponse(status=180, headers=invite.headers)
    talk.tell(sip.ResponseArrived(sip.ClientKey("unknown", "INVITE"), response, ours))
    request = talk.request("core", "MESSAGE", uri=CONTACTS["ue"])
    key = sip.ServerKey("b", "core", "MESSAGE")
    (sent,) = talk.edge.handle(sip.RequestArrived(key, request, ours), 0.0)
    assert isinstance(sent, sip.SendRequest)
    assert sent.flow.remote == UE


def test_everything_of_unknown_transactions_is_ignored() -> None:
    talk = EdgeTalk()
    key = sip.ClientKey("unknown", "BYE")
    assert talk.tell(sip.TransactionFailed(key, 408)) == []
    ack = talk.request("ue", "ACK", tags=("a1", "zz"))
    flow = Flow("udp", UE, ACCESS)
    assert talk.tell(sip.AckArrived(ack, flow)) == []
    assert talk.tell(sip.CancelArrived(sip.ServerKey("x", "y", "INVITE"), ack, flow)) == []


HEADERS = (
    "Contact",
    "Route",
    "Record-Route",
    "Max-Forwards",
    "Security-Client",
    "Security-Verify",
    "To",
    "From",
)


@given(
    method=st.sampled_from(["INVITE", "REGISTER", "BYE", "MESSAGE", "PRACK", "SUBSCRIBE", "ACK"]),
    name=st.sampled_from(HEADERS),
    value=st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=30),
    body=st.text(st.sampled_from("v=0\r\nmca:msrp TLS/$*9"), max_size=60),
    party=st.sampled_from(["ue", "core"]),
)
def test_no_message_makes_the_edge_fail(method: str, name: str, value: str, body: str, party: str) -> None:
    talk = EdgeTalk()
    request = talk.request(party, method, body)
    talk.send(party, request.with_headers(request.headers.replaced(name, value)))


@given(answer=st.text(st.sampled_from("v=0\r\nmca:msrp TLS/$*9"), max_size=60), status=st.integers(101, 699))
def test_no_answer_makes_the_edge_fail_or_keep_media(answer: str, status: int) -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(status, answer)
    talk.cancel()
    talk.until(300)
    if status >= 300:
        assert talk.real.is_empty()


def test_many_calls_leave_nothing_behind() -> None:
    talk = EdgeTalk()
    for _ in range(25):
        talk.invite(OFFER)
        talk.answer(200, core_answer())
        talk.inside("ue", "BYE")
        talk.reply("core", 200, method="BYE")
        talk.to["core"] = talk.to["core"][:1]
    edge = talk.edge
    assert not any((edge._calls, edge._names, edge._numbers, edge._keys, edge._relays, edge._timers))
    assert talk.real.is_empty()
