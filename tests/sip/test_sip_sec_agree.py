"""Security agreement with media mechanisms, as peers really write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sip.errors import SipError
from imsedge.sip.message import Headers
from imsedge.sip.sec_agree import (
    SECURITY_CLIENT,
    SECURITY_SERVER,
    SECURITY_VERIFY,
    Mechanism,
    media_mechanism,
    media_names,
    read_mechanism,
    read_mechanisms,
    verify_matches,
    without_media,
)

IPSEC = "ipsec-3gpp;alg=hmac-sha-1-96;ealg=aes-cbc;spi-c=1;spi-s=2;port-c=5062;port-s=5064"


@pytest.mark.parametrize(
    ("text", "name", "is_media"),
    [
        ("msrp-tls;mediasec", "msrp-tls", True),
        ("MSRP-TLS ; MediaSec", "msrp-tls", True),
        ("sdes-srtp;mediasec;q=0.5", "sdes-srtp", True),
        ('mediasec="msrp-tls"', "msrp-tls", True),
        ("mediasec=bfcp-tls", "bfcp-tls", True),
        ("tls;mediasec=bfcp-tls", "bfcp-tls", True),
        ("msrp-tls;q=0.100000.4;mediasec", "msrp-tls", True),
        ("msrp-tls;;mediasec", "msrp-tls", True),
        (IPSEC, "ipsec-3gpp", False),
        ("tls;q=0.2", "tls", False),
        ("msrp-tls", "msrp-tls", False),
    ],
)
def test_one_entry(text: str, name: str, is_media: bool) -> None:
    mechanism = read_mechanism(text)
    assert (mechanism.name, mechanism.is_media) == (name, is_media)
    assert str(mechanism) == text


@pytest.mark.parametrize("text", ["", ";mediasec", "a b", "x=y", 'mediasec="a b"', "a@b;mediasec"])
def test_what_names_no_mechanism(text: str) -> None:
    with pytest.raises(SipError):
        read_mechanism(text)


@pytest.mark.parametrize(
    ("text", "preference"),
    [("a;q=0.5", 0.5), ("a;q=1", 1.0), ("a;q=1.9", 1.0), ("a", 0.0), ("a;q=0.100000.4", 0.0), ("a;q=x", 0.0)],
)
def test_preference_is_never_a_reason_to_refuse(text: str, preference: float) -> None:
    assert read_mechanism(text).preference == preference


def test_several_fields_or_one_list() -> None:
    apart = Headers([("Security-Client", IPSEC), ("security-client", "msrp-tls;mediasec, bfcp-tls;mediasec")])
    together = Headers([("Security-Client", f"{IPSEC}, msrp-tls;mediasec,bfcp-tls;mediasec")])
    for headers in (apart, together):
        mechanisms = read_mechanisms(headers, SECURITY_CLIENT)
        assert [m.name for m in mechanisms] == ["ipsec-3gpp", "msrp-tls", "bfcp-tls"]
        assert media_names(mechanisms) == {"msrp-tls", "bfcp-tls"}


def test_an_unreadable_entry_does_not_hide_the_others() -> None:
    headers = Headers([("Security-Client", "b@d;mediasec, msrp-tls;mediasec")])
    assert media_names(read_mechanisms(headers, SECURITY_CLIENT)) == {"msrp-tls"}


def test_entries_beyond_the_limit_are_not_looked_at() -> None:
    headers = Headers([("Security-Client", ",".join(f"m{number};mediasec" for number in range(33)))])
    assert len(read_mechanisms(headers, SECURITY_CLIENT)) == 32


def test_what_we_announce() -> None:
    assert media_mechanism("msrp-tls") == read_mechanism("msrp-tls;mediasec")
    assert str(Mechanism("tls")) == "tls"


def read(*values: str) -> tuple[Mechanism, ...]:
    return read_mechanisms(Headers([(SECURITY_VERIFY, value) for value in values]), SECURITY_VERIFY)


@pytest.mark.parametrize(
    ("verify", "matches"),
    [
        (("msrp-tls;mediasec", "sdes-srtp;mediasec"), True),
        (("sdes-srtp;mediasec, MSRP-TLS;mediasec;q=0.1",), True),
        ((IPSEC, 'mediasec="msrp-tls", sdes-srtp;mediasec'), True),
        (("msrp-tls;mediasec",), False),
        (("msrp-tls;mediasec", "sdes-srtp;mediasec", "bfcp-tls;mediasec"), False),
        (("msrp-tls", "sdes-srtp"), False),
        ((), False),
    ],
)
def test_verify_echoes_our_media_part(verify: tuple[str, ...], matches: bool) -> None:
    announced = read("tls;q=0.2", "msrp-tls;mediasec", "sdes-srtp;mediasec")
    assert verify_matches(announced, read(*verify)) is matches


def test_nothing_announced_nothing_echoed() -> None:
    assert verify_matches(read("tls"), read(IPSEC))


# Registration of a telephone adapter at Deutsche Telekom, as its support pages describe it.

REGISTER = [("Security-Client", "sdes-srtp;mediasec"), ("Proxy-Require", "mediasec"), ("Require", "mediasec")]
CHALLENGE = [
    ("Security-Server", "msrp-tls;mediasec"),
    ("Security-Server", "sdes-srtp;mediasec"),
    ("Security-Server", "dtls-srtp;mediasec"),
]


def test_the_exchange_of_deutsche_telekom() -> None:
    announced = read_mechanisms(Headers(CHALLENGE), SECURITY_SERVER)
    assert media_names(announced) == {"msrp-tls", "sdes-srtp", "dtls-srtp"}
    echo = [("Security-Verify", value) for _, value in CHALLENGE]
    second = Headers([("Via", "x"), *REGISTER, *echo, ("Contact", "<sip:a>")])
    assert verify_matches(announced, read_mechanisms(second, SECURITY_VERIFY))
    assert without_media(second) == Headers([("Via", "x"), ("Contact", "<sip:a>")])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            [("Security-Client", f"msrp-tls;mediasec, {IPSEC}"), ("Require", "sec-agree, mediasec")],
            [("Security-Client", IPSEC), ("Require", "sec-agree")],
        ),
        ([("Security-Verify", 'mediasec="msrp-tls"'), ("Require", "path, sec-agree")], [("Require", "path")]),
        ([("Security-Client", "b@d;mediasec")], []),
        ([("Security-Client", "b@d")], [("Security-Client", "b@d")]),
        ([("Security-Server", "tls;mediasec=bfcp-tls")], []),
        ([("Supported", "mediasec"), ("X", "mediasec")], [("Supported", "mediasec"), ("X", "mediasec")]),
    ],
)
def test_what_the_core_may_see(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
    assert without_media(Headers(before)) == Headers(after)


@given(st.lists(st.text(alphabet='ab;=," mediasec-tls', max_size=40), max_size=6))
def test_any_text_is_read_and_stripped(values: list[str]) -> None:
    headers = Headers([(SECURITY_CLIENT, value) for value in values])
    read_mechanisms(headers, SECURITY_CLIENT)
    left = read_mechanisms(without_media(headers), SECURITY_CLIENT)
    assert media_names(left) == frozenset()
