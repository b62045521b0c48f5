"""Erlang's megaco drives our gateway daemon, and is a gateway under our controller daemon, on every wire."""

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
    LocalControl,
    Media,
    Parameter,
    Stream,
    StreamMode,
    Verb,
)
from kit.daemons import agw_settings, alg_settings, until
from kit.erlang import Launch, free_port
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
LOCAL = "v=0\r\nc=IN IP4 $\r\nm=- $ TCP -\r\n"
REMOTE = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=- 9 TCP -\r\na=setup:active\r\n"


def add(realm: str) -> CommandRequest:
    control = LocalControl(StreamMode.SEND_RECEIVE, properties=(Parameter("ipdc/realm", (realm,)),))
    return CommandRequest(Verb.ADD, ("$",), descriptors=(Media((Stream(1, control, LOCAL),)),))


def modify(name: str) -> CommandRequest:
    return CommandRequest(Verb.MODIFY, (name,), descriptors=(Media((Stream(1, remote=REMOTE),)),))


def commands(reply: Any) -> Iterator[Any]:
    """The command replies of a reply that has no error anywhere."""
    for action in reply.result:
        assert action.error is None, action.error
        for command in action.replies:
            assert command.error is None, command.error
            yield command


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
        peer.send((ActionRequest(CHOOSE_CONTEXT, (add("access"), add("core"))),))
        reply = await peer.transaction("REPLY")
        context = reply.result[0].context
        access, core = [command.terminations[0] for command in commands(reply)]
        assert [name.rpartition("/")[0] for name in (access, core)] == ["ip/access", "ip/core"]
        assert "c=IN IP4 127.0.0.1" in reply.result[0].replies[0].result[0].streams[0].local
        peer.send((ActionRequest(context, (modify(access),)),))
        assert len(list(commands(await peer.transaction("REPLY")))) == 1
        audit = CommandRequest(Verb.AUDIT_VALUE, (core,), audit=Audit((AuditItem.MEDIA,)))
        peer.send((ActionRequest(context, (audit,)),))
        (audited,) = commands(await peer.transaction("REPLY"))
        assert audited.result[0].streams[0].control.mode is StreamMode.SEND_RECEIVE
        peer.send((ActionRequest(context, (CommandRequest(Verb.SUBTRACT, ("*",)),)),))
        assert {c.terminations[0] for c in commands(await peer.transaction("REPLY"))} == {access, core}
        peer.send((ActionRequest(context, (modify(access),)),))
        refused = await peer.transaction("REPLY")
        assert refused.result[0].error.code == 411
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
