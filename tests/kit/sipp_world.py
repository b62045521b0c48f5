"""Our two daemons between a phone and a core that are SIPp's, for whole calls with foreign media."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.service import make_daemon, running
from imsedge.daemon.settings_border import Role
from imsedge.play import sessions
from imsedge.play.place import Place, own_place
from imsedge.play.sessions import Told
from imsedge.play.stage import Stage
from kit.openssl import wait_for
from kit.sip_scenarios import answers, calls, hang_up, registers, registrar
from kit.sipp import Sipp


class World:
    """Our two daemons on a loopback network of their own."""

    def __init__(self, place: Place, stage: Stage, gateway: AgwDaemon, folder: Path) -> None:
        self.place, self.stage, self.gateway, self.folder = place, stage, gateway, folder
        self.phone = TransportAddress(place.ue_host, 5060)

    def sipp(self, steps: list[str], name: str, local: TransportAddress, remote: TransportAddress) -> Sipp:
        return Sipp(steps, self.folder, name, local=local, remote=remote)

    async def register(self) -> str:
        """The Path that leads to the phone."""
        with (
            self.sipp(registrar(), "registrar", self.place.next_hop, self.place.sip_core) as core,
            self.sipp(registers(), "register", self.phone, self.place.sip_access) as phone,
        ):
            await until(lambda: phone.ended and core.ended, "the registration")
            phone.check()
            core.check()
            (register,) = core.received()
            (accepted,) = phone.received()
        assert "mediasec" not in register
        assert "msrp-tls;mediasec" in accepted
        path = next(line for line in register.splitlines() if line.startswith("Path: "))
        assert str(self.place.sip_core) in path
        return path.removeprefix("Path: ")

    @contextmanager
    def call(self, offer: str, answer: str, *, path: str = "") -> Iterator[tuple[Sipp, Sipp]]:
        """Caller and callee; the phone calls, unless there is a ``path`` to it."""
        ends = (self.phone, self.place.sip_access), (self.place.next_hop, self.place.sip_core)
        to_phone = bool(path)
        called, caller = ends if to_phone else ends[::-1]
        target = f"sip:alice@{self.phone}" if to_phone else "sip:bob@home.test"
        routes = f"\nRoute: {path}" if to_phone else ""
        with (
            self.sipp(answers(answer), "callee", *called) as callee,
            self.sipp(calls(target, offer, routes=routes), "caller", *caller) as calling,
        ):
            yield calling, callee


def field(message: str, name: str) -> str:
    """The value of the first header field of that name."""
    line = next(line for line in message.splitlines() if line.startswith(f"{name}:"))
    return line.partition(":")[2].strip()


async def ended(caller: Sipp, callee: Sipp) -> None:
    """Hang up; then the call is over, and everybody content."""
    answer = next(text for text in caller.received() if text.startswith("SIP/2.0 200"))
    call_id, callee_is = (field(answer, name) for name in ("Call-ID", "To"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(hang_up(call_id, callee_is, caller.local), caller.local)
    await until(lambda: caller.ended and callee.ended, "the end of the call")
    for party in (caller, callee):
        party.check()


async def until(condition: Callable[[], object], what: str, seconds: float = 15.0) -> None:
    await asyncio.to_thread(wait_for, condition, what, seconds)


@asynccontextmanager
async def sipp_world(folder: Path, *, role: Role = Role.EDGE, **policy: Any) -> AsyncIterator[World]:
    """``policy``: settings of ``[policy]``."""
    own = own_place(RandomIds())
    alg = own.alg.model_copy(update={"role": role, "policy": own.alg.policy.model_validate(policy)})
    stage, gateway = Stage(own.place.cast), AgwDaemon(own.agw)
    async with running([make_daemon(alg, tap=stage), gateway]):
        await until(lambda: any(a.summary.startswith("SVC resp") for a in stage.arrows()), "the gateway")
        yield World(own.place, stage, gateway, folder)


def text_in(messages: list[str], start: str) -> str:
    """The SDP of the first message that begins so."""
    found = next(message for message in messages if message.startswith(start) and "\n\nv=0" in message)
    return found.partition("\n\n")[2]


def description_in(messages: list[str], start: str) -> Told:
    """The same as the UE understands it."""
    return sessions.read(text_in(messages, start).encode())


async def told(caller: Sipp) -> Told:
    """What the caller is answered."""
    await until(lambda: any("\n\nv=0" in text for text in caller.received()), "the answer")
    return description_in(caller.received(), "SIP/2.0 200")
