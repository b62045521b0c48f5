"""The SIP side of a built-in UE: a user agent that registers, calls and answers, one call at a time.

It stands on the same transaction layer as the controller, over its own real socket.  Only what the flows need
is here: no authentication, no forking, no early media.
"""

import asyncio
from typing import NamedTuple

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.core.ids import IdSource
from imsedge.net.sip import Listen, SipTransport
from imsedge.sip import events as ev
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import Headers, SipRequest, SipResponse, make_response
from imsedge.sip.routing import flow_to, new_branch, next_hop, push_via
from imsedge.sip.transactions import TransactionLayer

SECONDS = 10.0
"""Longest wait for anything in a flow: all is on one machine."""

_SDP = "application/sdp"


class PhoneError(Exception):
    """The other side did not answer, or not as a flow needs it."""


class Dialog(Struct):
    """One end's view of its dialog (RFC 3261 clause 12)."""

    call_id: str
    local: str
    remote: str
    target: str
    route: tuple[str, ...]
    cseq: int


class Arrived(NamedTuple):
    """A request for this phone; ``key`` is ``None`` for an ACK."""

    request: SipRequest
    key: ev.ServerKey | None
    flow: Flow


class Phone:
    """``user`` and ``domain`` make its address of record; ``proxy`` is where all its requests go."""

    def __init__(self, user: str, domain: str, ids: IdSource, *, transport: str = "udp") -> None:
        self.record = f"sip:{user}@{domain}"
        self._user, self._domain, self._ids, self._transport = user, domain, ids, transport
        self._sockets = SipTransport(TransactionLayer(), self._deliver)
        self._finals: dict[ev.ClientKey, asyncio.Future[SipResponse]] = {}
        self._requests: asyncio.Queue[Arrived] = asyncio.Queue()
        self.local = TransportAddress("0.0.0.0", 0)  # noqa: S104 - replaced when started

    async def start(self, local: TransportAddress) -> None:
        """Bind; port 0 is any."""
        bound = await self._sockets.start([Listen(self._transport, local)])
        self.local = bound[0].address

    async def stop(self) -> None:
        await self._sockets.close()

    @property
    def contact(self) -> str:
        """The value of its Contact field."""
        suffix = "" if self._transport == "udp" else f";transport={self._transport}"
        return f"<sip:{self._user}@{self.local}{suffix}>"

    # --- as client -----------------------------------------------------------------------------------

    async def register(self, proxy: TransportAddress, *mechanisms: str) -> SipResponse:
        """REGISTER for an hour; ``mechanisms`` go into Security-Client (``msrp-tls;mediasec``)."""
        request = self._outside_dialog("REGISTER", f"sip:{self._domain}", self.record)
        extra = [("Expires", "3600"), *(("Security-Client", mechanism) for mechanism in mechanisms)]
        if mechanisms:
            extra += [("Require", "mediasec"), ("Proxy-Require", "mediasec")]
        request = request.with_headers(Headers((*request.headers, *extra)))
        return await self._transact(request, Flow(self._transport, proxy, self.local))

    async def invite(
        self, proxy: TransportAddress, uri: str, sdp: str, routes: tuple[str, ...] = ()
    ) -> tuple[SipResponse, Dialog]:
        """Call ``uri`` and wait for the answer; a 2xx is acknowledged, ``PhoneError`` for all else."""
        request = self._outside_dialog("INVITE", uri, uri)
        fields = (*(("Route", route) for route in routes), ("Content-Type", _SDP))
        request = request.with_headers(Headers((*request.headers, *fields)))
        request = request.with_body(sdp.encode())
        response = await self._transact(request, Flow(self._transport, proxy, self.local))
        if response.status >= 300:
            said = response.headers.get("Warning") or ""
            raise PhoneError(f"the call was refused: {response.status} {response.reason} {said}".rstrip())
        dialog = Dialog(
            call_id=request.call_id,
            local=request.required("From"),
            remote=response.required("To"),
            target=response.contact.uri if response.contact else uri,
            route=tuple(reversed(response.headers.all("Record-Route"))),
            cseq=request.cseq.number,
        )
        self._send(self._inside(dialog, "ACK", dialog.cseq))
        return response, dialog

    async def offer_again(self, dialog: Dialog, sdp: str) -> SipResponse:
        """A re-INVITE; a 2xx is acknowledged, ``PhoneError`` for all else."""
        dialog.cseq += 1
        request = self._inside(dialog, "INVITE", dialog.cseq)
        fields = (("Contact", self.contact), ("Content-Type", _SDP))
        request = request.with_headers(Headers((*request.headers, *fields))).with_body(sdp.encode())
        hop = next_hop(request)
        response = await self._transact(hop.request, flow_to(hop.uri)._replace(local=self.local))
        if response.status >= 300:
            raise PhoneError(f"the offer was refused: {response.status} {response.reason}")
        self._send(self._inside(dialog, "ACK", dialog.cseq))
        return response

    async def hang_up(self, dialog: Dialog) -> SipResponse:
        """BYE."""
        dialog.cseq += 1
        request = self._inside(dialog, "BYE", dialog.cseq)
        hop = next_hop(request)
        return await self._transact(hop.request, flow_to(hop.uri)._replace(local=self.local))

    # --- as server -----------------------------------------------------------------------------------

    async def expect(self, method: str) -> Arrived:
        """The next request, which must be a ``method``."""
        arrived = await asyncio.wait_for(self._requests.get(), SECONDS)
        if arrived.request.method != method:
            raise PhoneError(f"{arrived.request.method} came instead of {method}")
        return arrived

    def answer(self, invite: Arrived, sdp: str) -> Dialog:
        """200 with a description; the dialog as the called party sees it."""
        tag = self._ids.token(4)
        fields = [("Contact", self.contact), ("Content-Type", _SDP)]
        response = make_response(invite.request, 200, to_tag=tag, headers=fields, body=sdp.encode())
        self._respond(invite, response)
        request = invite.request
        return Dialog(
            call_id=request.call_id,
            local=response.required("To"),
            remote=request.required("From"),
            target=request.contact.uri if request.contact else request.uri,
            route=request.headers.all("Record-Route"),
            cseq=0,
        )

    def accept(self, arrived: Arrived, *fields: tuple[str, str]) -> None:
        """200 without a body."""
        tag = None if arrived.request.to.tag else self._ids.token(4)
        self._respond(arrived, make_response(arrived.request, 200, to_tag=tag, headers=fields))

    def refuse(self, arrived: Arrived, status: int) -> None:
        """A final response that says no."""
        self._respond(arrived, make_response(arrived.request, status, to_tag=self._ids.token(4)))

    # --- below ---------------------------------------------------------------------------------------

    def _outside_dialog(self, method: str, uri: str, to: str) -> SipRequest:
        fields = [
            ("Max-Forwards", "70"),
            ("From", f"<{self.record}>;tag={self._ids.token(4)}"),
            ("To", f"<{to}>"),
            ("Call-ID", f"{self._ids.token(8)}@{self.local.host}"),
            ("CSeq", f"1 {method}"),
            ("Contact", self.contact),
        ]
        return SipRequest(method=method, uri=uri, headers=Headers(fields))

    def _inside(self, dialog: Dialog, method: str, number: int) -> SipRequest:
        fields = [
            ("Max-Forwards", "70"),
            *(("Route", route) for route in dialog.route),
            ("From", dialog.local),
            ("To", dialog.remote),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"{number} {method}"),
        ]
        return SipRequest(method=method, uri=dialog.target, headers=Headers(fields))

    def _send(self, request: SipRequest) -> None:
        hop = next_hop(request)
        flow = flow_to(hop.uri)._replace(local=self.local)
        self._sockets.feed(ev.SendRequest(push_via(hop.request, flow, new_branch(self._ids)), flow))

    async def _transact(self, request: SipRequest, flow: Flow) -> SipResponse:
        request = push_via(request, flow, new_branch(self._ids))
        key = client_key(request)
        final = self._finals[key] = asyncio.get_running_loop().create_future()
        try:
            self._sockets.feed(ev.SendRequest(request, flow))
            return await asyncio.wait_for(final, SECONDS)
        except TimeoutError:
            raise PhoneError(f"{request.method} was not answered") from None
        finally:
            del self._finals[key]

    def _respond(self, arrived: Arrived, response: SipResponse) -> None:
        if arrived.key is None:
            raise PhoneError("an ACK is not answered")
        self._sockets.feed(ev.SendResponse(arrived.key, response))

    def _deliver(self, output: ev.Output) -> None:
        match output:
            case ev.RequestArrived(key=key, request=request, flow=flow):
                self._requests.put_nowait(Arrived(request, key, flow))
            case ev.AckArrived(request=request, flow=flow):
                self._requests.put_nowait(Arrived(request, None, flow))
            case ev.ResponseArrived(key=key, response=response) if response.status >= 200:
                self._finish(key, response)
            case ev.TransactionFailed(key=key, status=status):
                self._fail(key, f"no answer ({status})")
            case _:
                pass

    def _finish(self, key: ev.ClientKey, response: SipResponse) -> None:
        final = self._finals.get(key)
        if final is not None and not final.done():
            final.set_result(response)

    def _fail(self, key: ev.ClientKey, reason: str) -> None:
        final = self._finals.get(key)
        if final is not None and not final.done():
            final.set_exception(PhoneError(f"{key.method}: {reason}"))
