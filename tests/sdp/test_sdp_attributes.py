"""Typed reading of what decides how a stream is anchored."""

from collections.abc import Callable
from textwrap import dedent

import pytest

from imsedge.core.address import TransportAddress
from imsedge.sdp.attributes import (
    ConnectionUse,
    EdgeSecurity,
    Setup,
    has_cema,
    read_address,
    read_connection_use,
    read_edge_security,
    read_fingerprints,
    read_path,
    read_setup,
)
from imsedge.sdp.errors import SdpError
from imsedge.sdp.model import Description, Media
from imsedge.sdp.parser import read_descriptions
from imsedge.security.fingerprint import fingerprint_of

SHA1, SHA256 = fingerprint_of(b"der", "sha-1"), fingerprint_of(b"der")


def only(text: str) -> tuple[Description, Media]:
    (description,) = read_descriptions(dedent(text))
    return description, description.media[0]


def test_session_level_counts_for_media_without_their_own() -> None:
    session = f"v=0\na=setup:passive\na=connection:existing\na=fingerprint:{SHA1}\nm=x 9 TCP *\n"
    assert read_setup(*only(session)) is Setup.PASSIVE
    assert read_connection_use(*only(session)) is ConnectionUse.EXISTING
    assert read_fingerprints(*only(session)) == (SHA1,)
    own = session + f"a=Setup: ACTIVE\na=connection:new\na=fingerprint:{str(SHA256).lower()}\n"
    assert read_setup(*only(own)) is Setup.ACTIVE
    assert read_connection_use(*only(own)) is ConnectionUse.NEW
    assert read_fingerprints(*only(own)) == (SHA256,)


def test_absent_is_none_or_empty() -> None:
    description, media = only("v=0\nm=x 9 TCP *\n")
    assert read_setup(description, media) is None
    assert read_connection_use(description, media) is None
    assert read_fingerprints(description, media) == ()
    assert read_path(media) == ()
    assert read_edge_security(media) is None
    assert read_address(description, media) is None
    assert not has_cema(media)


def test_hashes_nobody_may_use_are_passed_over_beside_a_good_one() -> None:
    values = (f"md5 {'AA:' * 15}AA", "sha3-256 AA", SHA256)
    text = "v=0\nm=x 9 TCP *\n" + "".join(f"a=fingerprint:{value}\n" for value in values)
    assert read_fingerprints(*only(text)) == (SHA256,)


EDGE = {
    "requested": EdgeSecurity.REQUESTED,
    "applied": EdgeSecurity.APPLIED,
    "Requested ": EdgeSecurity.REQUESTED,
    "maybe": None,
    "": None,
}


@pytest.mark.parametrize(("value", "expected"), EDGE.items())
def test_edge_security_knows_two_values_and_ignores_others(value: str, expected: EdgeSecurity | None) -> None:
    _, media = only(f"v=0\nm=x 9 TCP *\na=3ge2ae:{value}\n")
    assert read_edge_security(media) is expected


def test_edge_security_at_session_level_is_not_for_us() -> None:
    _, media = only("v=0\na=3ge2ae:requested\nm=x 9 TCP *\n")
    assert read_edge_security(media) is None


PATHS = {
    "msrp://10.9.9.9:2855/xyz;tcp": (False, "10.9.9.9", 2855, "xyz"),
    "msrps://[2001:db8::7]:7654/a+b.c=;tcp": (True, "2001:db8::7", 7654, "a+b.c="),
    "MSRPS://alice@host.example/s;tcp;x=1": (True, "host.example", None, "s"),
}


@pytest.mark.parametrize(("text", "expected"), PATHS.items())
def test_paths(text: str, expected: tuple[bool, str, int | None, str]) -> None:
    (uri,) = read_path(only(f"v=0\nm=message 9 TCP/MSRP *\na=path:{text}\n")[1])
    assert (uri.secure, uri.host, uri.port, uri.session) == expected
    assert str(uri) == text


ADDRESSES = {
    "IN IP4 192.0.2.1": TransportAddress("192.0.2.1", 7654),
    "IN IP6 2001:db8::1": TransportAddress("2001:db8::1", 7654),
    "IN IP4 192.0.2.1/127": TransportAddress("192.0.2.1", 7654),
    "IN IP4 $": None,
}


@pytest.mark.parametrize(("connection", "expected"), ADDRESSES.items())
def test_addresses(connection: str, expected: TransportAddress | None) -> None:
    assert read_address(*only(f"v=0\nc={connection}\nm=x 7654 TCP *\n")) == expected


def test_a_wildcard_port_is_no_address() -> None:
    assert read_address(*only("v=0\nc=IN IP4 192.0.2.1\nm=x $ TCP *\n")) is None


def test_cema_is_a_flag() -> None:
    assert has_cema(only("v=0\nm=x 9 TCP *\na=msrp-cema\n")[1])


UNUSABLE = {
    "setup": ("a=setup:sideways", read_setup),
    "connection": ("a=connection:maybe", read_connection_use),
    "fingerprint hash": ("a=fingerprint:md5 AA:BB", read_fingerprints),
    "fingerprint digits": ("a=fingerprint:sha-1 AA:B", read_fingerprints),
    "fingerprint length": ("a=fingerprint:sha-1 AA:BB", read_fingerprints),
    "name": ("c=IN IP4 host.example", read_address),
    "family": ("c=IN IP6 192.0.2.1", read_address),
    "network": ("c=ATM NSAP 1", read_address),
}


@pytest.mark.parametrize(("line", "read"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_488(line: str, read: Callable[[Description, Media], object]) -> None:
    description, media = only(f"v=0\nm=x 9 TCP *\n{line}\n")
    with pytest.raises(SdpError, match="488"):
        read(description, media)


def test_a_path_that_is_none_is_488() -> None:
    _, media = only("v=0\nm=x 9 TCP *\na=path:http://example.com/\n")
    with pytest.raises(SdpError, match="488"):
        read_path(media)
