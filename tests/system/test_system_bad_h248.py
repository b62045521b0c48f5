"""Malformed H.248 at a real gateway: the code of H.248.8 comes back, and the rest of the message is executed.

Every message also carries transactions that are right, one before and one behind the wrong one.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from imsedge.daemon.agw import AgwDaemon
from imsedge.h248.model import ActionReply, ErrorDescriptor, TransactionReply
from kit.daemons import agw_settings, until
from kit.raw_controller import RawController, codes

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

LOCAL = "Local {\nv=0\nc=IN IP4 $\nm=- $ TCP -\na=setup:passive\n}"
ADD = f"Add = $ {{ Media {{ Stream = 1 {{ LocalControl {{ Mode = SendReceive }}, {LOCAL} }} }} }}"
AUDIT = "Context = - { AuditValue = ROOT { Audit { } } }"


def good(number: int) -> str:
    return f"Transaction = {number} {{ {AUDIT} }}"


def stream(what: str) -> str:
    return f"Add = $ {{ Media {{ Stream = 1 {{ {what} }} }} }}"


# What is wrong in the only command of context $ -> the code in its place.
COMMANDS = {
    "bad token": ("Addd = $ { }", 443),
    "bad token in a command": ("Add = $ { Medea { } }", 444),
    "unknown package of a property": (stream(f"LocalControl {{ foo/bar = 1 }}, {LOCAL}"), 440),
    "unknown package of an event": (ADD[:-1] + ", Events = 1 { foo/bar } }", 440),
    "unknown package of a signal": (ADD[:-1] + ", Signals { foo/bar } }", 440),
    "unknown property of a package": (stream(f"LocalControl {{ gm/nonsense = 1 }}, {LOCAL}"), 445),
    "unknown value": (stream(f"LocalControl {{ tcpbcc/mode = sideways }}, {LOCAL}"), 449),
    "unknown termination": ("Add = ip/core/4711", 430),
    "SDP that is none": (stream("Local {\nnot sdp\n}"), 474),
    "$ for the transport": (stream(f"{LOCAL.replace('TCP', '$')}"), 515),
    "$ in Remote": (stream(f"{LOCAL}, Remote {{\nv=0\nc=IN IP4 $\nm=- $ TCP -\n}}"), 449),
    "$ for an attribute": (stream(LOCAL.replace("a=setup:passive", "a=path:$")), 449),
    "$ for a property": (stream(f"LocalControl {{ tcpbcc/mode = $ }}, {LOCAL}"), 449),
    "descriptor twice": (stream(f"{LOCAL}, {LOCAL}"), 448),
    "no Local": (stream("LocalControl { Mode = SendReceive }"), 441),
}

# Whole actions -> the code for the action.
ACTIONS = {
    "unknown context": ("Context = 4711 { Subtract = * }", 411),
    "$ in Modify": ("Context = $ { Modify = $ { Signals } }", 421),
    "$ in Subtract": ("Context = $ { Subtract = $ }", 421),
    "unknown termination of no context": ("Context = - { AuditValue = ip/core/4711 { Audit { } } }", 430),
    "nothing that matches": ("Context = - { AuditValue = ip/moon/* { Audit { } } }", 431),
}

# Messages that cannot be divided into transactions -> the code of the message's error.
MESSAGES = {
    "no transaction": ("", 400),
    "not a transaction": ("Foo = 1 { }", 400),
    "a version that is not there yet": (None, 406),
}


@pytest.fixture
async def controller(no_leaks: None) -> AsyncIterator[RawController]:
    made = await RawController.open()
    yield made
    made.close()
    await asyncio.sleep(0)  # the socket is closed by the event loop


@pytest.fixture
async def gateway(controller: RawController) -> AsyncIterator[AgwDaemon]:
    daemon = AgwDaemon(agw_settings(controller.address))
    await daemon.start()
    await controller.registered.wait()
    await until(daemon.registered.is_set)
    yield daemon
    await daemon.stop()


def assert_empty(gateway: AgwDaemon) -> None:
    assert gateway.gateway.load() == (0, 0, 0, 0)


@pytest.mark.parametrize(("command", "code"), COMMANDS.values(), ids=COMMANDS)
async def test_a_wrong_command_is_answered_and_the_rest_of_the_message_executed(
    controller: RawController, gateway: AgwDaemon, command: str, code: int
) -> None:
    controller.send(f"{good(2)}\nTransaction = 1 {{ Context = $ {{ {command} }} }}\n{good(3)}")
    replies = await controller.replies(1, 2, 3)
    assert {number: codes(reply) for number, reply in replies.items()} == {1: [code], 2: [0], 3: [0]}
    assert_empty(gateway)


@pytest.mark.parametrize(("action", "code"), ACTIONS.values(), ids=ACTIONS)
async def test_a_wrong_action_is_answered_and_the_rest_of_the_message_executed(
    controller: RawController, gateway: AgwDaemon, action: str, code: int
) -> None:
    controller.send(f"{good(2)}\nTransaction = 1 {{ {action} }}\n{good(3)}")
    replies = await controller.replies(1, 2, 3)
    assert {number: codes(reply) for number, reply in replies.items()} == {1: [code], 2: [0], 3: [0]}
    assert_empty(gateway)


@pytest.mark.parametrize(("body", "code"), MESSAGES.values(), ids=MESSAGES)
async def test_a_message_that_is_none_is_answered_with_an_error(
    controller: RawController, gateway: AgwDaemon, body: str | None, code: int
) -> None:
    head = controller.head.replace("/2", "/9") if body is None else controller.head
    controller.send_octets((head + (good(2) if body is None else body)).encode())
    error = (await controller.next()).body
    assert isinstance(error, ErrorDescriptor)
    assert error.code == code
    await assert_serves(controller, gateway)


async def test_a_truncated_message_is_answered_and_leaves_nothing(
    controller: RawController, gateway: AgwDaemon
) -> None:
    whole = f"{controller.head}Transaction = 1 {{ Context = $ {{ {ADD} }} }}".encode()
    for length in range(0, len(whole) - 1, 7):
        controller.send_octets(whole[:length])
    await assert_serves(controller, gateway)


async def test_garbage_is_survived(controller: RawController, gateway: AgwDaemon) -> None:
    for octets in (b"\x00", b"\xff" * 1400, b"\x30\x80\xa0\x03\x80\x01", b"{" * 5000, b"MEGACO/1 [", b"\r\n"):
        controller.send_octets(octets)
    await assert_serves(controller, gateway)


async def test_the_commands_before_the_wrong_one_stand_and_those_behind_do_not_happen(
    controller: RawController, gateway: AgwDaemon
) -> None:
    """H.248.1 clause 8.2.1."""
    controller.send(f"Transaction = 1 {{ Context = $ {{ {ADD}, Modify = ip/core/4711, {ADD} }} }}\n{good(2)}")
    replies = await controller.replies(1, 2)
    assert (codes(replies[1]), codes(replies[2])) == ([0, 430], [0])
    assert gateway.gateway.load()[:3] == (1, 1, 1)
    await subtract(controller, replies[1])
    assert_empty(gateway)


async def test_behind_an_optional_wrong_command_the_transaction_goes_on(
    controller: RawController, gateway: AgwDaemon
) -> None:
    controller.send(f"Transaction = 1 {{ Context = $ {{ {ADD}, O-Modify = ip/core/4711, {ADD} }} }}")
    reply = (await controller.replies(1))[1]
    assert codes(reply) == [0, 430, 0]
    assert gateway.gateway.load()[:3] == (1, 2, 2)
    await subtract(controller, reply)
    assert_empty(gateway)


async def test_a_stranger_is_told_that_it_is_none_of_our_controllers(
    controller: RawController, gateway: AgwDaemon
) -> None:
    stranger = await RawController.open("127.0.0.9")
    stranger.gateway = controller.gateway
    stranger.send(f"Transaction = 1 {{ Context = $ {{ {ADD} }} }}")
    reply = (await stranger.replies(1))[1]
    stranger.close()
    await asyncio.sleep(0)
    assert codes(reply) == [504]
    await assert_serves(controller, gateway)


async def subtract(controller: RawController, reply: TransactionReply) -> None:
    assert isinstance(reply.result, tuple)
    (action,) = reply.result
    assert isinstance(action, ActionReply)
    controller.send(f"Transaction = 9 {{ Context = {action.context} {{ Subtract = * {{ Audit {{ }} }} }} }}")
    await controller.replies(9)


async def assert_serves(controller: RawController, gateway: AgwDaemon) -> None:
    """The gateway holds nothing and answers; what it said to garbage before does not matter."""
    controller.send(f"Transaction = 4711 {{ {AUDIT} }}")
    while True:
        body = (await controller.next()).body
        if not isinstance(body, ErrorDescriptor) and any(
            isinstance(reply, TransactionReply) and reply.id == 4711 for reply in body
        ):
            break
    assert_empty(gateway)
