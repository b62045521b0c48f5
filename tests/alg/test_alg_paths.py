"""What becomes of ``a=path``: each row of the table by the client that only it fits."""

import pytest

from imsedge.alg.paths import Paths, route, written
from imsedge.alg.policy import Aware, Matching, Policy
from imsedge.core.address import TransportAddress
from imsedge.sdp.parser import read_description

KEPT, FOLLOWING, REWRITTEN = Paths.KEPT, Paths.FOLLOWING, Paths.REWRITTEN
STRICT = ("a=path:msrps://198.51.100.7:7654/abc;tcp",)
CEMA = (*STRICT, "a=msrp-cema")
RELAYED = ("a=path:msrps://relay.example:2855/hop;tcp msrps://198.51.100.7:7654/abc;tcp",)
UNREADABLE = ("a=path:sip:alice@example.org",)
AUTO, NEVER, ALWAYS = (Policy(aware=aware) for aware in Aware)
SESSMATCH = Policy(matching=Matching.SESSMATCH)
AGNOSTIC = Policy(matching=Matching.SESSMATCH, aware=Aware.NEVER)

CASES = {
    "CEMA": (AUTO, CEMA, {}, KEPT),
    "CEMA through relays": (AUTO, (*RELAYED, "a=msrp-cema"), {}, KEPT),
    "CEMA where TLS passes through": (AUTO, CEMA, {"visible": False}, KEPT),
    "CEMA where nobody rewrites": (NEVER, CEMA, {}, KEPT),
    "CEMA, and the operator wants one kind of path": (ALWAYS, CEMA, {}, REWRITTEN),
    "the same where TLS passes through": (ALWAYS, CEMA, {"visible": False}, KEPT),
    "CEMA whose path nobody can read": (ALWAYS, (*UNREADABLE, "a=msrp-cema"), {}, KEPT),
    "CEMA comes up in an aware stream": (AUTO, CEMA, {"before": REWRITTEN}, REWRITTEN),
    "RFC 4975": (AUTO, STRICT, {}, REWRITTEN),
    "RFC 4975 through relays": (AUTO, RELAYED, {}, REWRITTEN),
    "RFC 4975 where nobody rewrites": (NEVER, STRICT, {}, Paths.STUCK),
    "RFC 4975 where TLS passes through": (AUTO, STRICT, {"visible": False}, Paths.STUCK),
    "RFC 4975 after CEMA": (AUTO, STRICT, {"before": KEPT}, REWRITTEN),
    "no path at all": (AUTO, (), {}, Paths.STUCK),
    "a path that nobody can read": (AUTO, UNREADABLE, {}, Paths.STUCK),
    "sessmatch": (SESSMATCH, STRICT, {}, FOLLOWING),
    "sessmatch where TLS passes through": (SESSMATCH, STRICT, {"visible": False}, FOLLOWING),
    "sessmatch where nobody rewrites": (AGNOSTIC, STRICT, {}, FOLLOWING),
    "sessmatch again": (SESSMATCH, STRICT, {"before": FOLLOWING}, FOLLOWING),
    "CEMA among sessmatch": (SESSMATCH, CEMA, {}, KEPT),
    "CEMA among sessmatch that found no partner": (SESSMATCH, STRICT, {"before": KEPT}, REWRITTEN),
    "the same where nobody rewrites": (AGNOSTIC, STRICT, {"before": KEPT}, Paths.STUCK),
    "sessmatch does not help relays": (SESSMATCH, RELAYED, {}, REWRITTEN),
}


def message(*attributes: str, proto: str = "TCP/TLS/MSRP"):  # type: ignore[no-untyped-def]
    lines = ("v=0", "c=IN IP4 198.51.100.7", f"m=message 7654 {proto} *", *attributes)
    return read_description("".join(f"{line}\r\n" for line in lines)).media[0]


@pytest.mark.parametrize(("policy", "attributes", "others", "paths"), CASES.values(), ids=CASES)
def test_route(policy: Policy, attributes: tuple[str, ...], others: dict[str, object], paths: Paths) -> None:
    facts = {"before": Paths.NONE, "visible": True} | others
    routing = route(policy, message(*attributes), **facts)  # type: ignore[arg-type]
    assert routing.paths is paths
    assert routing.reason


def test_only_msrp_has_paths() -> None:
    media = message(*STRICT, proto="TCP")
    assert route(ALWAYS, media, Paths.NONE, visible=True).paths is Paths.NONE


def test_a_session_match_client_is_seen_through_the_gateway() -> None:
    media = message("a=path:msrp://alice@198.51.100.7:7654/abc;tcp")
    address = TransportAddress("2001:db8::1", 30_000)
    assert written(media, address, secure=True) == "msrps://[2001:db8::1]:30000/abc;tcp"
