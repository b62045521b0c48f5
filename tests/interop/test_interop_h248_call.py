"""A whole SIP call whose gateway is Erlang's megaco and whose ends are SIPp: ours is the controller alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from imsedge.core.address import TransportAddress
from imsedge.daemon.alg import AlgDaemon
from imsedge.h248.codec import Encoding, encoding_of
from imsedge.h248.model import ActionRequest, CommandRequest, ObservedEvent, ObservedEvents, Parameter, Verb
from imsedge.play import sessions
from imsedge.play.sessions import Told, own_path
from imsedge.security.fingerprint import Fingerprint
from kit.daemons import alg_settings, until
from kit.erlang import Erlang, Launch, free_port
from kit.sip_scenarios import answers, calls, registers, registrar
from kit.sipp import Sipp

pytestmark = [pytest.mark.interop, pytest.mark.system]

HOST = "127.0.0.1"
CHOSEN = bytes((0xE1,)) * 32  # the fingerprint that Erlang makes up
PATIENCE = 15.0
OFFER = Told(
    address=TransportAddress(HOST, 7654),
    setup="actpass",
    path=own_path(TransportAddress(HOST, 7654), "phone", secure=True),
    secure=True,
    fingerprints=(Fingerprint("sha-256", bytes(range(32))),),
    e2ae="requested",
)
ANSWER = Told(
    address=TransportAddress(HOST, 7655),
    setup="passive",
    path=own_path(TransportAddress(HOST, 7655), "core", secure=False),
    secure=False,
)


def notify(context: int, termination: str, kind: str) -> tuple[ActionRequest, ...]:
    """What happened to the bearer."""
    event = ObservedEvent("tcpbcc/BNCChange", stream=1, parameters=(Parameter("Type", (kind,)),))
    command = CommandRequest(Verb.NOTIFY, (termination,), observed=ObservedEvents(1, (event,)))
    return (ActionRequest(context, (command,)),)


class Scene:
    """A registered phone in front of our controller, a core behind it, Erlang below."""

    def __init__(self, alg: AlgDaemon, gateway: Erlang, folder: Path, next_hop: TransportAddress) -> None:
        self.alg, self.gateway, self.folder = alg, gateway, folder
        self.core, self.phone = next_hop, TransportAddress(HOST, free_port("udp"))

    async def register(self) -> None:
        with self.at_core(registrar(), "registrar") as core, self.at_phone(registers(), "register") as phone:
            await until(lambda: phone.ended and core.ended, PATIENCE)
            phone.check()
            core.check()

    def at_core(self, steps: list[str], name: str) -> Sipp:
        return Sipp(steps, self.folder, name, local=self.core, remote=self.alg.sip_core)

    def at_phone(self, steps: list[str], name: str) -> Sipp:
        return Sipp(steps, self.folder, name, local=self.phone, remote=self.alg.sip_access)

    async def asked(self, count: int) -> list[tuple[int, Any]]:
        """Context and command of the next requests that Erlang executed; nothing of ROOT."""
        found: list[tuple[int, Any]] = []
        async with asyncio.timeout(PATIENCE):  # there are audits all the time
            while len(found) < count:
                for action in (await self.gateway.transaction("REQUEST")).actions:
                    found += [(action.context, command) for command in action.commands if action.context]
        return found


@asynccontextmanager
async def scene(
    transport: str, encoding: Encoding, erlang: Launch, folder: Path, tap: Callable[[Any], None]
) -> AsyncIterator[Scene]:
    next_hop = TransportAddress(HOST, free_port("udp"))
    wire = {"transport": transport, "encoding": encoding.value}
    alg = AlgDaemon(alg_settings(next_hop, h248=wire), tap=tap)
    await alg.start()
    try:
        assert alg.h248_address is not None
        peer = await erlang("mg", transport, alg.h248_address.port, encoding=encoding)
        await peer.says("UP")
        found = Scene(alg, peer, folder, next_hop)
        await found.register()
        yield found
    finally:
        await alg.stop()


def told(messages: list[str], start: str) -> Told:
    """The SDP of the first message that begins so."""
    found = next(message for message in messages if message.startswith(start) and "\n\nv=0" in message)
    return sessions.read(found.partition("\n\n")[2].encode())


@pytest.mark.parametrize("encoding", [Encoding.PRETTY, Encoding.BER], ids=lambda one: one.value)
@pytest.mark.parametrize("transport", ["udp", "tcp", pytest.param("sctp", marks=pytest.mark.sctp)])
async def test_a_call_through_a_gateway_of_erlang(
    transport: str, encoding: Encoding, erlang: Launch, tmp_path: Path
) -> None:
    core, access = "ip/access/1", "ip/access/2"
    seen: list[bytes] = []

    def tap(crossing: Any) -> None:
        if crossing.kind.value == "h248":
            seen.append(crossing.data)

    async with scene(transport, encoding, erlang, tmp_path, tap) as world:
        calling = calls("sip:bob@home.test", sessions.write(OFFER), talk_ms=700)
        with (
            world.at_core(answers(sessions.write(ANSWER)), "callee") as callee,
            world.at_phone(calling, "caller") as caller,
        ):
            before = await world.asked(4)
            world.gateway.send(notify(1, core, "Est"))
            reply = await world.gateway.transaction("REPLY")
            assert reply.result[0].replies[0].verb is Verb.NOTIFY
            assert reply.result[0].replies[0].error is None
            (after,) = await world.asked(1)
            await until(lambda: caller.ended and callee.ended, PATIENCE)
            caller.check()
            callee.check()
        await until(lambda: not world.alg.calls())
    verbs = [command.verb for _, command in before]
    assert verbs == [Verb.ADD, Verb.ADD, Verb.MODIFY, Verb.MODIFY]
    assert {command.terminations[0] for _, command in before[2:]} == {core, access}
    assert (after[0], after[1].verb, after[1].terminations) == (1, Verb.SUBTRACT, ("*",))
    towards_core, towards_phone = told(callee.received(), "INVITE"), told(caller.received(), "SIP/2.0 200")
    assert towards_core.address == TransportAddress(HOST, 40_002)
    assert not towards_core.secure
    assert towards_phone.address == TransportAddress(HOST, 40_004)
    assert towards_phone.fingerprints == (Fingerprint("sha-256", CHOSEN),)
    assert {encoding_of(data) for data in seen} == {encoding}


async def test_a_bearer_that_erlang_reports_as_failed_ends_the_call(erlang: Launch, tmp_path: Path) -> None:
    async with scene("udp", Encoding.COMPACT, erlang, tmp_path, lambda _crossing: None) as world:
        calling = calls("sip:bob@home.test", sessions.write(OFFER), talk_ms=5_000)
        with (
            world.at_core(answers(sessions.write(ANSWER)), "callee") as callee,
            world.at_phone(calling, "caller"),
        ):
            await world.asked(4)
            await until(lambda: any(text.startswith("ACK") for text in callee.received()), PATIENCE)
            world.gateway.send(notify(1, "ip/access/2", "Mfail"))
            ((context, subtract),) = await world.asked(1)
            assert (context, subtract.verb) == (1, Verb.SUBTRACT)
            await until(lambda: callee.ended, PATIENCE)
            callee.check()
        await until(lambda: not world.alg.calls())
