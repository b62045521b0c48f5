"""A tiny user agent and a tiny record-routing proxy on the SIP layer, with real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.core.trace import Crossing
from imsedge.net.sip import Listen, SipTransport
from imsedge.net.sip_streams import StreamLimits
from imsedge.sip.events import (
    AckArrived,
    CancelArrived,
    ClientKey,
    Note,
    Output,
    RequestArrived,
    ResponseArrived,
    SendCancel,
    SendRequest,
    SendResponse,
    ServerKey,
)
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import SipRequest, SipResponse, make_response
from imsedge.sip.routing import new_branch, next_hop, pop_via, prepare, push_via, record_route
from imsedge.sip.transactions import TransactionLayer
from imsedge.sip.uri import SipUri

LOOPBACK = TransportAddress("127.0.0.1", 0)
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"


class Node:
    """A SIP transport on loopback that remembers all it was told and all that crossed its sockets."""

    def __init__(
        self,
        *,
        limits: StreamLimits | None = None,
        tls_server: SSLContext | None = None,
        tls_client: SSLContext | None = None,
    ) -> None:
        self.seen: list[Output] = []
        self.crossings: list[Crossing] = []
        self.layer = TransactionLayer()
        self.transport = SipTransport(
            self.layer,
            self._take,
            tap=self._cross,
            limits=limits,
            tls_server=tls_server,
            tls_client=tls_client,
        )
        self.bound: dict[str, TransportAddress] = {}
        self._news = asyncio.Event()

    def _cross(self, crossing: Crossing) -> None:
        self.crossings.append(crossing)

    async def listen(self, *transports: str) -> None:
        for name in transports:
            (bound,) = await self.transport.start([Listen(name, LOOPBACK)])
            self.bound[name] = bound.address

    def flow_to(self, other: "Node", transport: str) -> Flow:
        return Flow(transport, other.bound[transport], self.bound.get(transport))

    def send(self, request: SipRequest, flow: Flow) -> ClientKey:
        """With a Via of our own on top."""
        local = self.bound.get(flow.transport, TransportAddress("127.0.0.1", 9))
        routed = push_via(request, flow._replace(local=local), new_branch(RandomIds()))
        self.transport.feed(SendRequest(routed, flow))
        return client_key(routed)

    async def until(self, found: Callable[[Output], bool]) -> Output:
        """The first output for which ``found`` is true, also one already seen."""
        async with asyncio.timeout(10):
            while True:
                for output in self.seen:
                    if found(output):
                        return output
                self._news.clear()
                await self._news.wait()

    async def until_kind(self, kind: type[Output]) -> Output:
        return await self.until(lambda output: isinstance(output, kind))

    def _take(self, output: Output) -> None:
        self.seen.append(output)
        self._news.set()
        self.handle(output)

    def handle(self, output: Output) -> None:
        """What this node does; nothing by itself."""


class Answerer(Node):
    """Answers every request: 180 and 200 with a description to INVITE, 200 to the rest."""

    def handle(self, output: Output) -> None:
        if not isinstance(output, RequestArrived):
            return
        headers = [("Contact", f"<sip:uas@{self.bound[output.flow.transport]}>")]
        body = b""
        if output.request.method == "INVITE":
            self._answer(output.key, make_response(output.request, 180, to_tag="uas", headers=headers))
            headers.append(("Content-Type", "application/sdp"))
            body = SDP
        self._answer(output.key, make_response(output.request, 200, to_tag="uas", headers=headers, body=body))

    def _answer(self, key: ServerKey, response: SipResponse) -> None:
        self.transport.feed(SendResponse(key, response))


class Forwarder(Node):
    """A call-stateful proxy: record-routes and forwards to ``target``, then where the dialog goes."""

    def __init__(self) -> None:
        super().__init__()
        self.target: TransportAddress | None = None
        self._servers: dict[ClientKey, ServerKey] = {}
        self._clients: dict[ServerKey, ClientKey] = {}

    def handle(self, output: Output) -> None:
        match output:
            case RequestArrived(key, request, flow):
                sent = self._forward(request, flow.transport)
                self._servers[sent], self._clients[key] = key, sent
            case AckArrived(request, flow):
                self._forward(request, flow.transport)
            case ResponseArrived(key, response, _):
                lower = pop_via(response)
                if lower is not None and response.status > 100 and key in self._servers:
                    self.transport.feed(SendResponse(self._servers[key], lower))
            case CancelArrived(key=key):
                self.transport.feed(SendCancel(self._clients[key]))

    def _forward(self, request: SipRequest, transport: str) -> ClientKey:
        own = self.bound[transport]
        routed = prepare(request, lambda uri: uri.address == own).request
        params = f"<sip:{own};transport={transport};lr>"
        if routed.method == "INVITE" and routed.to.tag is None:
            us = SipUri(host=own.host, port=own.port)
            routed = record_route(routed, us.with_params(us.params.put("transport", transport)))
            assert routed.headers.first("Record-Route") == params
        hop = next_hop(routed)
        remote = hop.uri.address if routed.to.tag is not None or self.target is None else self.target
        return self.send(hop.request, Flow(transport, remote, own))


@asynccontextmanager
async def running(*nodes: Node) -> AsyncIterator[None]:
    """Closes the nodes at the end, whatever happened."""
    try:
        yield
    finally:
        for node in nodes:
            await node.transport.close()


def notes(node: Node) -> list[str]:
    """What a node would have logged."""
    return [output.text for output in node.seen if isinstance(output, Note)]
