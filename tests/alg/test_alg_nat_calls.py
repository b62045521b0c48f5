"""User equipment behind a NAT: what the gateway is told and what leaves, and annex D; the session alone."""

from collections.abc import Callable

import pytest

from imsedge.alg.nat import Traversal, Whereabouts
from imsedge.alg.policy import Anchoring, Policy, TlsCollision
from imsedge.alg.procedures import (
    Ack,
    Configure,
    Latch,
    Reserve,
    Side,
    StreamAck,
    StreamRequest,
    TcpMode,
)
from imsedge.alg.session import MediaSession
from imsedge.alg.verdicts import Forward, Output, Perform, Refuse
from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds
from imsedge.security.fingerprint import read_fingerprint
from imsedge.sip.message import SipResponse
from kit import edge_talk
from kit.edge_bodies import CORE_OFFER, OFFER, core_answer, ue_answer
from kit.edge_talk import FINGERPRINT, EdgeTalk, sdp
from kit.gateway_talk import shown_request

BOTH = frozenset({"msrp-tls"})
PRINT = read_fingerprint(FINGERPRINT)
HIDDEN, PUBLIC = "192.168.1.4", "198.51.100.7"
ADDRESSES = {
    Side.ACCESS: TransportAddress("203.0.113.5", 30_001),
    Side.CORE: TransportAddress("10.0.0.1", 30_000),
}
ALWAYS = Policy(anchoring=Anchoring.ALWAYS)


class Seen:
    """A session, with a gateway that does what it is asked."""

    def __init__(self, policy: Policy = ALWAYS, place: Whereabouts | None = None) -> None:
        self.session = MediaSession(policy, CountingIds())
        self.session.place = place or Whereabouts(PUBLIC, HIDDEN)
        self.told: list[tuple[str, Side, StreamRequest]] = []

    def offer(self, side: Side, text: str) -> Output:
        return self._run(lambda: self.session.offer(side, text, BOTH))

    def answer(self, text: str) -> Output:
        return self._run(lambda: self.session.answer(text, dialog="b1"))

    def _run(self, work: Callable[[], list[Output]]) -> Output:
        outputs = work()
        while isinstance(outputs[0], Perform) and outputs[0].awaited:
            procedure = outputs[0].procedure
            assert isinstance(procedure, Reserve | Configure)
            (request,) = procedure.streams
            self.told.append((type(procedure).__name__, procedure.side, request))
            stream = StreamAck(stream=request.stream, local=ADDRESSES[procedure.side], fingerprint=PRINT)
            outputs = self.session.performed(
                Ack(context=4, termination=f"ip/{procedure.side.value}/1", streams=(stream,))
            )
        return outputs[-1]


def hidden(text: str) -> str:
    return text.replace(PUBLIC, HIDDEN)


def setup_of(output: Output) -> str:
    assert isinstance(output, Forward), output
    return next(line[8:] for line in output.text.split("\r\n") if line.startswith("a=setup:"))


def plain(setup: str, port: int, host: str, proto: str = "TCP/BFCP") -> str:
    kind = "message" if "MSRP" in proto else "application"
    lines = [f"m={kind} {port} {proto} *", f"a=setup:{setup}", "a=msrp-cema"]
    return sdp(*lines, *([f"a=fingerprint:{FINGERPRINT}"] if "TLS" in proto else []), host=host)


def test_a_phone_that_calls_is_made_the_one_that_opens_tcp() -> None:
    seen = Seen()
    assert setup_of(seen.offer(Side.ACCESS, plain("actpass", 7654, HIDDEN))) == "actpass"
    _, _, access = seen.told[0]
    assert (access.setup, access.latch, access.remote) == ("passive", Latch.FIRST, None)
    assert setup_of(seen.answer(plain("active", 9, "10.9.9.9"))) == "passive"
    core, access = (request for _, _, request in seen.told[2:])
    assert (core.tcp_mode, core.setup, access.tcp_mode, access.setup) == (
        TcpMode.MERGE,
        "passive",
        TcpMode.MERGE,
        "passive",
    )
    assert access.remote == TransportAddress(HIDDEN, 9)
    assert (core.send_tcp, access.send_tcp) == (False, False)


def test_merge_is_configured_beforehand_when_the_core_only_calls() -> None:
    """TS 23.334 clause 6.2.18.4."""
    seen = Seen()
    assert setup_of(seen.offer(Side.CORE, plain("active", 9, "10.9.9.9"))) == "passive"
    reserved = {side: request for _, side, request in seen.told}
    assert {request.tcp_mode for request in reserved.values()} == {TcpMode.MERGE}
    assert {request.setup for request in reserved.values()} == {"passive"}
    assert reserved[Side.ACCESS].latch is Latch.FIRST
    assert reserved[Side.CORE].latch is None
    assert setup_of(seen.answer(plain("active", 9, HIDDEN))) == "passive"


def test_msrp_is_not_offered_passive() -> None:
    """RFC 6135 clause 4.2."""
    offered = Seen().offer(Side.CORE, plain("active", 9, "10.9.9.9", "TCP/MSRP"))
    assert setup_of(offered) == "actpass"


def test_a_secured_call_of_a_hidden_phone_is_merged_and_the_phone_is_the_tls_client() -> None:
    seen = Seen()
    seen.offer(Side.ACCESS, hidden(OFFER))
    reserved = {side: request for _, side, request in seen.told}
    assert reserved[Side.ACCESS].remote == TransportAddress(HIDDEN, 9)
    assert (reserved[Side.ACCESS].tcp_mode, reserved[Side.CORE].tcp_mode) == (TcpMode.PROXY, TcpMode.PROXY)
    assert setup_of(seen.answer(core_answer("active"))) == "passive"
    told = {side: request for _, side, request in seen.told[2:]}
    assert {request.tcp_mode for request in told.values()} == {TcpMode.MERGE}
    assert not told[Side.ACCESS].establish_tls


def test_a_secured_call_to_a_hidden_phone() -> None:
    seen = Seen()
    seen.offer(Side.CORE, CORE_OFFER)
    assert setup_of(seen.answer(hidden(ue_answer("active")))) == "active"
    *_, (_, side, access) = seen.told
    assert (side, access.remote, access.remote_fingerprints) == (
        Side.ACCESS,
        TransportAddress(HIDDEN, 9),
        (PRINT,),
    )


def test_the_c_line_alone_tells_it_in_an_answer() -> None:
    seen = Seen(place=Whereabouts(PUBLIC, PUBLIC))
    seen.offer(Side.CORE, plain("actpass", 2855, "10.9.9.9"))
    seen.answer(plain("active", 7654, HIDDEN))
    access = next(r for name, side, r in seen.told if (name, side) == ("Configure", Side.ACCESS))
    assert (access.remote, access.latch) == (TransportAddress(HIDDEN, 9), Latch.FIRST)


def test_only_hidden_phones_are_anchored_when_the_operator_says_so() -> None:
    policy = Policy(anchoring=Anchoring.BEHIND_NAT)
    seen = Seen(policy)
    seen.offer(Side.ACCESS, plain("actpass", 7654, HIDDEN))
    assert len(seen.told) == 2
    open_ = Seen(policy, Whereabouts(PUBLIC, PUBLIC))
    open_.offer(Side.ACCESS, plain("actpass", 7654, PUBLIC))
    assert open_.told == []


def test_delayed_establishment_filters_no_address_that_the_nat_hides() -> None:
    seen = Seen(Policy(anchoring=Anchoring.ALWAYS, delayed_establishment=True))
    seen.offer(Side.CORE, plain("actpass", 2855, "10.9.9.9"))
    seen.answer(plain("active", 9, HIDDEN))
    access = next(r for name, side, r in seen.told if (name, side) == ("Configure", Side.ACCESS))
    assert (access.discard_incoming, access.only_from_remote) == (False, False)


def test_a_phone_that_changed_its_network_is_latched_again() -> None:
    seen = Seen()
    seen.offer(Side.CORE, plain("actpass", 2855, "10.9.9.9"))
    seen.answer(plain("active", 9, HIDDEN))
    seen.told.clear()
    seen.offer(Side.CORE, plain("actpass", 2855, "10.9.9.9"))
    seen.answer(plain("active", 9, "192.168.7.7"))
    assert [request.latch for _, side, request in seen.told if side is Side.ACCESS] == [Latch.AGAIN]


# --- annex D -----------------------------------------------------------------------------------------


def test_two_tls_clients_are_refused_with_the_reason() -> None:
    refused = Seen().offer(Side.CORE, plain("active", 9, "10.9.9.9", "TCP/TLS/MSRP"))
    assert isinstance(refused, Refuse)
    assert refused.status == 488
    assert "both would be TLS clients (TR 29.828 annex D)" in refused.reason


def test_the_operator_may_let_it_pass() -> None:
    policy = Policy(anchoring=Anchoring.ALWAYS, tls_collision=TlsCollision.PASS)
    assert setup_of(Seen(policy).offer(Side.CORE, plain("active", 9, "10.9.9.9", "TCP/TLS/MSRP"))) == "active"


def test_a_hidden_phone_that_offers_tls_is_made_the_only_caller() -> None:
    seen = Seen()
    assert setup_of(seen.offer(Side.ACCESS, plain("actpass", 7654, HIDDEN, "TCP/TLS/MSRP"))) == "active"
    assert setup_of(seen.answer(plain("passive", 2855, "10.9.9.9", "TCP/TLS/MSRP"))) == "passive"
    assert seen.told[-1][2].tcp_mode is TcpMode.PROXY


@pytest.mark.parametrize("proto", ["TCP/TLS/BFCP", "TCP/BFCP", "TCP/MSRP"])
def test_media_whose_tls_roles_are_free_and_clear_media_merge(proto: str) -> None:
    offered = Seen().offer(Side.CORE, plain("active", 9, "10.9.9.9", proto))
    assert isinstance(offered, Forward)


def test_never_means_never() -> None:
    seen = Seen(Policy(anchoring=Anchoring.ALWAYS, nat=Traversal.NEVER))
    seen.offer(Side.ACCESS, plain("actpass", 7654, HIDDEN))
    assert setup_of(seen.answer(plain("active", 9, "10.9.9.9"))) == "active"
    assert all(request.latch is None for _, _, request in seen.told)


# --- whole calls, with a real gateway ----------------------------------------------------------------


def told(talk: EdgeTalk) -> list[str]:
    return [shown_request((action,)) for action in talk.h248]


def test_a_registered_phone_is_found_out_by_its_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(edge_talk.CONTACTS, "ue", f"sip:alice@{HIDDEN}:5062")
    talk = EdgeTalk()
    talk.invite(CORE_OFFER.replace("actpass", "active"), party="core")
    access, core = told(talk)
    assert "ipnapt/latch { Stream = 1, napt = LATCH }" in " ".join(access.split())
    assert all("tcpbcc/mode = merge" in order and "a=setup:passive" in order for order in (access, core))
    assert "a=setup:actpass" in talk.body("ue")
    talk.answer(200, hidden(ue_answer("active")))
    assert f"c=IN IP4 {HIDDEN}" in told(talk)[2]
    assert "a=setup:passive" in talk.body("core")
    talk.inside("core", "ACK")
    talk.inside("ue", "BYE")
    assert talk.real.is_empty()


def test_a_hidden_phone_calls_over_tls_and_both_sides_are_called() -> None:
    talk = EdgeTalk()
    talk.invite(hidden(OFFER))
    talk.answer(200, core_answer("active"))
    assert "a=setup:passive" in talk.body("ue")
    core, access = told(talk)[2:]
    assert all("tcpbcc/mode = merge" in order for order in (core, access))
    assert "EstBNC" not in access
    talk.inside("ue", "ACK")
    talk.inside("core", "BYE")
    assert talk.real.is_empty()


def test_the_operator_reads_why_a_call_was_refused() -> None:
    talk = EdgeTalk(Policy(anchoring=Anchoring.BEHIND_NAT, nat=Traversal.ALWAYS))
    offer = plain("active", 9, "10.9.9.9", "TCP/TLS/MSRP")
    assert talk.invite(offer, party="core") == ["core 488 INVITE"]
    assert "annex D" in (talk.last("core", SipResponse).headers.get("Warning") or "")
    assert any("annex D" in line for line in talk.logs)
