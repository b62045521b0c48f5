"""REGISTER through the P-CSCF: Path, mediasec (with the spellings that peers use), lifetimes, limits."""

import pytest

from imsedge.alg.bindings import MAX_CONTACTS
from imsedge.alg.policy import Policy, Securing
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


def changed(request: SipRequest, **fields: str) -> SipRequest:
    """``request`` with these fields; ``from_`` is From."""
    headers = request.headers
    for name, value in fields.items():
        headers = headers.replaced(name.strip("_").title(), value)
    return request.with_headers(headers)


def star(talk: EdgeTalk, *fields: str) -> list[str]:
    request = talk.request("ue", "REGISTER", "", *fields, uri="sip:home.example")
    return talk.send("ue", changed(request, contact="*"))


def test_contact_star_ends_all_of_the_user() -> None:
    talk = EdgeTalk()
    assert star(talk, "Expires: 0") == ["core REGISTER"]
    talk.reply("core", 200)
    assert talk.edge.registrations == 0


@pytest.mark.parametrize("fields", [("Expires: 60",), ()])
def test_contact_star_is_for_the_end_only(fields: tuple[str, ...]) -> None:
    assert star(EdgeTalk(), *fields) == ["ue 400 REGISTER"]


A, B, C = (f"sip:{user}@192.0.2.50" for user in ("alice", "alice2", "alice3"))


def register_contacts(talk: EdgeTalk, asked: dict[str, int], granted: dict[str, int]) -> None:
    """One REGISTER for several contacts, and what the registrar lists in its 200."""
    request = talk.request("ue", "REGISTER", uri="sip:home.example")
    listed = ", ".join(f"<{uri}>;expires={seconds}" for uri, seconds in asked.items())
    talk.send("ue", changed(request, contact=listed))
    talk.reply("core", 200, headers=[("Contact", f"<{u}>;x=1;expires={s}") for u, s in granted.items()])


def is_known(talk: EdgeTalk, uri: str) -> bool:
    """Whether a request for this contact goes to the phone, not to where the contact points."""
    return talk.send("core", talk.request("core", "OPTIONS", uri=uri)) == ["ue OPTIONS"]


def test_each_contact_has_its_own_life_and_all_share_the_path() -> None:
    talk = fresh()
    register_contacts(talk, {A: 100, B: 200}, {A: 100, B: 200})
    path = talk.last("core", SipRequest).headers.all("Path")
    assert talk.edge.registrations == 1
    talk.until(150)
    assert [is_known(talk, uri) for uri in (A, B)] == [False, True]
    register_contacts(talk, {B: 100, C: 50}, {B: 100, C: 50})
    assert talk.last("core", SipRequest).headers.all("Path") == path
    talk.until(210)
    assert [is_known(talk, uri) for uri in (B, C)] == [True, False]
    talk.until(260)
    assert talk.edge.registrations == 0
    assert talk.logs == ["registration of sip:alice@home.example expired"]


def test_a_phone_that_moves_ends_its_old_contact_and_begins_another() -> None:
    talk = fresh()
    register_contacts(talk, {A: 100}, {A: 100})
    register_contacts(talk, {A: 0, B: 100}, {B: 100})
    assert [is_known(talk, uri) for uri in (A, B)] == [False, True]
    assert talk.edge.registrations == 1


def test_a_contact_that_a_register_does_not_name_stays() -> None:
    talk = fresh()
    register_contacts(talk, {A: 100, B: 100}, {A: 100, B: 100})
    register_contacts(talk, {A: 0}, {B: 100})
    assert [is_known(talk, uri) for uri in (A, B)] == [False, True]


def test_contacts_of_one_binding_have_a_limit() -> None:
    talk = fresh()
    many = {f"sip:a{n}@192.0.2.50": 100 for n in range(MAX_CONTACTS)}
    register_contacts(talk, many, many)
    register_contacts(talk, {"sip:a0@192.0.2.50": 100, A: 100}, {**many, A: 100})
    assert is_known(talk, A)
    assert not is_known(talk, f"sip:a{MAX_CONTACTS - 1}@192.0.2.50")


def test_asking_for_the_bindings_changes_none() -> None:
    talk = EdgeTalk()
    request = talk.request("ue", "REGISTER", uri="sip:home.example")
    talk.send("ue", request.with_headers(request.headers.without("Contact")))
    talk.reply("core", 200, headers=GRANTED)
    assert talk.edge.registrations == 1
    assert is_known(talk, CONTACTS["ue"])


def test_an_interval_too_brief_is_told_and_the_next_register_succeeds() -> None:
    talk = fresh()
    begin(talk, "Expires: 10")
    path = talk.last("core", SipRequest).headers.all("Path")
    assert talk.reply("core", 423, headers=[("Min-Expires", "60")]) == ["ue 423 REGISTER"]
    assert talk.last("ue", SipResponse).headers.get("Min-Expires") == "60"
    assert talk.edge.registrations == 0
    begin(talk, "Expires: 60")
    assert talk.last("core", SipRequest).headers.all("Path") == path
    talk.reply("core", 200)
    assert talk.edge.deadline == 60


def on_behalf(talk: EdgeTalk, contact: str, status: int = 200, expires: int = 100) -> None:
    """A secretary registers alice from the same place, or ends her registration."""
    request = talk.request(
        "ue",
        "REGISTER",
        "",
        "Security-Client: msrp-tls;mediasec",
        f"Expires: {expires}",
        uri="sip:home.example",
    )
    request = changed(request, from_="<sip:secretary@home.example>;tag=s", contact=f"<{contact}>")
    assert talk.send("ue", request) == ["core REGISTER"]
    listed = [("Contact", f"<{contact}>;expires={expires}")] if expires else []
    talk.reply("core", status, headers=listed)


def test_who_registers_somebody_else_says_nothing_about_that_phone() -> None:
    talk = fresh()
    on_behalf(talk, "sip:alice@192.0.2.99")
    assert talk.edge.registrations == 0


def test_who_registers_somebody_else_may_end_it() -> None:
    talk = EdgeTalk()
    on_behalf(talk, CONTACTS["ue"])
    assert talk.edge.registrations == 1
    on_behalf(talk, CONTACTS["ue"], status=403, expires=0)
    assert talk.edge.registrations == 1
    on_behalf(talk, CONTACTS["ue"], expires=0)
    assert talk.edge.registrations == 0


def test_what_the_last_register_offered_counts() -> None:
    talk = fresh()
    talk.register("Security-Client: msrp-tls;mediasec")
    talk.register("Security-Client: bfcp-tls;mediasec")
    assert "gw Reserve access" not in talk.invite(CORE_OFFER, party="core")


@pytest.mark.parametrize(
    ("verify", "seen"),
    [("msrp-tls;mediasec", "gw Reserve core"), ("bfcp-tls;mediasec", "ue 494 INVITE")],
)
def test_an_echo_is_compared_in_calls_too(verify: str, seen: str) -> None:
    talk = EdgeTalk(mechanisms=("msrp-tls",))
    assert talk.invite(OFFER, f"Security-Verify: {verify}")[0] == seen
    if "494" in seen:
        assert talk.last("ue", SipResponse).headers.all("Security-Server") == ("msrp-tls;mediasec",)


def test_an_echo_of_the_core_is_not_ours_to_compare() -> None:
    talk = EdgeTalk(mechanisms=("msrp-tls",))
    assert talk.invite(CORE_OFFER, "Security-Verify: x;mediasec", party="core")[0] == "gw Reserve access"


def test_an_echo_when_nothing_is_announced_is_let_pass() -> None:
    talk = fresh(mechanisms=())
    assert begin(talk, "Security-Verify: msrp-tls;mediasec") == ["core REGISTER"]


def test_without_tls_nothing_is_negotiated_when_signalling_must_be_protected() -> None:
    talk = fresh(protected_only=True)
    talk.register()
    assert "Security-Server" not in talk.last("ue", SipResponse).headers
    assert "gw Reserve access" not in talk.invite(CORE_OFFER, party="core")


def test_the_registrar_decides_how_long() -> None:
    talk = fresh()
    begin(talk, "Expires: 9999")
    talk.reply("core", 200, headers=[("Contact", f"<{CONTACTS['ue']};x=1>"), ("Expires", "60")])
    assert talk.edge.deadline == 60
    talk.until(61)
    assert talk.edge.registrations == 0
    assert "registration of sip:alice@home.example expired" in talk.logs


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
