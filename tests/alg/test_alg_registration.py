"""REGISTER through the P-CSCF: Path, mediasec (with the spellings that peers use), lifetimes, limits."""

import pytest

from imsedge.alg.policy import Policy, Securing
from imsedge.alg.registration import MAX_CONTACTS
from imsedge.sip.events import TransactionFailed
from imsedge.sip.matching import client_key
from imsedge.sip.message import SipRequest, SipResponse
from kit.edge_bodies import CORE_OFFER, OFFER
from kit.edge_talk import CONTACTS, EdgeTalk

GRANTED = [("Contact", f"<{CONTACTS['ue']}>;expires=3600")]


def begin(talk: EdgeTalk, *fields: str) -> list[str]:
    return talk.send("ue", talk.request("ue", "REGISTER", "", *fields, uri="sip:home.example"))


def fresh(**others: object) -> EdgeTalk:
    """An edge that secures MSRP only, unless told otherwise."""
    return EdgeTalk(register=False, **{"mechanisms": ("msrp-tls",), **others})  # type: ignore[arg-type]


def test_register_goes_on_with_path_and_without_what_is_for_the_edge() -> None:
    talk = fresh()
    fields = (
        "Security-Client: ipsec-3gpp;alg=hmac-sha-1-96, msrp-tls;mediasec",
        "Security-Client: sdes-srtp;mediasec",
        "Require: mediasec",
        "Proxy-Require: mediasec",
    )
    assert begin(talk, *fields) == ["core REGISTER"]
    headers = talk.last("core", SipRequest).headers
    assert headers.all("Path")[0].endswith("@10.0.0.1:5070;lr>")
    assert headers.all("Supported") == ("path",)
    assert headers.all("Security-Client") == ("ipsec-3gpp;alg=hmac-sha-1-96",)
    assert "Proxy-Require" not in headers
    assert "Require" not in headers


@pytest.mark.parametrize("status", [401, 200])
def test_what_we_can_secure_is_announced_in_401_and_200(status: int) -> None:
    talk = fresh()
    begin(talk, "Security-Client: msrp-tls;mediasec, sdes-srtp;mediasec")
    assert talk.reply("core", status, headers=GRANTED) == [f"ue {status} REGISTER"]
    assert talk.last("ue", SipResponse).headers.all("Security-Server") == ("msrp-tls;mediasec",)


def test_each_mechanism_is_announced_and_an_echo_may_have_any_order() -> None:
    talk = fresh(mechanisms=("msrp-tls", "bfcp-tls"))
    begin(talk, "Security-Client: bfcp-tls;mediasec")
    talk.reply("core", 401)
    assert talk.last("ue", SipResponse).headers.all("Security-Server") == (
        "msrp-tls;mediasec",
        "bfcp-tls;mediasec",
    )
    verify = "Security-Verify: bfcp-tls;mediasec, msrp-tls;mediasec"
    assert begin(talk, "Security-Client: bfcp-tls;mediasec", verify) == ["core REGISTER"]


def test_what_is_switched_off_is_not_announced() -> None:
    talk = fresh(policy=Policy(securing={"msrp-tls": Securing.NEVER}))
    talk.register()
    assert "Security-Server" not in talk.last("ue", SipResponse).headers


@pytest.mark.parametrize(("client", "status"), [("", 200), ("ipsec-3gpp", 200), ("msrp-tls;mediasec", 403)])
def test_nothing_is_announced_to_who_did_not_ask_or_was_refused(client: str, status: int) -> None:
    talk = fresh()
    begin(talk, *([f"Security-Client: {client}"] if client else []))
    talk.reply("core", status)
    assert "Security-Server" not in talk.last("ue", SipResponse).headers


@pytest.mark.parametrize(
    ("verify", "seen"),
    [
        ("msrp-tls;mediasec", ["core REGISTER"]),
        ('mediasec="msrp-tls"', ["core REGISTER"]),
        ("ipsec-3gpp;q=0.1", ["core REGISTER"]),
        ("", ["core REGISTER"]),
        ("sdes-srtp;mediasec", ["ue 494 REGISTER"]),
        ("msrp-tls;mediasec, bfcp-tls;mediasec", ["ue 494 REGISTER"]),
    ],
)
def test_security_verify_must_echo_what_was_announced(verify: str, seen: list[str]) -> None:
    talk = fresh()
    begin(talk, "Security-Client: msrp-tls;mediasec")
    talk.reply("core", 401)
    again = ["Security-Client: msrp-tls;mediasec", *([f"Security-Verify: {verify}"] if verify else [])]
    assert begin(talk, *again) == seen
    if "494" in seen[0]:
        assert talk.last("ue", SipResponse).headers.all("Security-Server") == ("msrp-tls;mediasec",)


@pytest.mark.parametrize(
    ("client", "secured"),
    [
        ("msrp-tls;mediasec", True),
        ('mediasec="msrp-tls"', True),
        ("MSRP-TLS;MediaSec", True),
        ("sdes-srtp;mediasec, msrp-tls;mediasec, bfcp-tls;mediasec, udptl-dtls;mediasec", True),
        ("msrp-tls", False),
        ("bfcp-tls;mediasec", False),
    ],
)
def test_only_what_both_announced_is_secured(client: str, *, secured: bool) -> None:
    talk = fresh()
    talk.register(f"Security-Client: {client}")
    assert (talk.invite(CORE_OFFER, party="core")[0] == "gw Reserve access") is secured


def test_the_token_stays_the_same_between_401_and_200_and_later() -> None:
    talk = fresh()
    begin(talk)
    talk.reply("core", 401)
    first = talk.last("core", SipRequest).headers.all("Path")
    talk.register()
    assert talk.last("core", SipRequest).headers.all("Path") == first
    talk.register()
    assert talk.last("core", SipRequest).headers.all("Path") == first
    assert talk.edge.registrations == 1


def test_deregistration_ends_it() -> None:
    talk = EdgeTalk()
    talk.register(expires=0)
    assert talk.edge.registrations == 0
    assert talk.invite(OFFER) == ["ue 488 INVITE"]


def test_contact_star_ends_all_of_the_user() -> None:
    talk = EdgeTalk()
    request = talk.request("ue", "REGISTER", "", "Expires: 0", uri="sip:home.example")
    star = request.with_headers(request.headers.replaced("Contact", "*"))
    talk.send("ue", star)
    talk.reply("core", 200)
    assert talk.edge.registrations == 0


def test_the_registrar_decides_how_long() -> None:
    talk = fresh()
    begin(talk, "Expires: 9999")
    talk.reply("core", 200, headers=[("Contact", f"<{CONTACTS['ue']};x=1>"), ("Expires", "60")])
    assert talk.edge.deadline == 60
    talk.until(61)
    assert talk.edge.registrations == 0
    assert "registration of sip:bob@home.example expired" in talk.logs


def test_a_registrar_that_lists_nothing_grants_what_was_asked() -> None:
    talk = fresh()
    begin(talk, "Expires: 100")
    talk.reply("core", 200)
    assert talk.edge.deadline == 100


def test_a_refused_register_changes_nothing() -> None:
    talk = EdgeTalk()
    begin(talk)
    talk.reply("core", 403)
    assert talk.edge.registrations == 1


def test_the_limit_and_one_more() -> None:
    talk = fresh(max_registrations=1)
    talk.register()
    talk.register()
    assert talk.edge.registrations == 1
    other = talk.request("ue", "REGISTER", uri="sip:home.example")
    other = other.with_headers(other.headers.replaced("Contact", "<sip:carol@198.51.100.8>"))
    assert talk.send("ue", other) == ["ue 503 REGISTER"]
    assert talk.last("ue", SipResponse).headers.get("Retry-After") == "10"


def test_contacts_have_a_limit() -> None:
    talk = fresh()
    request = talk.request("ue", "REGISTER", uri="sip:home.example")
    for count, seen in ((MAX_CONTACTS, "core REGISTER"), (MAX_CONTACTS + 1, "ue 400 REGISTER")):
        many = ", ".join(f"<sip:a{n}@192.0.2.1>" for n in range(count))
        via = f"SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKmany{count}"
        headers = request.headers.replaced("Contact", many).replaced("Via", via)
        assert talk.send("ue", request.with_headers(headers)) == [seen]


def test_a_registrar_that_cannot_be_reached_gives_503() -> None:
    talk = fresh()
    begin(talk)
    sent = client_key(talk.last("core", SipRequest))
    assert talk.tell(TransactionFailed(sent, 503)) == ["ue 503 REGISTER"]


def test_the_core_cannot_register() -> None:
    talk = fresh()
    request = talk.request("core", "REGISTER", uri="sip:home.example")
    assert talk.send("core", request) == ["core 403 REGISTER"]
