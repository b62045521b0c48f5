"""What a record-routing proxy does to messages, as pure functions (RFC 3261 clause 16, RFC 3327).

A request is taken through ``prepare`` (Max-Forwards, Route), changed by its owner, given its ``next_hop`` and
``push_via``; a response loses our Via with ``pop_via``.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from imsedge.core.ids import IdSource
from imsedge.sip.errors import SipError
from imsedge.sip.fields import MAGIC_COOKIE, Via, read_name_address
from imsedge.sip.flow import Flow
from imsedge.sip.grammar import Param, Params
from imsedge.sip.message import Headers, SipRequest, SipResponse
from imsedge.sip.uri import SipUri, read_sip_uri, read_uri

UNDERSTOOD = frozenset({"mediasec", "path", "privacy", "sec-agree"})
"""Option tags of Proxy-Require that a P-CSCF with media security serves (RFC 3323, RFC 3327, RFC 3329)."""

IsOurs = Callable[[SipUri], bool]
"""Tells whether a URI names this proxy."""


class Prepared(NamedTuple):
    """``own``: our entry, as it stood in Route (with what we once put into its user part), or ``None``."""

    request: SipRequest
    own: SipUri | None


def prepare(request: SipRequest, is_ours: IsOurs) -> Prepared:
    """Checks of clause 16.3 and Route preprocessing of 16.4.

    Max-Forwards is decremented (``SipError`` 483 at 0); Proxy-Require may ask for nothing unknown (420); a
    Request-URI that is our Record-Route, put there by a strict router, is replaced by the last Route; Route
    entries on top that are ours are removed.
    """
    request = decrement_max_forwards(request)
    if request.method != "ACK" and unsupported(request):
        raise SipError(420, "an extension that this proxy does not have", ("Proxy-Require",), request=request)
    request = _from_strict_router(request, is_ours)
    own = None
    while (top := request.headers.first("Route")) is not None:
        uri = read_name_address(top).parsed
        if not isinstance(uri, SipUri) or not is_ours(uri):
            break
        own = uri if own is None or own.user is None else own
        request = request.with_headers(request.headers.without_first("Route"))
    return Prepared(request, own)


def unsupported(request: SipRequest) -> tuple[str, ...]:
    """Option tags of Proxy-Require that are not ``UNDERSTOOD``: what ``Unsupported`` says in a 420."""
    return tuple(tag for tag in request.headers.all("Proxy-Require") if tag.lower() not in UNDERSTOOD)


def decrement_max_forwards(request: SipRequest) -> SipRequest:
    """70 where the field was missing; ``SipError`` 483 when it is 0."""
    if "Max-Forwards" not in request.headers:
        return request.with_headers(request.headers.with_last("Max-Forwards", "70"))
    if request.max_forwards == 0:
        raise SipError(483, "Max-Forwards is 0", request=request)
    left = str(request.max_forwards - 1)
    return request.with_headers(request.headers.replaced("Max-Forwards", left))


def _from_strict_router(request: SipRequest, is_ours: IsOurs) -> SipRequest:
    """A Request-URI that is our own record-route (it carries ``lr``): the last Route is the real one."""
    uri = read_uri(request.uri)
    routes = request.headers.all("Route")
    if not routes or not isinstance(uri, SipUri) or not uri.is_loose or not is_ours(uri):
        return request
    target = read_name_address(routes[-1]).uri
    own = f"<{request.uri}>"
    return replace(request, uri=target, headers=with_routes(request.headers, (own, *routes[:-1])))


def with_routes(headers: Headers, routes: tuple[str, ...]) -> Headers:
    """Exactly these Route entries, one field each."""
    return headers.replaced("Route", *routes) if routes else headers.without("Route")


class Hop(NamedTuple):
    """``uri``: what the next element is found by; ``request``: changed when that is a strict router."""

    request: SipRequest
    uri: SipUri


def next_hop(request: SipRequest) -> Hop:
    """Top Route, else Request-URI (clause 16.6 steps 6 and 7); ``SipError`` 416 when that is no SIP URI."""
    routes = request.headers.all("Route")
    if not routes:
        return Hop(request, read_sip_uri(request.uri))
    uri = read_sip_uri(read_name_address(routes[0]).uri)
    if uri.is_loose:
        return Hop(request, uri)
    strict = (*routes[1:], f"<{request.uri}>")
    return Hop(replace(request, uri=str(uri), headers=with_routes(request.headers, strict)), uri)


def flow_to(uri: SipUri) -> Flow:
    """The flow that a URI asks for, without DNS: its transport, ``maddr`` or host, and port."""
    return Flow(uri.transport, uri.address)


def new_branch(ids: IdSource) -> str:
    """A branch that is unique in space and time (clause 8.1.1.7)."""
    return MAGIC_COOKIE + ids.token(12)


def push_via(request: SipRequest, sent_by: SipUri | Flow, branch: str) -> SipRequest:
    """Our Via on top (clause 16.6 step 8); ``rport`` asks the next hop to answer where we are.

    ``sent_by``: a flow with ``local`` known, or a URI whose host, port and transport are shown.
    """
    if isinstance(sent_by, Flow):
        if sent_by.local is None:
            raise SipError(500, "no local address for the Via")
        host, port, transport = sent_by.local.host, sent_by.local.port, sent_by.transport
    else:
        host, port, transport = sent_by.host, sent_by.address.port, sent_by.transport
    via = Via(transport.upper(), host, port, Params((Param("branch", branch), Param("rport"))))
    return request.with_headers(request.headers.with_first("Via", str(via)))


def pop_via(response: SipResponse) -> SipResponse | None:
    """Without our Via (clause 16.7 step 3); ``None`` when none is left: the response was for us."""
    headers = response.headers.without_first("Via")
    return response.with_headers(headers) if "Via" in headers else None


def record_route(request: SipRequest, *uris: SipUri) -> SipRequest:
    """Our Record-Route on top (clause 16.6 step 4); of two, the first faces the next hop (RFC 5658)."""
    values = [f"<{_loose(uri)}>" for uri in uris]
    return request.with_headers(request.headers.with_first("Record-Route", *values))


def with_path(request: SipRequest, uri: SipUri) -> SipRequest:
    """Our Path on top of a REGISTER, and ``path`` in Supported (RFC 3327 clause 5.2)."""
    headers = request.headers.with_first("Path", f"<{_loose(uri)}>")
    if not has_option(headers, "Supported", "path") and not has_option(headers, "Require", "path"):
        headers = headers.with_last("Supported", "path")
    return request.with_headers(headers)


def _loose(uri: SipUri) -> SipUri:
    return uri if uri.is_loose else uri.with_params(uri.params.put("lr"))


def has_option(headers: Headers, name: str, tag: str) -> bool:
    """Whether an option tag stands in Supported, Require ... (compared without case)."""
    return any(value.lower() == tag.lower() for value in headers.all(name))


def without_option(headers: Headers, name: str, tag: str) -> Headers:
    """That option tag removed; the field goes with its last tag."""
    if not has_option(headers, name, tag):
        return headers
    kept = [value for value in headers.all(name) if value.lower() != tag.lower()]
    return headers.replaced(name, ", ".join(kept)) if kept else headers.without(name)
