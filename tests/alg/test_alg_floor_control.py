"""BFCP secured at the edge: figures 5.2.1.3.2.1 and 5.2.1.3.3.1 as conversations.

The SDP offerer is the TLS client, whoever opens TCP (RFC 8856 clause 8).
"""

import pytest

from imsedge.security.fingerprint import fingerprint_of
from kit.edge_talk import FINGERPRINT, EdgeTalk, sdp
from kit.gateway_talk import CERTIFICATE, shown_request

OWN = f"a=fingerprint:{fingerprint_of(CERTIFICATE)}"
FLOORS = ("a=floorctrl:s-only", "a=confid:4321", "a=userid:1234", "a=floorid:1 mstrm:10", "a=bfcpver:1")
REGISTER = "Security-Client: bfcp-tls;mediasec"


def of_ue(setup: str, *more: str, use: str = "new", port: int = 7654) -> str:
    return sdp(
        f"m=application {port} TCP/TLS/BFCP *",
        f"a=setup:{setup}",
        f"a=connection:{use}",
        "a=floorctrl:c-only",
        f"a=fingerprint:{FINGERPRINT}",
        *more,
    )


def of_core(setup: str, use: str = "new") -> str:
    return sdp(
        "m=application 50000 TCP/BFCP *",
        f"a=setup:{setup}",
        f"a=connection:{use}",
        *FLOORS,
        host="10.9.9.9",
    )


OFFER = of_ue("actpass", "a=3ge2ae:requested")


def registered() -> EdgeTalk:
    talk = EdgeTalk(register=False)
    talk.register(REGISTER)
    talk.seen.clear()
    return talk


def ordered(talk: EdgeTalk) -> list[bool]:
    """Of each Add and Modify so far, whether it starts TLS."""
    texts = [shown_request((action,)) for action in talk.h248]
    return ["tlsbsc/EstBNC" in text for text in texts if "Add =" in text or "Modify =" in text]


@pytest.mark.parametrize("setup", ["active", "passive"])
def test_the_ue_calls_and_is_the_tls_client_whoever_opens_tcp(setup: str) -> None:
    talk = registered()
    assert talk.invite(OFFER) == ["gw Reserve core", "gw Reserve And Configure access", "core INVITE"]
    assert talk.body("core")[5:] == [
        "m=application 30000 TCP/BFCP *",
        "a=setup:actpass",
        "a=connection:new",
        "a=floorctrl:c-only",
    ]
    # The figure configures the core side only: no TLS direction has to be told.
    assert talk.answer(200, of_core(setup)) == ["gw Configure core", "ue 200 INVITE"]
    assert talk.body("ue")[5:] == [
        "m=application 30001 TCP/TLS/BFCP *",
        f"a=setup:{setup}",
        "a=connection:new",
        *FLOORS,
        OWN,
    ]
    assert ordered(talk) == [False, False, False]


@pytest.mark.parametrize("setup", ["active", "passive"])
def test_the_ue_is_called_and_the_gateway_starts_tls_from_the_reservation(setup: str) -> None:
    talk = registered()
    assert talk.invite(of_core("actpass"), party="core") == [
        "gw Reserve access",
        "gw Reserve And Configure core",
        "ue INVITE",
    ]
    assert talk.body("ue")[5:] == [
        "m=application 30000 TCP/TLS/BFCP *",
        "a=setup:actpass",
        "a=connection:new",
        *FLOORS,
        OWN,
        "a=3ge2ae:applied",
    ]
    assert talk.answer(200, of_ue(setup)) == ["gw Configure access", "core 200 INVITE"]
    assert talk.body("core")[5:] == [
        "m=application 30001 TCP/BFCP *",
        f"a=setup:{setup}",
        "a=connection:new",
        "a=floorctrl:c-only",
    ]
    assert ordered(talk) == [True, False, False]


def called() -> EdgeTalk:
    talk = registered()
    talk.invite(of_core("actpass"), party="core")
    talk.answer(200, of_ue("passive"))
    talk.inside("core", "ACK")
    talk.h248.clear()
    talk.seen.clear()
    return talk


def test_an_offer_repeated_word_for_word_keeps_the_connection_even_if_it_says_new() -> None:
    talk = called()
    assert talk.inside("core", "INVITE", of_core("actpass")) == ["ue INVITE"]
    assert talk.reply("ue", 200, of_ue("passive"), tag="b1", method="INVITE") == ["core 200 INVITE"]


def test_an_existing_connection_is_kept_and_so_are_the_tls_roles() -> None:
    talk = called()
    offer = of_ue("passive", "a=3ge2ae:requested", use="existing")
    assert talk.inside("ue", "INVITE", offer) == ["core INVITE"]
    answer = of_core("active", "existing")
    assert talk.reply("core", 200, answer, method="INVITE") == ["ue 200 INVITE"]
    assert talk.h248 == []


def test_a_new_connection_is_a_new_stream_with_the_roles_of_this_exchange() -> None:
    talk = called()
    offer = of_ue("actpass", "a=3ge2ae:requested")
    assert talk.inside("ue", "INVITE", offer) == ["gw Configure core", "gw Configure access", "core INVITE"]
    assert "m=application 30002 TCP/BFCP *" in talk.body("core")
    talk.reply("core", 200, of_core("active"), method="INVITE")
    assert "m=application 30003 TCP/TLS/BFCP *" in talk.body("ue")
    assert not any(ordered(talk))
    assert len(talk.real.plane.open) == 2


def test_a_ue_that_has_moved_gets_a_clienthello_at_its_new_place() -> None:
    talk = called()
    assert talk.inside("core", "INVITE", of_core("actpass", "existing")) == ["ue INVITE"]
    moved = of_ue("passive", use="existing", port=7700)
    assert talk.reply("ue", 200, moved, tag="b1", method="INVITE") == [
        "gw Configure access",
        "core 200 INVITE",
    ]
    assert ordered(talk) == [True]


REFUSED = {
    "no fingerprint": (OFFER.replace(f"a=fingerprint:{FINGERPRINT}\r\n", ""), "no usable certificate"),
    "without TLS": (OFFER.replace("TCP/TLS/BFCP", "TCP/BFCP"), "requested without TLS"),
    "holdconn": (OFFER.replace("actpass", "holdconn"), "cannot be used"),
}


@pytest.mark.parametrize(("offer", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_secured_is_refused(offer: str, reason: str) -> None:
    talk = registered()
    assert talk.invite(offer) == ["ue 488 INVITE"]
    assert reason in str(talk.to["ue"][-1].headers.get("Warning"))
