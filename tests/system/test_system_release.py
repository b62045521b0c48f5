"""One end of a secured call goes, in every way it can; what the other end and both SIP parties see, in order.

Both ends are bare sockets, so that FIN, RST, close_notify and alerts can be told apart.  What the media sees
has happened by the time the BYE comes: TLS, TCP, the other leg, then the session.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from struct import pack
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.play.phone import Phone
from imsedge.play.scenes import Ensemble
from kit.daemons import until
from kit.system import PATIENCE, Agreed, System, ends, offer_of, originate, system

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

MOMENT = {"policy": {"release_wait": 0.2}}
HURRY = {"media": {"linger_limit": 0.3}}


class End:
    """One end of a TCP connection; ``seen``: how it ended, in order."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.octets = b""
        self.seen: list[str] = []
        sock.setblocking(False)

    def look(self) -> list[str]:
        """All that has come until now, without waiting."""
        while not {"FIN", "RST"} & set(self.seen):
            try:
                data = self.sock.recv(65_536)
            except BlockingIOError:
                break
            except ConnectionError:
                self.seen.append("RST")
                break
            if data:
                self.take(data)
            else:
                self.seen.append("FIN")
        return self.seen

    def take(self, data: bytes) -> None:
        self.octets += data

    async def ended(self) -> list[str]:
        """Once it has."""
        await until(lambda: bool({"FIN", "RST"} & set(self.look())), PATIENCE)
        return self.seen

    def fin(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def rst(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        self.sock.close()


class Secured(End):
    """The phone's end: TLS by the standard library, its records in our hands."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(sock)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out)
        self._open = False

    async def handshake(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    self._tls.do_handshake()
                except ssl.SSLWantReadError:
                    await self._flush()
                    self._in.write(await asyncio.get_running_loop().sock_recv(self.sock, 65_536))
                else:
                    await self._flush()
                    self._open = True
                    return

    async def say(self, words: bytes) -> None:
        self._tls.write(words)
        await self._flush()

    async def close_notify(self) -> None:
        """And, as RFC 8446 clause 6.1 wants it, nothing more is written; TCP follows."""
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self._open = False
        await self._flush()

    async def nonsense(self) -> None:
        """A record that nobody has encrypted."""
        await asyncio.get_running_loop().sock_sendall(self.sock, b"\x17\x03\x03\x00\x20" + bytes(32))

    def take(self, data: bytes) -> None:
        self._in.write(data)
        try:
            if self._open:
                while more := self._tls.read():
                    self.octets += more
            else:
                self._tls.unwrap()
                self.seen.append("close_notify")
        except ssl.SSLWantReadError:
            return
        except ssl.SSLZeroReturnError:
            self.seen.append("close_notify")
        except ssl.SSLError as error:
            self.seen.append((error.reason or "").replace("_", " ").lower())
        else:
            if self._open:
                self.seen.append("close_notify")

    async def _flush(self) -> None:
        if self._out.pending:
            await asyncio.get_running_loop().sock_sendall(self.sock, self._out.read())


class Call(NamedTuple):
    world: System
    cast: Ensemble
    agreed: Agreed
    phone: Secured
    core: End

    async def byes(self) -> list[str]:
        """Both parties are told, each with the reason."""
        return list(await asyncio.gather(*(self._bye(phone) for phone in (self.cast.ue, self.cast.core))))

    async def _bye(self, phone: Phone) -> str:
        arrived = await phone.expect("BYE")
        phone.accept(arrived)
        return arrived.request.headers.get("Reason") or ""


@asynccontextmanager
async def secured(folder: Path, agw: dict[str, object] | None = None) -> AsyncIterator[Call]:
    """The phone has called and opened TLS; octets have passed."""
    async with system(alg=MOMENT, agw=agw or HURRY) as world, ends(world.place) as cast:
        await cast.register()
        before = world.held()
        with socket.create_server((world.place.core_host, 0)) as listener:
            listener.setblocking(False)
            address = TransportAddress(*listener.getsockname())
            answer = replace(cast.told("core", "passive"), address=address)
            agreed = await originate(cast, offer_of(cast), answer)
            loop = asyncio.get_running_loop()
            with socket.socket() as phone_socket:
                phone_socket.setblocking(False)
                await loop.sock_connect(phone_socket, agreed.seen_by_ue.address)
                phone = Secured(phone_socket, client(cast, folder))
                await phone.handshake()
                await phone.say(b"first words")
                core_socket, _ = await asyncio.wait_for(loop.sock_accept(listener), PATIENCE)
                with core_socket:
                    core = End(core_socket)
                    await until(lambda: not core.look() and core.octets == b"first words", PATIENCE)
                    yield Call(world, cast, agreed, phone, core)
        await world.returns_to(before)


def client(cast: Ensemble, folder: Path) -> ssl.SSLContext:
    """TLS of the phone with the certificate that its offer named."""
    file = folder / "phone.pem"
    file.write_bytes(cast.certificate.pem + cast.certificate.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(file)
    return context


async def phone_says_goodbye(call: Call) -> None:
    await call.phone.close_notify()
    call.phone.fin()
    assert await call.core.ended() == ["FIN"]
    call.core.fin()


async def phone_only_ends_tcp(call: Call) -> None:
    call.phone.fin()
    assert await call.core.ended() == ["FIN"]
    call.core.fin()


async def core_ends(call: Call) -> None:
    call.core.fin()
    assert (await call.phone.ended()) == ["close_notify", "FIN"]
    await call.phone.close_notify()
    call.phone.fin()


IN_ORDER: dict[str, Callable[[Call], Awaitable[None]]] = {
    "close_notify of the phone": phone_says_goodbye,
    "FIN of the phone": phone_only_ends_tcp,
    "FIN of the core": core_ends,
}


@pytest.mark.parametrize("stimulus", IN_ORDER.values(), ids=IN_ORDER)
async def test_an_end_in_order_is_passed_on_in_order(
    tmp_path: Path, stimulus: Callable[[Call], Awaitable[None]]
) -> None:
    async with secured(tmp_path) as call:
        await stimulus(call)
        for reason in await call.byes():
            assert reason == 'SIP;cause=500;text="the media was closed"'
        assert call.phone.look() == ["close_notify", "FIN"]
        assert call.core.look() == ["FIN"]
        (report,) = [report for report in call.world.reports() if report.type == "Cut"]
        assert report.cause == "closed"


async def phone_resets(call: Call) -> None:
    call.phone.rst()


async def core_resets(call: Call) -> None:
    call.core.rst()


async def phone_talks_nonsense(call: Call) -> None:
    await call.phone.nonsense()


class Failure(NamedTuple):
    stimulus: Callable[[Call], Awaitable[None]]
    at_phone: list[str]
    at_core: list[str]
    reason: str


FAILURES = {
    "RST of the phone": Failure(phone_resets, [], ["RST"], "reset by peer"),
    "RST of the core": Failure(core_resets, ["RST"], [], "reset by peer"),
    "a record that is none": Failure(
        phone_talks_nonsense, ["sslv3 alert bad record mac", "FIN"], ["RST"], ""
    ),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
async def test_a_failure_is_never_taken_for_an_end_in_order(tmp_path: Path, failure: Failure) -> None:
    async with secured(tmp_path) as call:
        await failure.stimulus(call)
        for reason in await call.byes():
            assert reason.startswith('SIP;cause=500;text="media lost: ')
            assert failure.reason in reason
        for end, seen in ((call.phone, failure.at_phone), (call.core, failure.at_core)):
            if seen:  # before the BYE came
                assert end.look() == seen


async def test_a_connection_that_nobody_uses_is_reset_on_both_sides(tmp_path: Path) -> None:
    async with secured(tmp_path, {"media": {"idle_limit": 0.4}}) as call:
        for reason in await call.byes():
            assert "nothing passed for too long" in reason
        assert (call.phone.look(), call.core.look()) == (["RST"], ["RST"])


@pytest.mark.parametrize("party", ["ue", "core"])
async def test_a_bye_closes_tls_then_tcp_on_both_legs(tmp_path: Path, party: str) -> None:
    async with secured(tmp_path) as call:
        by, dialog = (call.cast.ue, call.agreed.ue) if party == "ue" else (call.cast.core, call.agreed.core)
        other = call.cast.core if party == "ue" else call.cast.ue
        ending = asyncio.create_task(by.hang_up(dialog))
        other.accept(await other.expect("BYE"))
        await ending
        assert await call.phone.ended() == ["close_notify", "FIN"]
        assert await call.core.ended() == ["FIN"]
