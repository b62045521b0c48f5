"""Fingerprints read, written and compared (RFC 8122)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import RemoteError
from imsedge.security.fingerprint import PREFERENCE, fingerprint_of, matches_any, read_fingerprint

DER, OTHER = b"a certificate", b"another certificate"


@pytest.mark.parametrize("algorithm", PREFERENCE)
def test_every_hash_is_read_as_it_is_written(algorithm: str) -> None:
    made = fingerprint_of(DER, algorithm)
    assert read_fingerprint(str(made)) == made
    assert made.matches(DER)
    assert not made.matches(OTHER)


def test_case_of_name_and_digits_does_not_count() -> None:
    made = fingerprint_of(DER)
    assert read_fingerprint(str(made).lower()) == read_fingerprint(str(made).upper()) == made


BAD = {
    "nothing": "",
    "no digits": "sha-256",
    "md5 is broken": "md5 " + "AA:" * 15 + "AA",
    "md2 is broken": "MD2 " + "AA:" * 15 + "AA",
    "nobody knows it": "sha-9 AA",
    "a wildcard": "$",
    "too short": "sha-1 " + "AA:" * 18 + "AA",
    "too long": "sha-1 " + "AA:" * 20 + "AA",
    "half a pair": "sha-1 " + "AA:" * 19 + "A",
    "no colons": "sha-1 " + "AA" * 20,
    "not hexadecimal": "sha-1 " + "AA:" * 19 + "GG",
    "something behind": "sha-1 " + "AA:" * 19 + "AA x",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_ones_are_488(text: str) -> None:
    with pytest.raises(RemoteError) as caught:
        read_fingerprint(text)
    assert caught.value.code == 488


def test_one_of_the_most_preferred_hash_must_match() -> None:
    good, bad = fingerprint_of(DER), fingerprint_of(OTHER)
    assert matches_any((bad, good), DER)
    assert not matches_any((bad,), DER)
    assert not matches_any((), DER)
    # A weaker hash that matches does not help when a stronger one was announced and does not.
    assert not matches_any((fingerprint_of(DER, "sha-1"), bad), DER)
    assert matches_any((fingerprint_of(OTHER, "sha-1"), good), DER)


@given(st.text(max_size=100))
def test_any_text_is_read_or_the_peer_is_blamed(text: str) -> None:
    for candidate in (text, f"sha-1 {text}"):
        try:
            read_fingerprint(candidate)
        except RemoteError:
            continue
