"""T.38 secured at the edge: clear datagrams in the core, DTLS on the access side, ``a=setup`` both ways."""

import pytest

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


def registered() -> EdgeTalk:
    talk = EdgeTalk(register=False)
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
    ]
    assert talk.answer(200, of_ue(answered)) == ["gw Configure access", "core 200 INVITE"]
    assert talk.body("core")[5:] == ["m=image 30001 udptl t38", *FAX]
    assert starts_dtls(talk) == [False, False, answered == "passive"]


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
  Events = 1 { hangterm/thb { timerx = 600 }, tlsbsc/BNCChange { Type = Mfail } } } }
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
