"""Erlang's megaco drives our gateway daemon, and is a gateway under our controller daemon, on every wire."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from imsedge.core.address import TransportAddress
from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.alg import AlgDaemon
from imsedge.h248.codec import Encoding, decode, encoding_of
from imsedge.h248.model import (
    CHOOSE_CONTEXT,
    ActionRequest,
    Audit,
    AuditItem,
    CommandRequest,
    Events,
    LocalControl,
    Media,
    Parameter,
    RequestedEvent,
    Statistics,
    Stream,
    StreamMode,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from imsedge.sdp.attributes import read_address, read_fingerprints
from imsedge.sdp.parser import read_descriptions
from kit.daemons import agw_settings, alg_settings, until
from kit.erlang import Erlang, Launch, free_port
from kit.h248 import notify

pytestmark = [pytest.mark.interop, pytest.mark.system]

ON_EVERY_WIRE = [
    pytest.param(transport, encoding, id=f"{transport}-{encoding.value}", marks=marks)
    for transport, encodings, marks in (
        ("udp", Encoding, ()),
        ("tcp", Encoding, ()),
        ("sctp", (Encoding.COMPACT, Encoding.BER), (pytest.mark.sctp,)),
    )
    for encoding in encodings
]
SECURED = "v=0\r\nc=IN IP4 $\r\nm=- $ TCP/TLS -\r\na=setup:passive\r\na=fingerprint:sha-256 $\r\n"
PLAIN = "v=0\r\nc=IN IP4 $\r\nm=- $ TCP -\r\na=setup:passive\r\n"
PHONE = f"v=0\r\nc=IN IP4 127.0.0.1\r\nm=- 9 TCP/TLS -\r\na=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\n"
CORE = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=- 9 TCP -\r\na=setup:active\r\n"
ESTABLISHED = Events(7, (RequestedEvent("tcpbcc/BNCChange", parameters=(Parameter("Type", ("Est",)),)),))


def add(realm: str, local: str) -> CommandRequest:
    control = LocalControl(StreamMode.SEND_RECEIVE, properties=(Parameter("ipdc/realm", (realm,)),))
    return CommandRequest(Verb.ADD, ("$",), descriptors=(Media((Stream(1, control, local),)),))


def modify(name: str, remote: str, *events: Events) -> CommandRequest:
    return CommandRequest(Verb.MODIFY, (name,), descriptors=(Media((Stream(1, remote=remote),)), *events))


def commands(reply: Any) -> Iterator[Any]:
    """The command replies of a reply that has no error anywhere."""
    for action in reply.result:
        assert action.error is None, action.error
        for command in action.replies:
            assert command.error is None, command.error
            yield command


def transactions(seen: list[bytes], kind: type[Any]) -> list[Any]:
    """Everything of that kind that crossed, in both directions."""
    bodies: list[Any] = [decode(data).body for data in seen]
    return [transaction for body in bodies for transaction in body if isinstance(transaction, kind)]


def notified(seen: list[bytes]) -> list[int]:
    """The transactions of reports."""
    requests = transactions(seen, TransactionRequest)
    found = [request.id for request in requests if request.actions[0].commands[0].verb is Verb.NOTIFY]
    assert found
    return found


def answered(seen: list[bytes]) -> set[int]:
    return {reply.id for reply in transactions(seen, TransactionReply)}


async def ask(peer: Erlang, context: int, *requests: CommandRequest) -> tuple[int, list[Any]]:
    """Let Erlang send these; the context and what each was answered."""
    peer.send((ActionRequest(context, requests),))
    reply = await peer.transaction("REPLY")
    return reply.result[0].context, list(commands(reply))


async def set_up(peer: Erlang) -> tuple[str, str, int, int]:
    """A context that is secured on one side: its terminations, its number, the port in the core."""
    context, added = await ask(peer, CHOOSE_CONTEXT, add("access", SECURED), add("core", PLAIN))
    access, core = [command.terminations[0] for command in added]
    assert [name.rpartition("/")[0] for name in (access, core)] == ["ip/access", "ip/core"]
    secured, plain = [read_descriptions(command.result[0].streams[0].local)[0] for command in added]
    assert len(read_fingerprints(secured, secured.media[0])[0].digest) == 32
    address = read_address(plain, plain.media[0])
    assert address is not None
    await ask(peer, context, modify(access, PHONE), modify(core, CORE, ESTABLISHED))
    return access, core, context, address.port


async def take_apart(peer: Erlang, access: str, core: str, context: int) -> None:
    """Audit, move one of them out, subtract both; what is gone is unknown."""
    audit = CommandRequest(Verb.AUDIT_VALUE, (core,), audit=Audit((AuditItem.MEDIA, AuditItem.EVENTS)))
    _, (audited,) = await ask(peer, context, audit)
    assert audited.result[0].streams[0].control.mode is StreamMode.SEND_RECEIVE
    assert audited.result[1].request_id == 7
    other, _ = await ask(peer, CHOOSE_CONTEXT, CommandRequest(Verb.MOVE, (core,)))
    assert other != context
    for place, name in ((context, access), (other, core)):
        _, (gone,) = await ask(peer, place, CommandRequest(Verb.SUBTRACT, ("*",)))
        assert gone.terminations == (name,)
        assert any(isinstance(found, Statistics) for found in gone.result)
    peer.send((ActionRequest(context, (modify(access, PHONE),)),))
    refused = await peer.transaction("REPLY")
    assert refused.result[0].error.code == 411


@pytest.mark.parametrize(("transport", "encoding"), ON_EVERY_WIRE)
async def test_erlang_drives_our_gateway_daemon(transport: str, encoding: Encoding, erlang: Launch) -> None:
    port = free_port(transport)
    peer = await erlang("mgc", transport, port, encoding=encoding)
    await peer.says("READY")
    wire = {"transport": transport, "encoding": encoding.value, "version": 3, "profile": "ETSI_BGF/2"}
    seen: list[bytes] = []
    daemon = AgwDaemon(
        agw_settings(TransportAddress("127.0.0.1", port), h248=wire), tap=lambda one: seen.append(one.data)
    )
    await daemon.start()
    try:
        assert await peer.says("UP") == "3 etsi_bgf/2"
        access, core, context, port = await set_up(peer)
        with socket.create_connection(("127.0.0.1", port)):
            report = (await peer.transaction("REQUEST")).actions[0]
        assert (report.context, report.commands[0].terminations) == (context, (core,))
        assert report.commands[0].observed.request_id == 7
        await until(lambda: all(number in answered(seen) for number in notified(seen)))
        await take_apart(peer, access, core, context)
    finally:
        await daemon.stop()
    assert {encoding_of(data) for data in seen} == {encoding}


@pytest.mark.parametrize(("transport", "encoding"), ON_EVERY_WIRE)
async def test_erlang_is_a_gateway_under_our_controller_daemon(
    transport: str, encoding: Encoding, erlang: Launch
) -> None:
    wire = {"transport": transport, "encoding": encoding.value, "audit": 0.3, "inactivity": 0.5}
    seen: list[bytes] = []
    daemon = AlgDaemon(
        alg_settings(TransportAddress("127.0.0.1", 9), h248=wire), tap=lambda one: seen.append(one.data)
    )
    await daemon.start()
    try:
        assert daemon.h248_address is not None
        peer = await erlang("mg", transport, daemon.h248_address.port, encoding=encoding)
        assert await peer.says("UP") == "3 etsi_bgf/2"
        await until(lambda: len(daemon.status()["gateways"]) == 1)  # type: ignore[arg-type]
        peer.send(notify("it/ito", 1))
        (answer,) = commands(await peer.transaction("REPLY"))
        assert answer.verb is Verb.NOTIFY
        asked = [(await peer.transaction("REQUEST")).actions[0].commands[0].verb for _ in range(2)]
        assert Verb.AUDIT_VALUE in asked
        assert len(daemon.status()["gateways"]) == 1  # type: ignore[arg-type]
    finally:
        await daemon.stop()
    assert {encoding_of(data) for data in seen} == {encoding}
    assert all(decode(data) for data in seen)
