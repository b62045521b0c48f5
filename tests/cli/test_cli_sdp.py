"""``imsedge sdp explain``: the decision, the rules, and what would leave."""

import subprocess
from collections.abc import Callable

import msgspec
import pytest

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]

FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
SESSION = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
SECURE = (
    f"{SESSION}m=message 2855 TCP/TLS/MSRP *\r\na=setup:actpass\r\na=msrp-cema\r\n"
    f"a=path:msrps://192.0.2.9:2855/s1;tcp\r\n{FINGERPRINT}\r\na=3ge2ae:requested\r\n"
)
CLEAR = (
    f"{SESSION}m=message 2855 TCP/MSRP *\r\na=setup:actpass\r\na=msrp-cema\r\n"
    "a=path:msrp://192.0.2.9:2855/s1;tcp\r\n"
)

FAX = f"{SESSION}m=image 6004 udptl t38\r\na=T38FaxVersion:0\r\n"

CASES = {
    "the UE asks and both have announced": (SECURE, (), "TLS ends in the gateway", "TCP/MSRP"),
    "the UE asks and nobody has announced": (SECURE, ("--no-announced",), "refused", None),
    "the UE does not ask": (SECURE.replace("a=3ge2ae:requested\r\n", ""), (), "untouched", "TCP/TLS/MSRP"),
    "the operator wants it always": (
        SECURE.replace("a=3ge2ae:requested\r\n", ""),
        ("--securing", "always", "--no-announced"),
        "TLS ends in the gateway",
        "TCP/MSRP",
    ),
    "nobody secures it, and the operator anchors it": (
        CLEAR,
        ("--anchor", "always"),
        "anchored in the gateway",
        "TCP/MSRP",
    ),
    "a fax, anchored too": (FAX, ("--anchor", "always"), "anchored in the gateway", "udptl"),
    "a fax from the core": (FAX, ("--from", "core"), "TLS ends in the gateway", "UDP/TLS/UDPTL"),
    "nobody secures it, and it passes by": (CLEAR, ("--anchor", "behind_nat"), "untouched", "TCP/MSRP"),
    "both would be TLS clients": (
        SECURE.replace("actpass", "active").replace("a=3ge2ae:requested\r\n", ""),
        ("--from", "core", "--anchor", "behind_nat", "--nat"),
        "refused",
        None,
    ),
    "the core calls": (CLEAR, ("--from", "core"), "TLS ends in the gateway", "TCP/TLS/MSRP"),
}


@pytest.mark.parametrize(("offer", "options", "treatment", "proto"), CASES.values(), ids=CASES)
def test_what_an_offer_meets(
    imsedge: Imsedge, offer: str, options: tuple[str, ...], treatment: str, proto: str | None
) -> None:
    done = imsedge("sdp", "explain", "--json", *options, stdin=offer.encode())
    explained = msgspec.json.decode(done.stdout)
    (media,) = explained["media"]
    assert media["treatment"] == treatment
    if proto is None:
        assert explained["leaves"] is None
        assert explained["refused"]
    else:
        assert f" {proto} " in explained["leaves"]


def test_for_people(imsedge: Imsedge) -> None:
    text = imsedge("sdp", "explain", stdin=SECURE.encode()).stdout.decode()
    assert text.startswith("m=message 2855 TCP/TLS/MSRP *\n    TLS ends in the gateway: ")
    assert "rule: msrp leaves TLS" in text
    assert "m=message 20000 TCP/MSRP *\n" in text
    assert "fingerprint" not in text
    assert b"refused with 488" in imsedge("sdp", "explain", "--no-announced", stdin=SECURE.encode()).stdout


def test_nothing_is_said_to_happen_that_does_not(imsedge: Imsedge) -> None:
    passing = imsedge("sdp", "explain", stdin=STRICT.encode()).stdout.decode()
    assert "    MSRP, if it were anchored: application-aware" in passing
    assert (
        "    MSRP: " in imsedge("sdp", "explain", "--anchor", "always", stdin=STRICT.encode()).stdout.decode()
    )
    refused = imsedge("sdp", "explain", "--no-announced", stdin=SECURE.encode()).stdout.decode()
    assert "MSRP: " not in refused
    assert "rule: " not in refused


def test_a_direction_that_changes_is_shown(imsedge: Imsedge) -> None:
    offer = CLEAR.replace("actpass", "active").replace("TCP/MSRP", "TCP").replace("message", "application")
    options = ("--from", "core", "--anchor", "always", "--mode", "merge")
    text = imsedge("sdp", "explain", *options, stdin=offer.encode()).stdout.decode()
    assert "rule: the direction of TCP changes at the gateway" in text
    assert "a=setup:passive" in text


@pytest.mark.parametrize("text", [b"", b"INVITE sip:x SIP/2.0\r\n", b"v=0\r\nm=message\r\n"])
def test_what_is_no_description_is_said(imsedge: Imsedge, text: bytes) -> None:
    done = imsedge("sdp", "explain", stdin=text)
    assert done.returncode == 2
    assert done.stderr.startswith(b"imsedge: -: ")


STRICT = CLEAR.replace("a=msrp-cema\r\n", "")
PATHS = {
    "CEMA": (CLEAR, (), "application-agnostic, the path is untouched", "msrp://192.0.2.9:2855/s1;tcp"),
    "RFC 4975": (
        STRICT,
        (),
        "application-aware, the gateway rewrites paths",
        "msrps://192.0.2.1:20000/session-of-the-gateway;tcp",
    ),
    "sessmatch": (
        STRICT,
        ("--matching", "sessmatch"),
        "application-agnostic, host and port of the path follow the address",
        "msrps://192.0.2.1:20000/s1;tcp",
    ),
    "RFC 4975 where nobody rewrites": (STRICT, ("--aware", "never"), "no way through the gateway", None),
}


@pytest.mark.parametrize(("offer", "options", "paths", "leaves"), PATHS.values(), ids=PATHS)
def test_what_becomes_of_msrp_paths(
    imsedge: Imsedge, offer: str, options: tuple[str, ...], paths: str, leaves: str | None
) -> None:
    done = imsedge("sdp", "explain", "--json", "--from", "core", *options, stdin=offer.encode())
    explained = msgspec.json.decode(done.stdout)
    (media,) = explained["media"]
    assert media["paths"] == paths
    assert media["paths_reason"]
    assert (leaves is None) is (explained["leaves"] is None)
    assert leaves is None or f"a=path:{leaves}\r\n" in explained["leaves"]
