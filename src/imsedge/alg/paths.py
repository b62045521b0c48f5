"""What becomes of ``a=path``, and if the gateway has to know MSRP (TS 23.334 clause 5.19, TR 29.828 4.1.4).

MSRP names its sessions by URIs that hold the address of a party, in SDP and again in every message.  With a
gateway between the parties one of three things makes them find each other:

=============  ==========================  ===========================================  ==================
clients        told by                     ``a=path`` that leaves                       gateway
=============  ==========================  ===========================================  ==================
CEMA           ``a=msrp-cema``             untouched; clients connect to ``c=`` (RFC    agnostic
               (RFC 6714)                  6714)
sessmatch      ``policy.matching``    host and port are the gateway's, clients     agnostic
                                           compare nothing but the session id
RFC 4975       neither                     a URI of the gateway's, which changes it     aware
                                           in the messages as well
=============  ==========================  ===========================================  ==================

A CEMA offer keeps the gateway agnostic, whoever answers.  Who answers it without CEMA leaves the offerer with
addresses that do not fit; it offers again without CEMA (RFC 6714 clause 4.2) and gets an aware stream.  What
is aware stays so: that an offerer mentions CEMA later on changes nothing.

In agnostic e2ae calls one party reads ``msrps:`` in its peer's path, and the other ``msrp:``.  That is on
purpose: who compares the whole URI compares it with what the messages carry, and nobody changes those.  Where
clients stumble over it, ``policy.msrp.aware = always`` gives every leg the scheme of its ``m=`` line.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from imsedge.alg.policy import Aware, Matching, Policy
from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.core.msrp_uri import write_msrp_uri
from imsedge.sdp.attributes import has_cema, read_path
from imsedge.sdp.kinds import Medium, classify
from imsedge.sdp.model import Media


class Paths(Enum):
    """See the table above; the value is for people."""

    NONE = "no paths"
    KEPT = "application-agnostic, the path is untouched"
    FOLLOWING = "application-agnostic, host and port of the path follow the address"
    REWRITTEN = "application-aware, the gateway rewrites paths"
    STUCK = "no way through the gateway"


class Routing(NamedTuple):
    """What becomes of the path of a line, and why."""

    paths: Paths
    reason: str = ""


class _Facts(NamedTuple):
    """``visible``: no TLS passes through.  ``before``: what the line is up to now.  ``single``: no relays."""

    policy: Policy
    cema: bool
    visible: bool
    before: Paths
    readable: bool
    single: bool


class _Row(NamedTuple):
    when: Callable[[_Facts], bool]
    routing: Routing


_TABLE = (
    _Row(
        lambda f: f.before is Paths.REWRITTEN and f.visible and f.readable,
        Routing(Paths.REWRITTEN, "the stream is application-aware already"),
    ),
    _Row(
        lambda f: f.policy.aware is Aware.ALWAYS and f.visible and f.readable,
        Routing(Paths.REWRITTEN, "policy.msrp.aware is always"),
    ),
    _Row(
        lambda f: f.cema,
        Routing(Paths.KEPT, "msrp-cema: clients connect to the address in c= and m="),
    ),
    _Row(lambda f: not f.readable, Routing(Paths.STUCK, "MSRP without msrp-cema and without a usable path")),
    _Row(
        # Who was served as a CEMA client and offers without it now compares whole URIs.
        lambda f: f.policy.matching is Matching.SESSMATCH and f.single and f.before is not Paths.KEPT,
        Routing(Paths.FOLLOWING, "policy.matching is sessmatch: clients compare the session id only"),
    ),
    _Row(
        lambda f: f.policy.aware is Aware.NEVER,
        Routing(
            Paths.STUCK,
            "MSRP without msrp-cema cannot pass an application-agnostic gateway (policy.msrp.aware is never)",
        ),
    ),
    _Row(
        lambda f: not f.visible,
        Routing(Paths.STUCK, "MSRP without msrp-cema, and end-to-end TLS hides its paths"),
    ),
)
_OTHERWISE = Routing(Paths.REWRITTEN, "no msrp-cema: clients compare whole URIs (RFC 4975)")


def written(media: Media, address: TransportAddress, *, secure: bool) -> str:
    """``a=path`` of a session match client, which has one URI, seen through the gateway at ``address``."""
    (uri,) = read_path(media)
    return write_msrp_uri(address.host, address.port, uri.session, secure=secure).text


def route(policy: Policy, media: Media, before: Paths, *, visible: bool) -> Routing:
    """What becomes of the path of an offered ``media``."""
    if classify(media).medium is not Medium.MSRP:
        return Routing(Paths.NONE)
    uris = _length(media)
    facts = _Facts(policy, has_cema(media), visible, before, uris > 0, uris == 1)
    return next((row.routing for row in _TABLE if row.when(facts)), _OTHERWISE)


def _length(media: Media) -> int:
    """How many URIs the path has; 0 when it is missing or cannot be read."""
    try:
        return len(read_path(media))
    except RemoteError:
        return 0
