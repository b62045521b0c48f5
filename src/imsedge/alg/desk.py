"""Requests that belong to no call: REGISTER, and whatever else a UE and the core say to each other.

Each is sent on in a transaction of its own and its response comes back through here (RFC 3261 clause 16).
"""

from typing import NamedTuple

from imsedge.alg.outputs import Output
from imsedge.alg.procedures import Side
from imsedge.alg.registration import Attempt, Refused, Registrations
from imsedge.alg.router import Routed, Router
from imsedge.core.ids import IdSource
from imsedge.sip.errors import SipError
from imsedge.sip.events import ClientKey, SendResponse, ServerKey
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import SipRequest, SipResponse, make_response
from imsedge.sip.routing import pop_via
from imsedge.sip.uri import SipUri, read_uri


class _Pending(NamedTuple):
    """``attempt``: of a REGISTER."""

    server: ServerKey
    request: SipRequest
    attempt: Attempt | None = None


class RequestDesk:
    """What is open here is limited by the transaction layer's client transactions."""

    def __init__(self, router: Router, registrations: Registrations, ids: IdSource) -> None:
        self._router = router
        self._registrations = registrations
        self._ids = ids
        self._pending: dict[ClientKey, _Pending] = {}

    def register(self, key: ServerKey, request: SipRequest, flow: Flow) -> list[Output]:
        """A REGISTER; ``SipError`` is its answer."""
        if self._router.side_of(flow) is Side.CORE:
            raise SipError(403, "registrations come from user equipment")
        judged = self._registrations.register(request, flow)
        if isinstance(judged, Refused):
            return [SendResponse(key, judged.response)]
        routed = self._router.register(request, judged.attempt.token)
        return self._send_on(_Pending(key, request, judged.attempt), routed)

    def refuse_echo(self, request: SipRequest, flow: Flow) -> SipResponse | None:
        """What to say to a UE whose Security-Verify is not what we announce; ``None`` when it is."""
        if self._router.side_of(flow) is Side.CORE:
            return None
        return self._registrations.refuse_echo(request, flow)

    def relay(self, key: ServerKey, request: SipRequest, flow: Flow, *, inside: bool) -> list[Output]:
        """Any other request; ``inside`` a dialog that is no call.  ``SipError`` is its answer."""
        if request.method == "OPTIONS" and self._is_for_us(request):
            return [SendResponse(key, make_response(request, 200, to_tag=self._ids.token(6)))]
        route = self._router.unknown_dialog if inside else self._router.initial
        return self._send_on(_Pending(key, request), route(request, flow))

    def response(self, key: ClientKey, response: SipResponse, now: float) -> list[Output]:
        """A response to what was sent on from here."""
        if response.status == 100:
            return []
        return self._answer(key, pop_via(response) or response, now)

    def failed(self, key: ClientKey, status: int, now: float) -> list[Output]:
        """There will be no final response."""
        pending = self._pending.get(key)
        if pending is None:
            return []
        return self._answer(key, make_response(pending.request, status, to_tag=self._ids.token(6)), now)

    def _answer(self, key: ClientKey, response: SipResponse, now: float) -> list[Output]:
        final = response.status >= 200
        pending = self._pending.pop(key, None) if final else self._pending.get(key)
        if pending is None:
            return []
        if pending.attempt is not None and final:
            response = self._registrations.answered(pending.attempt, response, now)
        return [SendResponse(pending.server, response)]

    def _send_on(self, pending: _Pending, routed: Routed) -> list[Output]:
        sent = self._router.send(routed)
        self._pending[client_key(sent.request)] = pending
        return [sent]

    def _is_for_us(self, request: SipRequest) -> bool:
        uri = read_uri(request.uri)
        return isinstance(uri, SipUri) and uri.user is None and self._router.is_ours(uri)
