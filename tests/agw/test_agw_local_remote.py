"""Local and Remote as short SDP: read, chosen from, filled in."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.agw.local_remote import read_local, read_remote, write_local
from imsedge.bearer.messages import Setup, Transport
from imsedge.core.address import TransportAddress
from imsedge.h248.errors import H248Error
from imsedge.security.fingerprint import fingerprint_of

CERTIFICATE = b"a certificate"
SHA_1 = str(fingerprint_of(CERTIFICATE, "sha-1"))
OURS = str(fingerprint_of(CERTIFICATE))
ADDRESS = TransportAddress("203.0.113.5", 30_001)


def filled(text: str, address: TransportAddress = ADDRESS) -> str:
    return write_local(read_local(text, CERTIFICATE), address, CERTIFICATE, "s7").replace("\r\n", "\n")


FILLED = {
    "address and port": (
        "v=0\nc=IN IP4 $\nm=- $ TCP -\n",
        "v=0\nc=IN IP4 203.0.113.5\nm=- 30001 TCP -\n",
    ),
    "c= behind m=": (
        "v=0\nm=- $ TCP -\nc=IN IP4 $\n",
        "v=0\nm=- 30001 TCP -\nc=IN IP4 203.0.113.5\n",
    ),
    "fingerprint with a hash": (
        "v=0\nc=IN IP4 $\nm=message $ TCP/TLS/MSRP *\na=fingerprint:SHA-256 $\n",
        f"v=0\nc=IN IP4 203.0.113.5\nm=message 30001 TCP/TLS/MSRP *\na=fingerprint:{OURS}\n",
    ),
    "fingerprint without": (
        "v=0\nc=IN IP4 $\nm=- $ tcp/tls -\na=fingerprint:$\n",
        f"v=0\nc=IN IP4 203.0.113.5\nm=- 30001 tcp/tls -\na=fingerprint:{OURS}\n",
    ),
    "two hashes": (
        "v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=fingerprint:sha-1 $\na=fingerprint:sha-256 $\n",
        f"v=0\nc=IN IP4 203.0.113.5\nm=- 30001 TCP/TLS -\na=fingerprint:{SHA_1}\na=fingerprint:{OURS}\n",
    ),
    "what nobody knows stays": (
        "v=0\nc=IN IP4 $\nx=y\nm=- $ TCP -\na=setup:active\na=x-vendor:1$2\n",
        "v=0\nc=IN IP4 203.0.113.5\nx=y\nm=- 30001 TCP -\na=setup:active\na=x-vendor:1$2\n",
    ),
    "a path": (
        "v=0\nc=IN IP4 $\nm=message $ TCP/TLS/MSRP *\na=path:$\n",
        "v=0\nc=IN IP4 203.0.113.5\nm=message 30001 TCP/TLS/MSRP *\na=path:msrps://203.0.113.5:30001/s7;tcp\n",
    ),
    "a path in clear": (
        "v=0\nc=IN IP4 $\nm=message $ tcp/msrp *\na=Path: $ \n",
        "v=0\nc=IN IP4 203.0.113.5\nm=message 30001 tcp/msrp *\na=path:msrp://203.0.113.5:30001/s7;tcp\n",
    ),
    "a path of the controller's": (
        "v=0\nc=IN IP4 $\nm=message $ TCP/MSRP *\na=path:msrp://agw.example:30001/x;tcp\n",
        "v=0\nc=IN IP4 203.0.113.5\nm=message 30001 TCP/MSRP *\na=path:msrp://agw.example:30001/x;tcp\n",
    ),
    "the first alternative that can be": (
        "v=0\nc=IN IP4 $\nm=- $ SCTP -\nv=0\nc=IN IP4 $\nm=- $ TCP -\nv=0\nc=IN IP4 $\nm=- $ TCP/TLS -\n",
        "v=0\nc=IN IP4 203.0.113.5\nm=- 30001 TCP -\n",
    ),
    "line ends of all kinds": (
        "v=0\r\nc=IN IP4 $\rm=- $ TCP -",
        "v=0\nc=IN IP4 203.0.113.5\nm=- 30001 TCP -\n",
    ),
}


@pytest.mark.parametrize(("asked", "answered"), FILLED.values(), ids=FILLED)
def test_what_was_left_open_is_filled_in(asked: str, answered: str) -> None:
    assert filled(asked) == answered
    assert filled(answered) == answered  # and is understood when it comes back


def test_an_ipv6_address() -> None:
    text = "v=0\nc=IN IP6 $\nm=- $ TCP -\n"
    assert read_local(text, None).ipv6
    assert "c=IN IP6 2001:db8::5\n" in filled(text, TransportAddress("2001:db8::5", 1))


@pytest.mark.parametrize(
    ("proto", "transport"),
    [
        ("TCP", Transport.TCP),
        ("TCP/TLS", Transport.TLS),
        ("TCP/MSRP", Transport.TCP),
        ("TCP/TLS/MSRP", Transport.TLS),
        ("UDP", Transport.UDP),
        ("UDP/DTLS", Transport.DTLS),
    ],
)
def test_transports(proto: str, transport: Transport) -> None:
    text = f"v=0\nc=IN IP4 192.0.2.1\nm=- 5000 {proto} -\n"
    assert read_local(text, CERTIFICATE).transport is transport
    assert read_remote(text).transport is transport


def test_setup_at_either_level_defaults_to_both() -> None:
    def setup(session: str, media: str) -> Setup:
        return read_local(f"v=0\nc=IN IP4 $\n{session}m=- $ TCP -\n{media}", None).setup

    assert setup("", "") is Setup.ACTPASS
    assert setup("a=setup:passive\n", "") is Setup.PASSIVE
    assert setup("a=setup:passive\n", "a=setup:Active\n") is Setup.ACTIVE


def test_open_items_are_known() -> None:
    def is_open(text: str) -> bool:
        return read_local(text, CERTIFICATE).open_items

    assert is_open("v=0\nc=IN IP4 $\nm=- 5000 TCP -\n")
    assert is_open("v=0\nc=IN IP4 192.0.2.1\nm=- $ TCP -\n")
    assert is_open("v=0\nc=IN IP4 192.0.2.1\nm=- 5000 TCP/TLS -\na=fingerprint:$\n")
    assert not is_open("v=0\nc=IN IP4 192.0.2.1\nm=- 5000 TCP/TLS -\n")


REMOTES = {
    "an address": ("c=IN IP4 192.0.2.1\nm=- 5000 TCP -", TransportAddress("192.0.2.1", 5000)),
    "a caller": ("c=IN IP4 192.0.2.1\nm=- 9 TCP -", TransportAddress("192.0.2.1", 9)),
    "IPv6": ("c=IN IP6 2001:db8::1\nm=- 5000 TCP -", TransportAddress("2001:db8::1", 5000)),
    "port 0 is nowhere": ("c=IN IP4 192.0.2.1\nm=- 0 TCP -", None),
    "0.0.0.0 is nobody": ("c=IN IP4 0.0.0.0\nm=- 5000 TCP -", None),
    "not specified": ("c=IN IP4 -\nm=- - TCP -", None),
    "no c= line": ("m=- 5000 TCP -", None),
}


@pytest.mark.parametrize(("text", "address"), REMOTES.values(), ids=REMOTES)
def test_remote_addresses(text: str, address: TransportAddress | None) -> None:
    assert read_remote(f"v=0\n{text}\n").address == address


def test_remote_fingerprints_count_for_secured_transports() -> None:
    line = f"a=fingerprint:{OURS.upper()}\n"
    tls = "v=0\nc=IN IP4 192.0.2.1\nm=- 5000 TCP/TLS -\n"
    assert read_remote(tls + line).fingerprints == (fingerprint_of(CERTIFICATE),)
    assert read_remote(tls.replace("v=0\n", f"v=0\n{line}")).fingerprints == (fingerprint_of(CERTIFICATE),)
    assert read_remote(tls).fingerprints is None
    assert read_remote(tls.replace("/TLS", "") + line).fingerprints is None


PATH = "msrp://192.0.2.1:5000/a;tcp"
RELAYED = f"msrps://relay.example:2855/r;tcp {PATH}"


def test_paths_count_for_msrp_only() -> None:
    def paths(proto: str, path: str) -> tuple[str | None, tuple[str, ...]]:
        text = f"v=0\nc=IN IP4 192.0.2.1\nm=- 5000 {proto} -\na=path:{path}\n"
        return read_local(text.replace(RELAYED, PATH), CERTIFICATE).path, read_remote(text).path

    assert paths("TCP/MSRP", PATH) == (PATH, (PATH,))
    assert paths("TCP/TLS/MSRP", RELAYED) == (PATH, tuple(RELAYED.split()))
    assert paths("TCP", PATH) == (None, ())
    assert read_local("v=0\nc=IN IP4 $\nm=- $ TCP/MSRP -\n", None).path is None


WRONG_PATHS = {
    "no URI": (read_local, "TCP/MSRP", "x"),
    "no URI in Remote": (read_remote, "TCP/MSRP", "sip:a@example.com"),
    "empty": (read_remote, "TCP/MSRP", ""),
    "two of ours": (read_local, "TCP/MSRP", RELAYED),
    "left open in Remote": (read_remote, "TCP/MSRP", "$"),
    "left open without MSRP": (read_local, "TCP", "$"),
    "left open in part": (read_local, "TCP/MSRP", "msrp://$:5000/a;tcp"),
}


@pytest.mark.parametrize(("read", "proto", "path"), WRONG_PATHS.values(), ids=WRONG_PATHS)
def test_a_path_that_cannot_be(
    read: Callable[[str, *tuple[Any, ...]], object], proto: str, path: str
) -> None:
    text = f"v=0\nc=IN IP4 192.0.2.1\nm=- 5000 {proto} -\na=path:{path}\n"
    with pytest.raises(H248Error) as raised:
        read(text, *(() if read is read_remote else (CERTIFICATE,)))
    assert raised.value.code == 449


def test_a_secured_stream_needs_a_certificate_of_ours() -> None:
    with pytest.raises(H248Error) as raised:
        read_local("v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=fingerprint:$\n", None)
    assert raised.value.code == 500


_PIECES = (
    "v=0",
    "c=IN IP4 $",
    "c=IN IP4 192.0.2.1",
    "m=- $ TCP -",
    "m=$ $ $ $",
    "a=setup:$",
    "a=fingerprint:$",
    "m=message $ TCP/MSRP *",
    "a=path:$",
    f"a=path:{PATH}",
)
_LINES = st.one_of(st.sampled_from(_PIECES), st.text(max_size=20))


@given(st.lists(_LINES, max_size=8).map("\n".join))
def test_any_text_is_taken_or_refused_with_a_code(text: str) -> None:
    for read in (_read_and_fill, read_remote):
        assert _code(read, text) in {0, 449, 474, 500, 515}


def _read_and_fill(text: str) -> None:
    write_local(read_local(text, CERTIFICATE), ADDRESS, CERTIFICATE)


def _code(read: Callable[[str], object], text: str) -> int:
    try:
        read(text)
    except H248Error as error:
        return error.code
    return 0
