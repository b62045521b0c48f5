"""MSRP URIs read, written and compared (RFC 4975 clause 6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import RemoteError
from imsedge.core.msrp_uri import (
    MAX_PATH_URIS,
    MAX_URI_CHARACTERS,
    read_msrp_path,
    read_msrp_uri,
    write_msrp_uri,
)


def test_own_uris_are_read_as_they_are_written() -> None:
    for host in ("192.0.2.1", "2001:db8::1"):
        for secure in (False, True):
            made = write_msrp_uri(host, 7654, "abc", secure=secure)
            assert read_msrp_uri(str(made)) == made


SAME = {
    ("msrp://Host.Example:2855/s;tcp", "MSRP://host.example:2855/s;TCP"): True,
    ("msrp://h:1/s;tcp", "msrp://alice@h:1/s;tcp;x=y"): True,
    ("msrp://h:1/s;tcp", "msrp://h:1/S;tcp"): False,
    ("msrp://h:1/s;tcp", "msrps://h:1/s;tcp"): False,
    ("msrp://h:2855/s;tcp", "msrp://h/s;tcp"): False,
}


@pytest.mark.parametrize(("pair", "same"), SAME.items())
def test_comparison(pair: tuple[str, str], same: bool) -> None:
    one, other = map(read_msrp_uri, pair)
    assert one.names_same_session(other) is same


def test_a_uri_without_a_port_is_called_at_2855() -> None:
    assert read_msrp_uri("msrp://h/s;tcp").connect_port == 2855
    assert read_msrp_uri("msrp://h:9/s;tcp").connect_port == 9


def test_a_path_has_the_next_hop_first() -> None:
    relay, end = read_msrp_path("msrps://relay:2855/r;tcp msrp://end:9/e;tcp")
    assert (relay.host, end.host) == ("relay", "end")


BAD = [
    "",
    "msrp:",
    "msrp://h/s",
    "http://h/s;tcp",
    "msrp://h:65536/s;tcp",
    "msrp://[h]/s;tcp",
    "msrp://h /s;tcp",
]


@pytest.mark.parametrize("text", BAD)
def test_bad_ones(text: str) -> None:
    with pytest.raises(RemoteError, match="400"):
        read_msrp_path(text)


def test_limits_hold_exactly() -> None:
    head, tail = "msrp://h/", ";tcp"
    fits = head + "s" * (MAX_URI_CHARACTERS - len(head) - len(tail)) + tail
    read_msrp_uri(fits)
    with pytest.raises(RemoteError, match="longer"):
        read_msrp_uri(head + "s" + fits.removeprefix(head))
    assert len(read_msrp_path(" ".join(["msrp://h/s;tcp"] * MAX_PATH_URIS))) == MAX_PATH_URIS
    with pytest.raises(RemoteError, match="more than"):
        read_msrp_path(" ".join(["msrp://h/s;tcp"] * (MAX_PATH_URIS + 1)))


@given(st.text(max_size=80))
def test_any_text_is_read_or_the_peer_is_blamed(text: str) -> None:
    for candidate in (text, f"msrp://{text};tcp", f"msrp://h/{text};tcp"):
        try:
            read_msrp_path(candidate)
        except RemoteError:
            continue
