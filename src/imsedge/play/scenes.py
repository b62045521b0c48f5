"""The calls of the flows, as the two built-in UEs live them.

``originating``: the UE calls the core (TR 29.828 clause 5.2.1.2.2); ``terminating``: the core calls the UE
(clause 5.2.1.2.3).  Whoever answers chooses: ``active`` opens TCP before the answer goes out, as the
figures draw it; ``passive`` waits.  With delayed establishment that early call is dropped, and its sender
answers without waiting for it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.core.ids import IdSource
from imsedge.core.trace import Tap
from imsedge.play import sessions
from imsedge.play.chat import Chat
from imsedge.play.media_end import MediaEnd
from imsedge.play.phone import Arrived, Dialog, Phone
from imsedge.play.secure_end import Identity
from imsedge.play.sessions import DISCARD_PORT, Told, own_path
from imsedge.play.variants import PLAIN, Variant
from imsedge.security.certificates import self_signed
from imsedge.security.fingerprint import Fingerprint
from imsedge.security.tls import Role

T = TypeVar("T")

DOMAIN = "home.test"
MECHANISM = "msrp-tls;mediasec"
UE_WORDS, CORE_WORDS = "Hello from the phone", "Good day from the core"


class Ensemble:
    """The two UEs and what they were told; lives for one flow."""

    def __init__(
        self,
        ids: IdSource,
        tap: Tap,
        hosts: tuple[str, str],
        proxies: tuple[TransportAddress, TransportAddress],
        keylog: Callable[[bytes], None] | None = None,
    ) -> None:
        self.ids, self.tap, self.hosts = ids, tap, hosts
        self.ue, self.core = Phone("alice", DOMAIN, ids), Phone("core", DOMAIN, ids)
        self.ue_proxy, self.core_proxy = proxies
        self.certificate = self_signed("ue", "alice")
        self.identity = Identity(self.certificate, keylog=keylog)
        self.ue_media = MediaEnd(hosts[0], tap, self.identity)
        self.core_media = MediaEnd(hosts[1], tap)
        self.ue_path = own_path(self.ue_media.local, ids.token(4), secure=True)
        self.core_path = own_path(self.core_media.local, ids.token(4), secure=False)
        self._tasks: list[asyncio.Task[Any]] = []
        self.heard: list[str] = []
        self.seen_by_ue: Told | None = None
        self.seen_by_core: Told | None = None
        self.passed: list[tuple[bytes, bytes]] = []  # descriptions of a call, as they left and as they came
        self.handshakes: Callable[[], int] | None = None  # that the gateway has begun, if anybody counts
        self.announced = ""
        self.aware = False  # both UEs compare whole MSRP URIs
        self.met: dict[str, list[tuple[str, str]]] = {}  # by UE: paths of the MSRP that came in
        self.wait_for: Callable[[str, str], Coroutine[None, None, None]] | None = None

    async def start(self, ue_host: str, next_hop: TransportAddress) -> None:
        """The core's telephone is where the controller sends what comes from UEs."""
        await self.core.start(next_hop)
        await self.ue.start(TransportAddress(ue_host, 0))

    def begin(self, doing: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Something that goes on beside the scene; what is left of it ends with the ensemble."""
        task = asyncio.create_task(doing)
        self._tasks.append(task)
        return task

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ue_media.close()
        await self.core_media.close()
        await self.ue.stop()
        await self.core.stop()

    async def register(self, mechanism: str = MECHANISM) -> tuple[str, tuple[str, ...]]:
        """The UE registers through the controller; what the core needs to call it: contact and path."""
        registering = self.begin(self.ue.register(self.ue_proxy, mechanism))
        arrived = await self.core.expect("REGISTER")
        contact = arrived.request.required("Contact")
        self.core.accept(arrived, ("Contact", f"{contact};expires=3600"))
        response = await registering
        self.announced = ", ".join(response.headers.all("Security-Server"))
        bare = arrived.request.contact
        return bare.uri if bare else self.ue.record, arrived.request.headers.all("Path")

    def told(self, side: str, setup: str) -> Told:
        """What a UE says of itself; an active end is called by nobody."""
        secure = side == "ue"
        media = self.ue_media if secure else self.core_media
        address = media.local if setup != "active" else media.local._replace(port=DISCARD_PORT)
        return Told(
            address=address,
            setup=setup,
            path=self.ue_path if secure else self.core_path,
            cema=not self.aware,
            secure=secure,
            fingerprints=(self.certificate.fingerprint(),) if secure else (),
        )

    async def reported(self) -> None:
        """The gateway's notification of the phone's side has crossed, if anybody watches."""
        if self.wait_for is not None:
            report = r"NOTIFY resp C=\d+ T=ip/(?!core)"
            await self.wait_for(report, "the gateway did not report the connection")

    async def converse(self, *, ue_active: bool) -> None:
        """One message each way, with its 200."""
        if self.seen_by_ue is None or self.seen_by_core is None:
            raise RuntimeError("nobody has answered yet")
        strict = self.aware
        ue = Chat(self.ue_media, self.ue_path[0], self.seen_by_ue.path, self.ids, strict=strict)
        core = Chat(self.core_media, self.core_path[0], self.seen_by_core.path, self.ids, strict=strict)
        self.met = {"ue": ue.met, "core": core.met}
        await (core if ue_active else ue).begin(active=False)
        await (ue if ue_active else core).begin(active=True)
        await ue.say(UE_WORDS)
        self.heard.append(await core.heard())
        await core.say(CORE_WORDS)
        self.heard.append(await ue.heard())
        await ue.end()
        await core.end()

    async def hang_up(self, dialog: Dialog) -> None:
        """The UE ends the call."""
        ending = self.begin(self.ue.hang_up(dialog))
        self.core.accept(await self.core.expect("BYE"))
        await ending


async def originating(cast: Ensemble, answer: str, variant: Variant = PLAIN) -> None:
    """Figure 5.2.1.2.2.1."""
    await cast.register()
    offer = sessions.write(replace(cast.told("ue", "actpass"), e2ae="requested"))
    calling = cast.begin(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
    invite = await unless_refused(cast.begin(cast.core.expect("INVITE")), calling)
    cast.seen_by_core = sessions.read(invite.request.body)
    core_active = answer == "active"
    called = cast.begin((cast.ue_media if core_active else cast.core_media).accept())
    if core_active:
        opening = await begin_to_connect(cast, cast.core_media, cast.seen_by_core.address)
        if not variant.delayed:
            await asyncio.gather(opening, called)
    cast.core.answer(invite, sessions.write(cast.told("core", answer)))
    response, dialog = await calling
    cast.seen_by_ue = sessions.read(response.body)
    await cast.core.expect("ACK")
    if not core_active:
        await cast.ue_media.connect(cast.seen_by_ue.address)
        await cast.ue_media.secure(Role.CLIENT, cast.seen_by_ue.fingerprints)
        await called
    else:
        await asyncio.gather(opening, called)
        await cast.ue_media.secure(Role.SERVER, cast.seen_by_ue.fingerprints)
    await cast.converse(ue_active=not core_active)
    await cast.hang_up(dialog)


async def terminating(cast: Ensemble, answer: str, variant: Variant = PLAIN) -> None:
    """Figure 5.2.1.2.3.1."""
    contact, path = await cast.register()
    offer = sessions.write(cast.told("core", "actpass"))
    calling = cast.begin(cast.core.invite(cast.core_proxy, contact, offer, path))
    invite = await unless_refused(cast.begin(cast.ue.expect("INVITE")), calling)
    seen = cast.seen_by_ue = sessions.read(invite.request.body)
    ue_active = answer == "active"
    called = cast.begin((cast.core_media if ue_active else cast.ue_media).accept())
    securing = None
    if ue_active:
        opening = await begin_to_connect(cast, cast.ue_media, seen.address)
        securing = cast.begin(secure_after(opening, cast.ue_media, Role.CLIENT, seen.fingerprints))
        if not variant.delayed:
            await called
    dialog = cast.ue.answer(invite, sessions.write(cast.told("ue", answer)))
    response, _ = await calling
    cast.seen_by_core = sessions.read(response.body)
    await cast.ue.expect("ACK")
    if not ue_active:
        await cast.core_media.connect(cast.seen_by_core.address)
        await called
        securing = cast.begin(cast.ue_media.secure(Role.SERVER, seen.fingerprints))
    if securing is not None:
        await securing
    await called
    await cast.converse(ue_active=ue_active)
    await cast.hang_up(dialog)


async def begin_to_connect(cast: Ensemble, end: MediaEnd, remote: TransportAddress) -> asyncio.Task[None]:
    """The SYN is out when this returns; the rest may take until the gateway lets it in."""
    opening = cast.begin(end.connect(remote))
    await asyncio.wait({opening, cast.begin(end.calling.wait())}, return_when=asyncio.FIRST_COMPLETED)
    return opening


async def secure_after(
    opening: asyncio.Task[None], end: MediaEnd, role: Role, fingerprints: tuple[Fingerprint, ...]
) -> None:
    """TLS as soon as TCP is up."""
    await opening
    await end.secure(role, fingerprints)


async def unless_refused(invite: asyncio.Task[Arrived], calling: asyncio.Task[Any]) -> Arrived:
    """The INVITE on the other side; ``PhoneError`` of the caller when the call ended before it came."""
    await asyncio.wait({invite, calling}, return_when=asyncio.FIRST_COMPLETED)
    if calling.done():
        calling.result()
    return await invite
