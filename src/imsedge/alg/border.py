"""The border of two networks (IBCF towards SIP, TS 24.229 clause 5.10): a back-to-back user agent.

::

    transaction layer  --arrived-->  Border  --under the caller's names-->  Edge
                       <--hidden---          <--as a proxy would send it--

The call itself (dialogs, offers and answers, the gateway, what ends it) is led by ``alg.edge`` as everywhere,
as if we were a proxy.  This machine stands around it and translates: what arrives is brought under the names
that the caller's network uses (``alg.guises``), and what leaves shows the other network nothing but
ourselves (``alg.hiding``).  So each network has dialogs with us, with Call-ID, tags, Via, Contact and route
of its own, and everything that belongs together still does: CSeq, RAck and RSeq pass as they are, forks keep
a tag each, Max-Forwards counts on.
"""

from collections import deque
from typing import NamedTuple

from imsedge.alg import hiding
from imsedge.alg.border_router import BorderRouter
from imsedge.alg.edge import CallName, Edge, EdgeInput
from imsedge.alg.gateways import GatewayView
from imsedge.alg.guises import Guise, with_dialog, with_tag
from imsedge.alg.hiding import View
from imsedge.alg.messages import refusal
from imsedge.alg.outputs import CallView, Log, Output
from imsedge.alg.procedures import Side
from imsedge.alg.registration import Registrations
from imsedge.alg.settings import BorderSettings, EdgeSettings
from imsedge.core.errors import LocalError
from imsedge.core.ids import IdSource
from imsedge.sip.dialogs import Role
from imsedge.sip.errors import SipError
from imsedge.sip.events import (
    AckArrived,
    CancelArrived,
    ClientKey,
    RequestArrived,
    ResponseArrived,
    SendRequest,
    SendResponse,
    ServerKey,
    TransactionFailed,
)
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import Headers, SipRequest, SipResponse, make_response
from imsedge.sip.uri import SipUri

MAX_ANSWERED = 8
"""Answered INVITEs of one call whose 2xx may come again, as in ``alg.legs``."""

_ALONE = frozenset({"INVITE", "MESSAGE", "OPTIONS"})
"""What needs no dialog."""

_REFRESHING = frozenset({"INVITE", "UPDATE"})


class _Arrived(NamedTuple):
    """A request as its sender wrote it."""

    request: SipRequest
    flow: Flow
    side: Side


class _Row:
    """A call, and what was answered with 2xx in it: those may be repeated."""

    def __init__(self, guise: Guise) -> None:
        self.guise = guise
        self.clients: deque[ClientKey] = deque()
        self.servers: deque[ServerKey] = deque()


class _Sent(NamedTuple):
    """A request that went on, under the caller's names; ``side``: where it went."""

    request: SipRequest
    row: _Row
    side: Side


class Border:
    """Used like ``alg.edge.Edge``; ``settings.border`` must be there."""

    def __init__(self, settings: EdgeSettings, ids: IdSource) -> None:
        if settings.border is None:
            raise LocalError("these are no settings for a border")
        self._border: BorderSettings = settings.border
        self._ids = ids
        self._forgotten: list[CallName] = []
        self._edge = Edge(settings, ids, make_router=self._make_router, on_forgotten=self._forgotten.append)
        self._rows: dict[CallName, _Row] = {}
        self._hidden: dict[tuple[Side, str], _Row] = {}  # by where the callee is, and our Call-ID there
        self._arrived: dict[ServerKey, _Arrived] = {}
        self._sent: dict[ClientKey, _Sent] = {}

    def _make_router(
        self, settings: EdgeSettings, registrations: Registrations, ids: IdSource
    ) -> BorderRouter:
        self._router = BorderRouter(settings, registrations, ids)
        return self._router

    @property
    def deadline(self) -> float:
        """When ``Tick`` must come next."""
        return self._edge.deadline

    @property
    def registrations(self) -> int:
        """Nobody registers here."""
        return 0

    @property
    def remembered(self) -> int:
        """Everything that is kept, for those who look for leaks."""
        return len(self._rows) + len(self._hidden) + len(self._arrived) + len(self._sent)

    def calls(self) -> list[CallView]:
        """Every call that is not quite over."""
        return self._edge.calls()

    def gateways(self) -> list[GatewayView]:
        """Every gateway that is there."""
        return self._edge.gateways()

    def handle(self, event: EdgeInput, now: float) -> list[Output]:
        """Take one input; return what to do, in order."""
        try:
            entered = self._enter(event)
        except SipError as error:  # of a response, an ACK or a CANCEL: there is nobody to tell
            return [Log(f"dropped: {error}")]
        if isinstance(entered, list):
            return entered
        outputs: list[Output] = []
        for output in self._edge.handle(entered, now):
            outputs += self._leave(output)
        if isinstance(event, TransactionFailed):
            self._sent.pop(event.key, None)
        self._forget()
        return outputs

    # --- what arrives ------------------------------------------------------------------------------------

    def _enter(self, event: EdgeInput) -> EdgeInput | list[Output]:
        """For the edge; or what to do instead."""
        match event:
            case RequestArrived(key, request, flow):
                return self._request(key, request, flow)
            case ResponseArrived(key, response, flow):
                return self._response(key, response, flow)
            case AckArrived(request, flow):
                return AckArrived(self._under_callers_names(request, flow), flow)
            case CancelArrived(key, request, flow):
                return CancelArrived(key, self._under_callers_names(request, flow), flow)
        return event

    def _request(self, key: ServerKey, request: SipRequest, flow: Flow) -> EdgeInput | list[Output]:
        side = self._router.side_of(flow)
        try:
            response = self._unwelcome(request, flow, side)
            if response is not None:
                return [SendResponse(key, response)]
            known = self._under_callers_names(request, flow)
        except SipError as error:
            return [SendResponse(key, refusal(request, error.code, error.reason, to_tag=self._ids.token(6)))]
        self._arrived[key] = _Arrived(request, flow, side)
        return RequestArrived(key, known, flow)

    def _unwelcome(self, request: SipRequest, flow: Flow, side: Side) -> SipResponse | None:
        """What no call can begin with."""
        tag = self._ids.token(6)
        if side is Side.ACCESS and self._border.peers and flow.remote.host not in self._border.peers:
            raise SipError(403, "requests of the other network come from its border only")
        if request.method not in hiding.METHODS:
            allowed = [("Allow", ", ".join(hiding.METHODS))]
            return make_response(request, 405, to_tag=tag, headers=allowed)
        if request.to.tag is None and request.method not in _ALONE:
            raise SipError(481, "no such dialog")
        if required := hiding.unsupported(request):
            return make_response(request, 420, to_tag=tag, headers=[("Unsupported", ", ".join(required))])
        return None

    def _under_callers_names(self, request: SipRequest, flow: Flow) -> SipRequest:
        row = self._hidden.get((self._router.side_of(flow), request.call_id))
        return row.guise.from_callee(request) if row is not None else request

    def _response(self, key: ClientKey, response: SipResponse, flow: Flow) -> EdgeInput | list[Output]:
        sent = self._sent.get(key)
        if sent is None:
            return [Log("dropped: a response to something forgotten")]
        asked, guise = sent.request, sent.row.guise
        to, tag = asked.required("To"), response.to.tag
        if asked.to.tag is None and tag is not None:
            shown = guise.show_tag(tag)
            if shown is None:
                return [Log("dropped: too many tags of one callee", guise.call_id)]
            to = with_tag(to, shown)
        routes = (*response.headers.all("Record-Route"), *asked.headers.all("Record-Route"))
        headers = response.headers.without("Record-Route").with_last("Record-Route", *routes)
        headers = headers.replaced("Via", *asked.headers.all("Via"))
        known = with_dialog(
            response.with_headers(headers), call_id=asked.call_id, from_=asked.required("From"), to=to
        )
        if response.status >= 200:
            self._answered(key, response.status, sent.row)
        return ResponseArrived(key, known, flow)

    def _answered(self, key: ClientKey, status: int, row: _Row) -> None:
        """Only a 2xx to INVITE may come again."""
        if key.method != "INVITE" or status >= 300:
            del self._sent[key]
        elif key not in row.clients:
            row.clients.append(key)
            if len(row.clients) > MAX_ANSWERED:
                self._sent.pop(row.clients.popleft(), None)

    # --- what leaves -------------------------------------------------------------------------------------

    def _leave(self, output: Output) -> list[Output]:
        match output:
            case SendRequest(request, flow):
                return self._send(request, flow)
            case SendResponse(key, response):
                return self._respond(key, response)
        return [output]

    def _send(self, request: SipRequest, flow: Flow) -> list[Output]:
        side = self._router.side_of(flow)
        view, said = self._view(side, flow.transport), list[Output]()
        row = self._row_of(request, side)
        if row is None:
            if request.to.tag is not None:
                return [Log(f"dropped: {request.method} of a forgotten call", request.call_id)]
            row = self._disguise(request, side, view)
            said = [Log(f"the other network knows it as {row.guise.hidden_id}", request.call_id)]
        if request.method != "ACK":
            self._sent[client_key(request)] = _Sent(request, row, side)
        return [*said, SendRequest(self._shown_request(request, row.guise, view, side), flow)]

    def _row_of(self, request: SipRequest, side: Side) -> _Row | None:
        """Of a request that leaves there: the caller's, or the callee's towards the caller."""
        as_caller = (request.call_id, request.from_.tag or "", side.other)
        as_callee = (request.call_id, request.to.tag or "", side)
        return self._rows.get(as_caller) or self._rows.get(as_callee)

    def _disguise(self, request: SipRequest, side: Side, view: View) -> _Row:
        """A call is remembered until the edge forgets it; anything else as long as its transaction."""
        guise = Guise(request, side.other, self._ids)
        guise.caller[side] = hiding.shown_from(request.required("From"), view, guise.hidden_tag)
        guise.callee[side] = hiding.shown_to(request.required("To"), view)
        row = _Row(guise)
        if request.method == "INVITE":
            self._rows[guise.call_id, guise.caller_tag, guise.caller_side] = row
            self._hidden[side, guise.hidden_id] = row
        return row

    def _shown_request(self, request: SipRequest, guise: Guise, view: View, side: Side) -> SipRequest:
        own_tag = request.to.tag
        if guise.sender_of(request) is Role.CALLER:
            call_id, from_, to = guise.hidden_id, guise.caller[side], guise.callee[side]
            to = with_tag(to, guise.own_tag(own_tag)) if own_tag is not None else to
        else:
            call_id, to = guise.call_id, guise.caller[side]
            from_ = with_tag(guise.callee[side], request.from_.tag or "")
        contact = ""
        if request.method in _REFRESHING:
            contact = hiding.contact(request, view) or f"<{view.own}>"
        headers = Headers(
            (
                ("Via", request.headers.first("Via") or ""),
                *(("Route", route) for route in request.headers.all("Route")),
                ("From", from_),
                ("To", to),
                ("Call-ID", call_id),
                ("CSeq", request.required("CSeq")),
                *([("Contact", contact)] if contact else []),
                *hiding.crossing(request, view),
            )
        )
        uri = request.uri if own_tag is not None else hiding.shown_target(request.uri, view)
        shown = SipRequest(method=request.method, uri=uri, headers=headers, body=request.body)
        return hiding.with_hidden_body(shown, view, request.method, hiding.names_in(request))

    def _respond(self, key: ServerKey, response: SipResponse) -> list[Output]:
        arrived = self._arrived.get(key)
        if arrived is None:
            return [Log("dropped: a response to something forgotten")]
        asked, view = arrived.request, self._view(arrived.side, arrived.flow.transport)
        contact = hiding.contact(response, view) if asked.method in _REFRESHING else None
        shown = make_response(
            asked,
            hiding.status_there(response.status),
            to_tag=response.to.tag,
            headers=[*([("Contact", contact)] if contact else []), *hiding.crossing(response, view)],
            body=response.body,
        )
        if response.status >= 200:
            self._done(key, response, arrived)
        names = hiding.names_in(response)
        return [SendResponse(key, hiding.with_hidden_body(shown, view, asked.method, names))]

    def _done(self, key: ServerKey, response: SipResponse, arrived: _Arrived) -> None:
        """Only a 2xx to INVITE may have to be sent again."""
        row = self._row_of(self._under_callers_names(arrived.request, arrived.flow), arrived.side.other)
        if key.method != "INVITE" or response.status >= 300 or row is None:
            del self._arrived[key]
        elif key not in row.servers:
            row.servers.append(key)
            if len(row.servers) > MAX_ANSWERED:
                self._arrived.pop(row.servers.popleft(), None)

    def _view(self, side: Side, transport: str) -> View:
        hop = self._router.towards(side).remote
        own = self._router.contact(side, transport)
        peer = SipUri(host=hop.host, port=hop.port)
        return View(own, peer, self._border.trusted, self._border.fields)

    # --- the end -----------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Calls that the edge has forgotten."""
        for name in self._forgotten:
            row = self._rows.pop(name, None)
            if row is None:
                continue
            self._hidden.pop((row.guise.callee_side, row.guise.hidden_id), None)
            for client in row.clients:
                self._sent.pop(client, None)
            for server in row.servers:
                self._arrived.pop(server, None)
        self._forgotten.clear()


def make_edge(settings: EdgeSettings, ids: IdSource) -> Edge | Border:
    """The controller for that place in the network."""
    return Edge(settings, ids) if settings.border is None else Border(settings, ids)
