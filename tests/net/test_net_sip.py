"""SIP over real sockets between two of our own nodes."""

import asyncio
import socket
import ssl
from functools import partial
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.trace import Kind
from imsedge.net.sip import MAX_DATAGRAM, Listen
from imsedge.net.sip_streams import StreamLimits
from imsedge.sip.events import (
    AckArrived,
    ClientKey,
    Output,
    RequestArrived,
    ResponseArrived,
    SendRequest,
    TransactionFailed,
)
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipRequest
from imsedge.sip.writer import write_message
from kit.peers import need, run
from kit.sip import request
from kit.sip_peer import LOOPBACK, Answerer, Node, notes, running

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]


def plain(method: str = "OPTIONS") -> SipRequest:
    """A request without Via: the node adds its own."""
    asked = request(method)
    return asked.with_headers(asked.headers.without("Via"))


def is_response_to(key: ClientKey, output: Output) -> bool:
    return isinstance(output, ResponseArrived) and output.key == key


async def answered(node: Node) -> ResponseArrived:
    found = await node.until(lambda o: isinstance(o, ResponseArrived) and o.response.status >= 200)
    assert isinstance(found, ResponseArrived)
    return found


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_request_and_its_response(transport: str) -> None:
    caller, callee = Node(), Answerer()
    async with running(caller, callee):
        await caller.listen("udp", "tcp")
        await callee.listen("udp", "tcp")
        key = caller.send(plain(), caller.flow_to(callee, transport))
        done = await answered(caller)
        assert (done.key, done.response.status) == (key, 200)
        assert [c.summary for c in caller.crossings] == ["OPTIONS", "200 OK (OPTIONS)"]
        assert {(c.kind, c.transport) for c in callee.crossings} == {(Kind.SIP, transport)}
        assert caller.crossings[0].destination == callee.bound[transport]
        assert caller.crossings[1].source == callee.bound[transport]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call(transport: str) -> None:
    caller, callee = Node(), Answerer()
    async with running(caller, callee):
        await caller.listen(transport)
        await callee.listen(transport)
        flow = caller.flow_to(callee, transport)
        caller.send(plain("INVITE"), flow)
        ok = await answered(caller)
        ack = request("ACK", to_tag="uas")
        caller.send(ack.with_headers(ack.headers.without("Via")), flow)
        await callee.until_kind(AckArrived)
        assert ok.response.body
        statuses = [o.response.status for o in caller.seen if isinstance(o, ResponseArrived)]
        assert statuses == [180, 200]


async def test_a_connection_serves_both_directions() -> None:
    phone, edge = Answerer(), Answerer()
    async with running(phone, edge):
        await edge.listen("tcp")
        phone.bound["tcp"] = TransportAddress("127.0.0.1", 9)  # it does not listen
        phone.send(plain(), Flow("tcp", edge.bound["tcp"]))
        await answered(phone)
        arrived = await edge.until_kind(RequestArrived)
        assert isinstance(arrived, RequestArrived)
        edge.send(plain("MESSAGE"), arrived.flow)
        assert (await answered(edge)).response.cseq.method == "MESSAGE"
        edge.send(plain("INFO"), arrived.flow._replace(connection=None))
        await edge.until(lambda o: isinstance(o, ResponseArrived) and o.response.cseq.method == "INFO")
        assert (edge.transport.open_connections, phone.transport.open_connections) == (1, 1)


async def test_what_comes_back_on_a_connection_of_ours_arrived_where_we_are_known() -> None:
    edge, core = Answerer(), Answerer()
    async with running(edge, core):
        await edge.listen("tcp")
        await core.listen("tcp")
        edge.send(plain(), edge.flow_to(core, "tcp"))
        arrived = await core.until_kind(RequestArrived)
        assert isinstance(arrived, RequestArrived)
        core.send(plain("MESSAGE"), arrived.flow)
        back = await edge.until_kind(RequestArrived)
        assert isinstance(back, RequestArrived)
        assert back.flow.local == edge.bound["tcp"]


async def test_connections_of_two_sides_are_never_mixed() -> None:
    edge, core = Node(), Answerer()
    async with running(edge, core):
        await edge.listen("tcp")
        await core.listen("tcp")
        other_side = edge.bound["tcp"]._replace(port=9)
        flow = edge.flow_to(core, "tcp")
        for local in (edge.bound["tcp"], other_side, edge.bound["tcp"]):
            key = edge.send(plain(), flow._replace(local=local))
            await edge.until(partial(is_response_to, key))
        assert edge.transport.open_connections == 2
        assert {c.source for c in edge.crossings[::2]} == {edge.bound["tcp"], other_side}


async def test_a_socket_known_by_another_address_is_found_by_its_port() -> None:
    edge, core = Node(), Answerer()
    async with running(edge, core):
        await edge.listen("udp")
        (wide,) = await edge.transport.start([Listen("udp", LOOPBACK)])
        await core.listen("udp")
        edge.send(plain(), edge.flow_to(core, "udp")._replace(local=wide.address._replace(host="127.0.0.9")))
        await answered(edge)
        assert core.crossings[0].source.port == wide.address.port


async def test_nobody_listens_on_tcp() -> None:
    caller, gone = Node(), Answerer()
    async with running(caller, gone):
        await caller.listen("tcp")
        await gone.listen("tcp")
        flow = caller.flow_to(gone, "tcp")
        await gone.transport.close()
        key = caller.send(plain(), flow)
        assert await caller.until_kind(TransactionFailed) == TransactionFailed(key, 503)


async def test_a_connection_that_ends_fails_its_requests_at_once() -> None:
    caller, silent = Node(), Node()
    async with running(caller, silent):
        await caller.listen("tcp")
        await silent.listen("tcp")
        key = caller.send(plain(), caller.flow_to(silent, "tcp"))
        await silent.until_kind(RequestArrived)
        await silent.transport.close()
        assert await caller.until_kind(TransactionFailed) == TransactionFailed(key, 503)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_names_are_looked_up(transport: str) -> None:
    caller, callee = Node(), Answerer()
    async with running(caller, callee):
        await caller.listen("udp", "tcp")
        await callee.listen("udp", "tcp")
        remote = callee.bound[transport]._replace(host="localhost")
        caller.send(plain(), Flow(transport, remote, caller.bound[transport]))
        assert (await answered(caller)).response.status == 200


@pytest.mark.parametrize(
    ("flow", "reason"),
    [
        (Flow("udp", TransportAddress("no..such..name", 5060)), "has no address"),
        (Flow("udp", TransportAddress("::1", 5060)), "no UDP socket"),
        (Flow("sctp", TransportAddress("127.0.0.1", 5060)), "cannot go over sctp"),
    ],
    ids=["no such name", "no IPv6 socket", "unknown transport"],
)
async def test_what_cannot_be_sent_fails_at_once(flow: Flow, reason: str) -> None:
    caller = Node()
    async with running(caller):
        await caller.listen("udp")
        key = caller.send(plain(), flow)
        assert await caller.until_kind(TransactionFailed) == TransactionFailed(key, 503)
        assert reason in notes(caller)[0]


async def test_what_does_not_fit_a_datagram_fails_at_once() -> None:
    caller, callee = Node(), Answerer()
    async with running(caller, callee):
        await caller.listen("udp")
        await callee.listen("udp")
        caller.send(plain().with_body(b"x" * MAX_DATAGRAM, "text/plain"), caller.flow_to(callee, "udp"))
        await caller.until_kind(TransactionFailed)
        assert callee.seen == []


async def test_a_malformed_datagram_is_answered() -> None:
    edge, loop = Answerer(), asyncio.get_running_loop()
    async with running(edge), asyncio.timeout(5):
        await edge.listen("udp")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
            raw.setblocking(False)
            await loop.sock_connect(raw, edge.bound["udp"])
            await loop.sock_sendall(raw, write_message(plain()).replace(b"OPTIONS sip", b"OPTIONS <sip"))
            await loop.sock_sendall(raw, write_message(request("OPTIONS")).replace(b" sip:b", b" <sip:b"))
            assert (await loop.sock_recv(raw, 65_536)).startswith(b"SIP/2.0 400 Bad Request\r\n")
        assert len(notes(edge)) == 2


async def test_tls(tmp_path: Path) -> None:
    server, client = contexts(tmp_path)
    caller, callee = Node(tls_client=client), Answerer(tls_server=server)
    async with running(caller, callee):
        await callee.listen("tls")
        caller.send(plain(), Flow("tls", callee.bound["tls"]))
        assert (await answered(caller)).response.status == 200


async def test_a_tls_handshake_that_never_comes_is_given_up(tmp_path: Path) -> None:
    server, _ = contexts(tmp_path)
    edge = Answerer(tls_server=server, limits=StreamLimits(connect=0.1))
    async with running(edge), asyncio.timeout(5):
        await edge.listen("tls")
        reader, writer = await asyncio.open_connection(*edge.bound["tls"])
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for a server with a certificate of its own, and for a client that trusts just that."""
    openssl, key, certificate = need("openssl"), folder / "key.pem", folder / "cert.pem"
    run(
        *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", str(key), "-out", str(certificate), "-days", "1", "-subj", "/CN=edge"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


async def test_nothing_is_taken_after_close() -> None:
    node = Node()
    await node.listen("udp", "tcp")
    await node.transport.close()
    await node.transport.close()
    with pytest.raises(LocalError):
        node.transport.feed(SendRequest(request("BYE"), Flow("udp", LOOPBACK)))


async def test_an_address_in_use_is_told() -> None:
    first, second = Node(), Node()
    async with running(first, second):
        await first.listen("tcp")
        with pytest.raises(OSError, match="in use"):
            await second.transport.start([Listen("tcp", first.bound["tcp"])])


async def test_udp_and_tcp_on_one_port() -> None:
    node, second = Node(), Node()
    async with running(node, second):
        both = await node.transport.start_udp_and_tcp(LOOPBACK)
        with pytest.raises(OSError, match="in use"):
            await second.transport.start_udp_and_tcp(both)
        await second.listen("tcp")
        with pytest.raises(OSError, match="in use"):  # free for UDP only
            await node.transport.start_udp_and_tcp(second.bound["tcp"])
        await second.transport.start([Listen("udp", second.bound["tcp"])])


async def test_a_port_taken_on_tcp_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    node, tried = Node(), []
    start = node.transport.start

    async def unlucky(listen: list[Listen]) -> list[Listen]:
        tried.append(listen[0])
        if listen[0].transport == "tcp" and len(tried) < 4:
            raise OSError(98, "Address already in use")
        return await start(listen)

    monkeypatch.setattr(node.transport, "start", unlucky)
    async with running(node):
        both = await node.transport.start_udp_and_tcp(LOOPBACK)
    assert [listen.transport for listen in tried] == ["udp", "tcp"] * 2
    assert both == tried[-1].address
