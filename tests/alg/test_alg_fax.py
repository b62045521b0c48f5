"""T.38 secured at the edge: clear datagrams in the core, DTLS on the access side, ``a=setup`` both ways."""

import re

import pytest

from imsedge.alg.nat import Traversal
from imsedge.alg.policy import Anchoring, Policy
from imsedge.alg.procedures import Side
from imsedge.security.fingerprint import fingerprint_of
from kit.edge_talk import FINGERPRINT, EdgeTalk, sdp
from kit.gateway_talk import CERTIFICATE, asked, shown_request

OWN = f"a=fingerprint:{fingerprint_of(CERTIFICATE)}"
FAX = ("a=T38FaxVersion:0", "a=T38MaxBitRate:14400", "a=T38FaxUdpEC:t38UDPRedundancy")


def of_ue(setup: str, *more: str, port: int = 6004, tls_id: str = "") -> str:
    named = (f"a=tls-id:{tls_id}",) if tls_id else ()
    return sdp(
        f"m=image {port} UDP/TLS/UDPTL t38",
        *FAX,
        f"a=setup:{setup}",
        f"a=fingerprint:{FINGERPRINT}",
        *named,
        *more,
    )


def of_core(port: int = 40000) -> str:
    return sdp(f"m=image {port} udptl t38", *FAX, host="10.9.9.9")


def registered(policy: Policy | None = None) -> EdgeTalk:
    talk = EdgeTalk(policy, register=False)
    talk.register("Security-Client: udptl-dtls;mediasec")
    talk.seen.clear()
    return talk


def starts_dtls(talk: EdgeTalk) -> list[bool]:
    texts = [shown_request((action,)) for action in talk.h248]
    return ["tlsbsc/EstBNC" in text for text in texts if "Add =" in text or "Modify =" in text]


@pytest.mark.parametrize(
    ("offered", "answered"), [("actpass", "active"), ("active", "passive"), ("passive", "active")]
)
def test_the_ue_calls_and_gets_the_other_role(offered: str, answered: str) -> None:
    talk = registered()
    assert talk.invite(of_ue(offered, "a=3ge2ae:requested")) == [
        "gw Reserve core",
        "gw Reserve And Configure access",
        "core INVITE",
    ]
    assert talk.body("core")[3:] == ["c=IN IP4 10.0.0.1", "t=0 0", "m=image 30000 udptl t38", *FAX]
    assert talk.answer(200, of_core()) == ["gw Configure core", "gw Configure access", "ue 200 INVITE"]
    assert talk.body("ue")[3:] == [
        "c=IN IP4 203.0.113.5",
        "t=0 0",
        "m=image 30001 UDP/TLS/UDPTL t38",
        *FAX,
        OWN,
        f"a=setup:{answered}",
    ]
    # Active is the DTLS client (RFC 7345 clause 4.1).
    assert starts_dtls(talk) == [False, False, False, answered == "active"]


@pytest.mark.parametrize("answered", ["active", "passive"])
def test_the_ue_is_called_and_chooses_its_role(answered: str) -> None:
    talk = registered()
    assert talk.invite(of_core(), party="core")[:2] == ["gw Reserve access", "gw Reserve And Configure core"]
    assert talk.body("ue")[5:] == [
        "m=image 30000 UDP/TLS/UDPTL t38",
        *FAX,
        OWN,
        "a=3ge2ae:applied",
        "a=setup:actpass",
        f"a=tls-id:{tls_id_in(talk.body('ue'))}",
    ]
    assert talk.answer(200, of_ue(answered)) == ["gw Configure access", "core 200 INVITE"]
    assert talk.body("core")[5:] == ["m=image 30001 udptl t38", *FAX]
    assert starts_dtls(talk) == [False, False, answered == "passive"]


def tls_id_in(body: list[str]) -> str:
    """Ours; RFC 8842 clause 4 has the grammar."""
    (found,) = (line.removeprefix("a=tls-id:") for line in body if line.startswith("a=tls-id:"))
    assert re.fullmatch(r"[A-Za-z0-9+/_-]{20,255}", found)
    return found


def test_who_offers_a_tls_id_gets_one_and_another_association_another() -> None:
    talk = called(tls_id="one" * 8)
    first = tls_id_in(talk.body("ue"))
    assert not any("tls-id" in line for line in talk.body("core"))
    talk.inside("ue", "INVITE", of_ue("active", "a=3ge2ae:requested", tls_id="one" * 8))
    talk.reply("core", 200, of_core(), method="INVITE")
    assert tls_id_in(talk.body("ue")) == first
    talk.inside("ue", "ACK")
    talk.inside("ue", "INVITE", of_ue("active", "a=3ge2ae:requested", tls_id="two" * 8))
    talk.reply("core", 200, of_core(), method="INVITE")
    assert tls_id_in(talk.body("ue")) not in (first, "one" * 8, "two" * 8)


def test_who_offers_none_gets_none() -> None:
    assert not any("tls-id" in line for line in called().body("ue"))


def test_what_the_gateway_is_told() -> None:
    talk = registered()
    talk.invite(of_core(), party="core")
    assert shown_request((talk.h248[-2],)) == asked(
        """
Context = $ { Add = $ {
  Media { Stream = 1 {
    LocalControl { Mode = SendReceive, ipdc/realm = "access" },
    Local {
v=0
c=IN IP4 $
m=- $ UDP/DTLS -
a=setup:actpass
a=fingerprint:sha-256 $
} } },
  Events = 1 { hangterm/thb { timerx = 600 }, tlsbsc/BNCChange { Type = [Mfail, Cut] } } } }
"""
    )
    assert shown_request((talk.h248[-1],)) == asked(
        f"""
Context = 1 {{ Add = $ {{
  Media {{ Stream = 1 {{
    LocalControl {{ Mode = SendReceive, ipdc/realm = "{Side.CORE.value}" }},
    Local {{
v=0
c=IN IP4 $
m=- $ UDP -
}},
    Remote {{
v=0
c=IN IP4 10.9.9.9
m=- 40000 UDP -
}} }} }} }} }}
"""
    )


def called(tls_id: str = "") -> EdgeTalk:
    talk = registered()
    talk.invite(of_ue("actpass", "a=3ge2ae:requested", tls_id=tls_id))
    talk.answer(200, of_core())
    talk.inside("ue", "ACK")
    talk.h248.clear()
    talk.seen.clear()
    return talk


def test_an_offer_that_changes_nothing_keeps_the_association() -> None:
    talk = called()
    assert talk.inside("ue", "INVITE", of_ue("active", "a=3ge2ae:requested")) == ["core INVITE"]
    assert talk.reply("core", 200, of_core(), method="INVITE") == ["ue 200 INVITE"]
    assert talk.h248 == []


CHANGES = {
    "port": of_ue("actpass", "a=3ge2ae:requested", port=6006, tls_id="one" * 8),
    "certificate": of_ue("actpass", "a=3ge2ae:requested", tls_id="one" * 8).replace("11:11", "22:22"),
    "tls-id": of_ue("actpass", "a=3ge2ae:requested", tls_id="two" * 8),
}


@pytest.mark.parametrize("offer", CHANGES.values(), ids=CHANGES)
def test_another_association_is_another_stream_on_another_port(offer: str) -> None:
    talk = called("one" * 8)
    assert talk.inside("ue", "INVITE", offer) == ["gw Configure core", "gw Configure access", "core INVITE"]
    talk.reply("core", 200, of_core(), method="INVITE")
    assert "m=image 30003 UDP/TLS/UDPTL t38" in talk.body("ue")
    assert len(talk.real.plane.open) == 2


@pytest.mark.parametrize("setup", ["holdconn", "nonsense"])
def test_a_setup_that_dtls_does_not_have_is_refused(setup: str) -> None:
    assert registered().invite(of_ue(setup, "a=3ge2ae:requested")) == ["ue 488 INVITE"]


def test_a_fax_in_clear_that_nobody_secures_passes_untouched() -> None:
    talk = EdgeTalk()
    assert talk.invite(of_core(), party="core") == ["ue INVITE"]


# --- not secured here ---------------------------------------------------------------------------

ALWAYS = Policy(anchoring_udp=Anchoring.ALWAYS, nat=Traversal.NEVER)
PLAIN = sdp("m=image 6004 udptl t38", *FAX)
SECURED = sdp(
    "m=image 6004 UDP/TLS/UDPTL t38",
    *FAX,
    "a=setup:actpass",
    f"a=fingerprint:{FINGERPRINT}",
    "a=tls-id:" + "x" * 20,
    "a=dtls-id:whatever",
)


def others(text: str, *, reply: bool = False) -> str:
    """The same from the core, with a role of its own."""
    answered = text.replace("a=setup:actpass", "a=setup:active") if reply else text
    return answered.replace("6004", "40000").replace("203.0.113.7", "10.9.9.9")


def moved(text: str, host: str, port: int) -> list[str]:
    """What must leave: the same, but from another place."""
    lines = text.rstrip().split("\r\n")
    return [
        f"c=IN IP4 {host}" if line.startswith("c=") else re.sub(r"^m=image \d+", f"m=image {port}", line)
        for line in lines
    ]


@pytest.mark.parametrize("offer", [PLAIN, SECURED], ids=["in clear", "DTLS end to end"])
def test_anchored_datagrams_change_addresses_only(offer: str) -> None:
    talk = EdgeTalk(ALWAYS)
    assert talk.invite(offer) == ["gw Reserve access", "gw Reserve core", "core INVITE"]
    assert talk.body("core") == moved(offer, "10.0.0.1", 30001)
    reply = others(offer, reply=True)
    assert talk.answer(200, reply) == ["gw Configure core", "gw Configure access", "ue 200 INVITE"]
    assert talk.body("ue") == moved(reply, "203.0.113.5", 30000)
    told = "\n".join(shown_request((action,)) for action in talk.h248)
    assert told.count("UDP -") == 6  # Local of both, then Local and Remote of both
    for word in ("TCP", "DTLS", "setup", "fingerprint", "tcpbcc", "tlsbsc", "ipnapt"):
        assert word not in told


def test_the_core_calls_a_fax_that_is_only_anchored() -> None:
    talk = EdgeTalk(ALWAYS)
    assert talk.invite(others(PLAIN), party="core") == ["gw Reserve core", "gw Reserve access", "ue INVITE"]
    assert talk.body("ue") == moved(others(PLAIN), "203.0.113.5", 30001)
    assert talk.answer(200, PLAIN)[-1] == "core 200 INVITE"
    assert talk.body("core") == moved(PLAIN, "10.0.0.1", 30000)


def latches(talk: EdgeTalk) -> list[bool]:
    return ["ipnapt/latch" in shown_request((action,)) for action in talk.h248]


def test_a_fax_behind_a_nat_is_found_by_what_it_sends() -> None:
    talk = EdgeTalk(Policy(anchoring_udp=Anchoring.BEHIND_NAT, nat=Traversal.ALWAYS))
    assert talk.invite(PLAIN)[:2] == ["gw Reserve access", "gw Reserve core"]
    talk.answer(200, others(PLAIN))
    assert latches(talk) == [True, False, False, True]
    assert "m=- 9 UDP -" in shown_request((talk.h248[-1],))


def test_behind_a_nat_the_ue_is_made_the_client() -> None:
    behind = Policy(nat=Traversal.ALWAYS)
    talk = registered(behind)
    talk.invite(of_ue("actpass", "a=3ge2ae:requested"))
    talk.answer(200, of_core())
    assert "a=setup:passive" in talk.body("ue")
    talk = registered(behind)
    talk.invite(of_core(), party="core")
    assert "a=setup:passive" in talk.body("ue")


def test_one_that_insists_on_being_the_server_opens_the_nat_first() -> None:
    talk = registered(Policy(nat=Traversal.ALWAYS))
    talk.invite(of_ue("passive", "a=3ge2ae:requested"))
    talk.answer(200, of_core())
    assert "a=setup:active" in talk.body("ue")
    assert starts_dtls(talk)[-1]
    # The gateway learns the address from the first datagram, and calls that.
    assert latches(talk)[1]
    assert "m=- 9 UDP/DTLS -" in shown_request((talk.h248[1],))
