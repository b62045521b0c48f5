"""Where requests go: the P-CSCF between user equipment and core (TS 24.229 clause 5.2, RFC 3261 clause 16).

Which side a message comes from is told by where it arrived.  User equipment is not believed: its Route is
replaced by the Service-Route of its registration, or by nothing, and then the next hop decides.  The core is:
its requests follow our token in the Path or Record-Route to the flow of the UE, else Route and Request-URI.
We stand twice in Record-Route, once for each side (RFC 5658).
"""

from typing import NamedTuple

from msgspec.structs import replace

from imsedge.alg.bindings import Binding
from imsedge.alg.procedures import Side
from imsedge.alg.registration import Registrations
from imsedge.alg.settings import EdgeSettings, Place
from imsedge.core.address import TransportAddress
from imsedge.core.ids import IdSource
from imsedge.sip.dialogs import Party
from imsedge.sip.errors import SipError
from imsedge.sip.events import SendRequest
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipRequest, SipResponse
from imsedge.sip.routing import (
    flow_to,
    new_branch,
    next_hop,
    prepare,
    push_via,
    record_route,
    with_path,
    with_routes,
)
from imsedge.sip.sec_agree import without_media
from imsedge.sip.uri import SipUri, read_uri

_WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, never bound

MAX_CONNECTIONS = 256
"""Connections to the core that we remember to have opened; a core has a handful of next hops."""

_DIALOG_FORMING = frozenset({"INVITE", "SUBSCRIBE", "REFER"})


class Routed(NamedTuple):
    """A request ready to leave but for its Via.  ``binding``: the registration of the UE, if it has one."""

    request: SipRequest
    flow: Flow
    binding: Binding | None = None


class Router:
    """Pure but for branches; all of ``SipError`` that its methods raise is the answer to the request."""

    def __init__(self, settings: EdgeSettings, registrations: Registrations, ids: IdSource) -> None:
        self._settings = settings
        self._registrations = registrations
        self._ids = ids
        self._places = settings.all_places
        self._core_connections: dict[int, None] = {}  # that we opened ourselves, oldest first

    def side_of(self, flow: Flow) -> Side:
        """Told by the address that the message arrived at, or by the connection, if we opened it."""
        if flow.connection in self._core_connections:
            return Side.CORE
        return Side.CORE if self._has_arrived(flow, Side.CORE) else Side.ACCESS

    def _has_arrived(self, flow: Flow, side: Side) -> bool:
        """At an address where we listen on that side."""
        return flow.local is not None and any(
            place.side is side and _is_at(flow.local, place.local) for place in self._places
        )

    def learn(self, response: SipResponse, flow: Flow) -> None:
        """A response on a connection to the core: requests may come back on it (RFC 3261 clause 18).

        What a phone writes into a Via proves nothing: never a connection to where phones are heard.
        """
        if flow.connection is None or flow.connection in self._core_connections:
            return
        if self._has_arrived(flow, Side.ACCESS):
            return
        via = response.via
        if TransportAddress(via.host, via.port or 0) == self._place(Side.CORE, flow.transport).known:
            self._core_connections[flow.connection] = None
            if len(self._core_connections) > MAX_CONNECTIONS:
                del self._core_connections[next(iter(self._core_connections))]

    def is_ours(self, uri: SipUri) -> bool:
        """Whether the URI names one of our addresses."""
        return any(uri.address in (place.known, place.local) for place in self._places)

    def _place(self, side: Side, transport: str) -> Place:
        """Where we speak ``transport`` on that side; where we do not, the first place there will do."""
        here = [place for place in self._places if place.side is side]
        return next((place for place in here if transport in place.transports), here[0])

    # --- requests outside of calls -------------------------------------------------------------------

    def initial(self, request: SipRequest, flow: Flow) -> Routed:
        """A request that belongs to no dialog yet."""
        side = self.side_of(flow)
        request, own = prepare(request, self.is_ours)
        from_ue = side is Side.ACCESS
        routed = self._to_core(request, flow) if from_ue else self._to_access(request, own)
        if request.method not in _DIALOG_FORMING:
            return routed
        token = routed.binding.token if routed.binding is not None else None
        entries = (self._own(side.other, routed.flow, token), self._own(side, flow, token))
        return routed._replace(request=record_route(routed.request, *entries))

    def register(self, request: SipRequest, token: str) -> Routed:
        """A REGISTER to the next hop, with our Path."""
        request, _ = prepare(request, self.is_ours)
        towards = self._next_hop()
        headers = with_routes(without_media(request.headers), ())
        path = self._own(Side.CORE, towards, token)
        return Routed(with_path(request.with_headers(headers), path), towards)

    def unknown_dialog(self, request: SipRequest, flow: Flow) -> Routed:
        """A request in a dialog that is no call of ours (subscriptions); only registered UEs may send one."""
        side = self.side_of(flow)
        request, own = prepare(request, self.is_ours)
        if side is Side.CORE:
            return self._to_access(request, own)
        binding = self._sender(request, flow)
        if binding is None:
            raise SipError(481, "no such dialog")
        request = request.with_headers(without_media(request.headers))
        hop = next_hop(request)
        return Routed(hop.request, self._within_core(hop.uri), binding)

    def _to_core(self, request: SipRequest, flow: Flow) -> Routed:
        binding = self._sender(request, flow)
        routes = binding.service_route if binding is not None else ()
        request = request.with_headers(with_routes(without_media(request.headers), routes))
        if not routes:
            return Routed(request, self._next_hop(), binding)
        hop = next_hop(request)
        return Routed(hop.request, self._within_core(hop.uri), binding)

    def _to_access(self, request: SipRequest, own: SipUri | None) -> Routed:
        binding = self._registrations.by_token(own.user if own is not None else None)
        if binding is None:
            binding = self._registrations.by_contact(request.uri)
        if binding is not None:
            return Routed(request, self._from_us(binding.flow, Side.ACCESS), binding)
        hop = next_hop(request)
        if self.is_ours(hop.uri):
            raise SipError(404, "nobody is registered there")
        return Routed(hop.request, self._from_us(flow_to(hop.uri), Side.ACCESS))

    def _sender(self, request: SipRequest, flow: Flow) -> Binding | None:
        contact = request.contact
        return self._registrations.of_sender(flow, contact.uri if contact is not None else None)

    # --- requests inside of calls --------------------------------------------------------------------

    def inside(self, request: SipRequest, receiver: Party, side: Side) -> Routed:
        """A request to ``receiver`` along the dialog's own route, whatever its sender believes."""
        request, _ = prepare(request, self.is_ours)
        if side is Side.CORE:
            request = request.with_headers(without_media(request.headers))
        return self.along(self._retarget(request, receiver), receiver, side)

    def along(self, request: SipRequest, receiver: Party, side: Side) -> Routed:
        """The same for a request of our own."""
        request = request.with_headers(with_routes(request.headers, receiver.route))
        if side is Side.ACCESS and receiver.flow is not None:
            return Routed(request, self._from_us(receiver.flow, side))
        hop = next_hop(request)
        if side is Side.CORE:
            return Routed(hop.request, self._within_core(hop.uri))
        return Routed(hop.request, self._from_us(flow_to(hop.uri), side))

    def _retarget(self, request: SipRequest, receiver: Party) -> SipRequest:
        """A sender that ignores Record-Route and Contact aims at us: it means the dialog's other end."""
        uri = read_uri(request.uri)
        ours = isinstance(uri, SipUri) and self.is_ours(uri)
        return replace(request, uri=receiver.target) if ours else request

    # --- leaving -------------------------------------------------------------------------------------

    def send(self, routed: Routed) -> SendRequest:
        """With a Via of its own."""
        flow = routed.flow
        via = self._own(self.side_of(flow), flow, None)
        return SendRequest(push_via(routed.request, via, new_branch(self._ids)), flow)

    def _next_hop(self) -> Flow:
        settings = self._settings
        return self._from_us(Flow(settings.next_hop_transport, settings.next_hop), Side.CORE)

    def _within_core(self, uri: SipUri) -> Flow:
        """Where a route of the core leads: never in clear where its next hop is reached over TLS."""
        if self._settings.next_hop_transport == "tls":
            uri = uri.with_params(uri.params.put("transport", "tls"))
        return self._from_us(flow_to(uri), Side.CORE)

    def _from_us(self, flow: Flow, side: Side) -> Flow:
        return flow._replace(local=self._place(side, flow.transport).local)

    def _own(self, side: Side, flow: Flow, token: str | None) -> SipUri:
        """Our URI on that side, for peers that talk to us over ``flow``; the token is for the core only."""
        address = self._place(side, flow.transport).known
        user = token if side is Side.CORE else None
        uri = SipUri(user=user, host=address.host, port=address.port)
        if flow.transport == "udp":
            return uri
        return uri.with_params(uri.params.put("transport", flow.transport))


def _is_at(arrived: TransportAddress, bound: TransportAddress) -> bool:
    same = arrived.host == bound.host or not _WILDCARDS.isdisjoint({arrived.host, bound.host})
    return same and arrived.port == bound.port
