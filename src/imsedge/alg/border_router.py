"""Where requests go at the border of two networks: to the other one's next hop, then along the dialog.

There are no registrations here, nobody is believed to be at the end of a flow, and our addresses stand in
Contact only: each network has a dialog with us.
"""

from msgspec.structs import replace

from imsedge.alg.procedures import Side
from imsedge.alg.registration import Registrations
from imsedge.alg.router import Routed, Router
from imsedge.alg.settings import EdgeSettings
from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.hosts import is_address
from imsedge.core.ids import IdSource
from imsedge.sip.dialogs import Party
from imsedge.sip.errors import SipError
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipRequest
from imsedge.sip.routing import flow_to, next_hop, prepare, with_routes
from imsedge.sip.uri import SipUri


class BorderRouter(Router):
    """``settings.border`` says where the other network is; our own is the edge's core."""

    def __init__(self, settings: EdgeSettings, registrations: Registrations, ids: IdSource) -> None:
        super().__init__(settings, registrations, ids)
        border = settings.border
        if border is None:
            raise LocalError("these are no settings for a border")
        self._hops = {
            Side.ACCESS: Flow(border.next_hop_transport, border.next_hop),
            Side.CORE: Flow(settings.next_hop_transport, settings.next_hop),
        }

    def towards(self, side: Side) -> Flow:
        """The next hop of that network."""
        return self._from_us(self._hops[side], side)

    def contact(self, side: Side, transport: str) -> SipUri:
        """Ourselves, for a peer there that we talk to over ``transport``."""
        return self._own(side, Flow(transport, TransportAddress("", 0)), None)

    def initial(self, request: SipRequest, flow: Flow) -> Routed:
        """Whoever asks, and whatever it says about the way."""
        request, _ = prepare(request, self.is_ours)
        return Routed(self._bare(request), self.towards(self.side_of(flow).other))

    def unknown_dialog(self, request: SipRequest, flow: Flow) -> Routed:  # noqa: ARG002 - the edge's words
        """What has a To tag belongs to a call, or to nothing."""
        raise SipError(481, "no such dialog")

    def inside(self, request: SipRequest, receiver: Party, side: Side) -> Routed:
        """To the dialog's other end: the sender can only know us."""
        request, _ = prepare(request, self.is_ours)
        return self.along(replace(request, uri=receiver.target), receiver, side)

    def along(self, request: SipRequest, receiver: Party, side: Side) -> Routed:
        """By its route and Contact; a host that is a name is found by the next hop."""
        hop = next_hop(request.with_headers(with_routes(request.headers, receiver.route)))
        if not is_address(hop.uri.address.host):
            return Routed(hop.request, self.towards(side))
        return Routed(hop.request, self._from_us(self._reached(hop.uri, side), side))

    def _reached(self, uri: SipUri, side: Side) -> Flow:
        """Over the network's own transport where the URI names none, and never in clear where that is TLS."""
        ours = self._hops[side].transport
        named = uri.scheme == "sips" or uri.params.has("transport")
        if named and ours != "tls":
            return flow_to(uri)
        return flow_to(uri.with_params(uri.params.put("transport", ours)))

    def _bare(self, request: SipRequest) -> SipRequest:
        return request.with_headers(with_routes(request.headers, ()))
