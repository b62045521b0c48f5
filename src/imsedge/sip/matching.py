"""Pure functions around a transaction: its key, its Via, and the ACK and CANCEL that belong to it."""

from hashlib import blake2s
from ipaddress import ip_address

from imsedge.core.address import TransportAddress
from imsedge.sip.events import ClientKey, ServerKey
from imsedge.sip.fields import MAGIC_COOKIE, CSeq, Via
from imsedge.sip.flow import Flow
from imsedge.sip.message import Headers, SipRequest, SipResponse


def client_key(request: SipRequest) -> ClientKey:
    """Key of the client transaction that ``SendRequest(request, ...)`` makes (clause 17.1.3)."""
    return ClientKey((request.via.branch or "").lower(), request.method)


def server_key(request: SipRequest) -> ServerKey:
    """Key of the server transaction that ``request`` belongs to (clause 17.2.3).

    An ACK has that of its INVITE.  The To tag of an RFC 2543 request is left out: an ACK has one, its INVITE
    has none, and the other fields tell them apart from all else.
    """
    via = request.via
    method = "INVITE" if request.method == "ACK" else request.method
    branch = via.branch or ""
    if not branch.startswith(MAGIC_COOKIE):
        old = (request.uri, request.from_.tag, request.call_id, request.cseq.number, branch)
        branch = "rfc2543 " + _digest(repr(old))
    return ServerKey(branch.lower(), via.sent_by.lower(), method)


def stateless_tag(request: SipRequest) -> str:
    """A To tag that is the same for every retransmission (clause 8.2.7)."""
    return _digest(f"{request.call_id}\0{request.via.branch}\0{request.from_.tag}")


def _digest(text: str) -> str:
    return blake2s(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def fill_via(request: SipRequest, source: TransportAddress) -> SipRequest:
    """Note in the top Via where the request really came from (clause 18.2.1, RFC 3581 clause 4)."""
    via = request.via
    params = via.params
    asked = params.has("rport")
    if asked:
        params = params.put("rport", str(source.port))
    if asked or not _same_host(via.host, source.host):
        params = params.put("received", source.host)
    if params == via.params:
        return request
    return request.with_headers(request.headers.with_first_replaced("Via", str(via.with_params(params))))


def _same_host(name: str, address: str) -> bool:
    try:
        return ip_address(name) == ip_address(address)
    except ValueError:
        return False


def response_flow(via: Via, flow: Flow) -> Flow:
    """Where responses go (clause 18.2.2): back on the connection, or to ``received`` and ``rport``.

    ``maddr`` is ignored on purpose: it would let anybody aim our responses at a third party.
    """
    if flow.is_reliable:
        return flow
    port = via.rport if via.rport is not None else (via.port or 5060)
    return flow._replace(remote=TransportAddress(flow.remote.host, port))


def with_vias_of(request: SipRequest, response: SipResponse) -> SipResponse:
    """The way back is that of the request, whatever those behind us made of it (clause 8.2.6.2)."""
    vias = request.headers.fields("Via")
    if response.headers.fields("Via") == vias:
        return response
    return response.with_headers(response.headers.without("Via").with_first("Via", *vias))


def make_ack(invite: SipRequest, response: SipResponse) -> SipRequest:
    """The ACK for a non-2xx, by the hop that sent the INVITE (clause 17.1.1.3)."""
    return _companion(invite, "ACK", response.required("To"))


def make_cancel(invite: SipRequest) -> SipRequest:
    """The CANCEL of a request that we sent (clause 9.1)."""
    return _companion(invite, "CANCEL", invite.required("To"))


def _companion(invite: SipRequest, method: str, to: str) -> SipRequest:
    routes = [("Route", value) for value in invite.headers.fields("Route")]
    fields = [
        ("Via", invite.required("Via")),
        ("Max-Forwards", "70"),
        *routes,
        ("From", invite.required("From")),
        ("To", to),
        ("Call-ID", invite.call_id),
        ("CSeq", str(CSeq(invite.cseq.number, method))),
    ]
    return SipRequest(method=method, uri=invite.uri, headers=Headers(fields))
