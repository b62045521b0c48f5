"""False gateways and malformed H.248 at a real controller: each gets its code, and service goes on."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from imsedge.core.address import TransportAddress
from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.alg import AlgDaemon
from imsedge.daemon.service import running
from imsedge.h248.model import ErrorDescriptor
from imsedge.play.place import OwnPlace
from imsedge.play.scenes import originating
from kit.daemons import until
from kit.raw_controller import RawController, codes
from kit.system import PATIENCE, ends, gateway_count, own_world

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

NOTIFY = "Context = 7 { Notify = ip/core/1 { ObservedEvents = 1 { g/cause } } }"
REGISTER = 'Context = - { ServiceChange = ROOT { Services { Method = Restart, Reason = "901 Cold Boot" } } }'


class Scene(NamedTuple):
    """A controller, and a socket that plays a gateway at it."""

    own: OwnPlace
    alg: AlgDaemon
    peer: RawController


@pytest.fixture
async def scene(no_leaks: None) -> AsyncIterator[Scene]:
    own = own_world()
    alg = AlgDaemon(own.alg)
    async with running([alg]):
        peer = await RawController.open()
        peer.gateway = TransportAddress(*own.alg.h248.listen)
        yield Scene(own, alg, peer)
        peer.close()


async def a_real_gateway_is_served(scene: Scene) -> None:
    """It registers, and a call passes through it."""
    before = gateway_count(scene.alg)
    async with running([AgwDaemon(scene.own.agw)]):
        await until(lambda: gateway_count(scene.alg) == before + 1, PATIENCE)
        async with ends(scene.own.place) as cast:
            await originating(cast, "passive")
            assert len(cast.heard) == 2


async def test_who_is_not_registered_is_told_so(scene: Scene) -> None:
    scene.peer.send(f"Transaction = 1 {{ {NOTIFY} }}")
    assert codes((await scene.peer.replies(1))[1]) == [505]
    assert gateway_count(scene.alg) == 0


REGISTRATIONS = {
    "without a method": (REGISTER.replace("Method = Restart, ", ""), 472),
    "without a reason": (REGISTER.replace(', Reason = "901 Cold Boot"', ""), 472),
    "with an unknown method": (REGISTER.replace("Restart", "Reboot"), 449),
    "with an unknown parameter": (REGISTER.replace("Method", "Mood = 1, Method"), 446),
    "without services": ("Context = - { ServiceChange = ROOT }", 472),
}


@pytest.mark.parametrize(("action", "code"), REGISTRATIONS.values(), ids=REGISTRATIONS)
async def test_a_wrong_registration_is_refused(scene: Scene, action: str, code: int) -> None:
    scene.peer.send(f"Transaction = 1 {{ {action} }}")
    assert codes((await scene.peer.replies(1))[1]) == [code]
    assert gateway_count(scene.alg) == 0


async def test_a_malformed_report_gets_its_code_and_the_rest_is_not_done(scene: Scene) -> None:
    scene.peer.send(f"Transaction = 1 {{ {REGISTER} }}")
    await scene.peer.replies(1)
    await answer_the_probe(scene.peer)
    await until(lambda: gateway_count(scene.alg) == 1, PATIENCE)
    good = "Notify = ROOT { ObservedEvents = 1 { g/cause } }"
    scene.peer.send(f"Transaction = 2 {{ Context = - {{ {good}, Notify = ROOT, {good} }} }}")
    assert codes((await scene.peer.replies(2))[2]) == [0, 472]


async def test_a_command_that_is_the_controllers_is_refused(scene: Scene) -> None:
    """A registered peer that gives orders instead of taking them."""
    scene.peer.send(f"Transaction = 1 {{ {REGISTER} }}")
    assert codes((await scene.peer.replies(1))[1]) == [0]
    await answer_the_probe(scene.peer)
    await until(lambda: gateway_count(scene.alg) == 1, PATIENCE)
    scene.peer.send("Transaction = 2 { Context = - { Subtract = * } }")
    assert codes((await scene.peer.replies(2))[2]) == [443]


async def test_a_report_from_a_context_that_is_nobodys_is_refused(scene: Scene) -> None:
    """411, and the context is subtracted."""
    scene.peer.send(f"Transaction = 1 {{ {REGISTER} }}")
    await scene.peer.replies(1)
    await answer_the_probe(scene.peer)
    await until(lambda: gateway_count(scene.alg) == 1, PATIENCE)
    scene.peer.send(f"Transaction = 2 {{ {NOTIFY} }}")
    assert codes((await scene.peer.replies(2))[2]) == [411]
    order = await scene.peer.next()
    assert not isinstance(order.body, ErrorDescriptor)
    (request,) = order.body
    assert [(a.context, a.commands[0].verb.value) for a in request.actions] == [(7, "Subtract")]  # type: ignore[union-attr]


async def test_garbage_is_survived(scene: Scene) -> None:
    for octets in (
        b"\x00",
        b"\xff" * 1400,
        b"\x30\x80\xa0\x03",
        b"{" * 5_000,
        b"MEGACO/1 [",
        b"MEGACO/9 [::1] T",
    ):
        scene.peer.send_octets(octets)
    await a_real_gateway_is_served(scene)


async def test_a_peer_that_registers_and_falls_silent_does_not_hinder(scene: Scene) -> None:
    """It never answers the probe, so it is never offered a call."""
    scene.peer.send(f"Transaction = 1 {{ {REGISTER} }}")
    await scene.peer.replies(1)
    await a_real_gateway_is_served(scene)


async def answer_the_probe(peer: RawController) -> None:
    """The controller asks something small before it believes in a gateway."""
    while True:
        body = (await peer.next()).body
        assert not isinstance(body, ErrorDescriptor)
        for transaction in body:
            if type(transaction).__name__ == "TransactionRequest":
                verb = transaction.actions[0].commands[0].verb.value  # type: ignore[union-attr]
                peer.send(f"Reply = {transaction.id} {{ Context = - {{ {verb} = ROOT }} }}")  # type: ignore[union-attr]
                return
