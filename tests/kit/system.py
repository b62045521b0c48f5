"""The two daemons, whole, on a loopback network of their own, and what an onlooker can see of them.

async with system(agw={"media": {"handshake_limit": 0.5}}) as world:
    async with ends(world) as cast:
        agreed = await originate(cast, offer, answer)
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

from msgspec.structs import replace

from imsedge.core.address import TransportAddress, read_transport_address
from imsedge.core.ids import IdSource, RandomIds
from imsedge.core.trace import Kind, Tap
from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.alg import AlgDaemon
from imsedge.daemon.service import running
from imsedge.daemon.settings import AgwSettings, AlgSettings, DaemonSettings
from imsedge.h248.codec import decode
from imsedge.h248.model import CommandRequest, ErrorDescriptor, Message, TransactionRequest, Verb
from imsedge.play import sessions
from imsedge.play.phone import Dialog, Phone
from imsedge.play.place import OwnPlace, Place, own_place, place_of
from imsedge.play.scenes import Ensemble
from imsedge.play.sessions import Told
from imsedge.play.stage import Stage
from imsedge.security.fingerprint import Fingerprint
from imsedge.sip.message import SipMessage, SipResponse
from imsedge.sip.parser import read_message
from kit.daemons import until
from kit.procfs import descriptors, held_in, watched

Tables = Mapping[str, Any]
S = TypeVar("S", bound=DaemonSettings)

# One TLS hello or message of a flow takes milliseconds; a machine that is busy with other tests, seconds.
PATIENCE = 15.0


class Report(NamedTuple):
    """One event that a Notify brought to the controller."""

    termination: str
    event: str
    type: str
    cause: str


class System:
    """Both daemons in this process; the stage saw all that the controller sent and received."""

    def __init__(self, own: OwnPlace, stage: Stage, alg: AlgDaemon, agw: AgwDaemon) -> None:
        self.place: Place = own.place
        self.own, self.stage, self.alg, self.agw = own, stage, alg, agw

    # --- what crossed ----------------------------------------------------------------------------------

    def sip(self, source: TransportAddress | None = None) -> list[SipMessage]:
        """SIP messages, in order; those that ``source`` sent, when given."""
        return [
            read_message(crossing.data)
            for crossing in self.stage.crossings
            if crossing.kind is Kind.SIP and source in (None, crossing.source)
        ]

    def refusals(self) -> list[tuple[int, str]]:
        """Status and Warning of the final responses of ours to INVITEs that say no."""
        ours = [*self.sip(self.place.sip_access), *self.sip(self.place.sip_core)]
        return [
            (message.status, ", ".join(message.headers.all("Warning")))
            for message in ours
            if isinstance(message, SipResponse) and message.status >= 300 and message.cseq.method == "INVITE"
        ]

    def h248(self, destination: TransportAddress) -> list[Message]:
        """H.248 messages to ``destination``, in order."""
        crossings = self.stage.crossings
        return [decode(c.data) for c in crossings if c.kind is Kind.H248 and c.destination == destination]

    def reports(self) -> list[Report]:
        """Every bearer event that the gateway has notified."""
        heard = self.h248(self.own.alg.h248.listen)
        return [report for message in heard for report in _reports(message)]

    # --- what is held ----------------------------------------------------------------------------------

    def held(self) -> dict[str, object]:
        """All that a call takes, by kind: equal before and after, or something has leaked."""
        load = self.agw.gateway.load()
        return {
            "calls": self.calls,
            "contexts": load.contexts,
            "terminations": load.terminations,
            "endpoints": load.endpoints,
            "executions": load.executions,
            "media sockets": [str(row.local) for row in self.media_sockets()],
            "descriptors of the workers": [descriptors(pid) for pid in self.workers],
        }

    @property
    def calls(self) -> int:
        """Calls that the controller holds."""
        return int(self.alg._held().calls)

    @property
    def workers(self) -> tuple[int, ...]:
        """Process numbers of the media plane."""
        return self.agw._pool.pids

    @property
    def is_ready(self) -> bool:
        """The workers wait for orders: they have looked round, and opened all that they keep open."""
        return bool(self.workers) and all(watched(pid) for pid in self.workers)

    def media_sockets(self) -> list[Any]:
        """Sockets on the addresses of the two realms."""
        return held_in(self.own.agw.realms.addresses)

    def local_of(self, realm: str) -> TransportAddress:
        """Where the gateway listens in this realm for the only call that there is."""
        (context,) = self.agw.gateway.contexts()
        (local,) = [t.streams[0].local for t in context.terminations if t.realm == realm]
        assert local is not None
        return read_transport_address(local)

    async def returns_to(self, before: dict[str, object]) -> None:
        """Wait until everything is held that was held then, and nothing else."""
        try:
            await until(lambda: self.held() == before, PATIENCE)
        except AssertionError:
            assert self.held() == before, f"{self.held()} instead of {before}"
            raise


def _reports(message: Message) -> list[Report]:
    if isinstance(message.body, ErrorDescriptor):
        return []
    commands = [
        command
        for transaction in message.body
        if isinstance(transaction, TransactionRequest)
        for action in transaction.actions
        for command in action.commands
        if command.verb is Verb.NOTIFY
    ]
    return [report for command in commands for report in _events(command)]


def _events(command: CommandRequest) -> list[Report]:
    events = command.observed.events if command.observed else ()
    found = []
    for event in events:
        values = {p.name.lower(): p.values[0].strip('"') for p in event.parameters if p.values}
        found.append(
            Report(command.terminations[0], event.name, values.get("type", ""), values.get("cause", ""))
        )
    return found


# --- making them -------------------------------------------------------------------------------------------


def changed(settings: S, tables: Tables) -> S:
    """The same settings with some values replaced, checked like those of a file."""
    return type(settings).model_validate(_merged(settings.model_dump(mode="json"), tables))


def own_world(alg: Tables | None = None, agw: Tables | None = None) -> OwnPlace:
    """A network of its own with these settings changed; status endpoints on it."""
    own = own_place(RandomIds())
    status = {"status": {"listen": f"{own.alg.h248.listen.host}:8244"}}
    changed_alg = changed(changed(own.alg, status), alg or {})
    status = {"status": {"listen": f"{own.agw.h248.listen.host}:8246"}}
    changed_agw = changed(changed(own.agw, status), agw or {})
    place = place_of(changed_alg, changed_agw, own.place.ue_host, own.place.core_host)
    return OwnPlace(place, changed_alg, changed_agw)


@asynccontextmanager
async def system(alg: Tables | None = None, agw: Tables | None = None) -> AsyncIterator[System]:
    """Both daemons, the gateway registered."""
    own = own_world(alg, agw)
    stage = Stage(own.place.cast)
    controller, gateway = AlgDaemon(own.alg, tap=stage), AgwDaemon(own.agw)
    async with running([controller, gateway]):
        world = System(own, stage, controller, gateway)
        await until(lambda: gateway_count(controller) == 1 and world.is_ready, PATIENCE)
        yield world


def gateway_count(alg: AlgDaemon) -> int:
    """Gateways that the controller may use."""
    return int(alg._held().gateways)


def environment(settings: AgwSettings | AlgSettings) -> dict[str, str]:
    """The same settings as environment variables, for a daemon in a process of its own."""
    prefix = type(settings).model_config["env_prefix"]
    return {prefix + name: value for name, value in _flat(settings.model_dump(mode="json"))}


def _flat(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            rows += [(f"{name}__{inner}", text) for inner, text in _flat(value)]
        elif isinstance(value, list):
            rows.append((name, ",".join(map(str, value))))
        else:
            rows.append((name, "none" if value is None else json.dumps(value).strip('"')))
    return [(name.upper(), text) for name, text in rows]


def _merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(table)
    for name, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(result.get(name), Mapping)
        result[name] = _merged(result[name], value) if nested else value
    return result


# --- a phone and a core ------------------------------------------------------------------------------------


class Agreed(NamedTuple):
    """A call that was answered: what each side was told, and its dialog."""

    ue: Dialog
    core: Dialog
    seen_by_ue: Told
    seen_by_core: Told


def _ignore(_crossing: object) -> None:
    """Media of the built-in UEs is not looked at."""


@asynccontextmanager
async def ends(place: Place, ids: IdSource | None = None, tap: Tap = _ignore) -> AsyncIterator[Ensemble]:
    """A phone that is registered, and a core; what they say and do is up to the test."""
    proxies = (place.sip_access, place.sip_core)
    cast = Ensemble(ids or RandomIds(), tap, (place.ue_host, place.core_host), proxies)
    try:
        await cast.start(place.ue_host, place.next_hop)
        yield cast
    finally:
        await cast.stop()


def offer_of(cast: Ensemble, *fingerprints: Fingerprint, address: TransportAddress | None = None) -> Told:
    """What a phone offers that asks for e2ae security; ``fingerprints`` of a TLS that is not the built-in."""
    told = replace(cast.told("ue", "actpass"), e2ae="requested")
    if fingerprints:
        told = replace(told, fingerprints=fingerprints)
    return replace(told, address=address) if address else told


async def originate(cast: Ensemble, offer: Told, answer: Told) -> Agreed:
    """The phone calls, the core answers."""
    calling = asyncio.create_task(cast.ue.invite(cast.ue_proxy, cast.core.record, sessions.write(offer)))
    invite = await cast.core.expect("INVITE")
    seen_by_core = sessions.read(invite.request.body)
    core = cast.core.answer(invite, sessions.write(answer))
    response, ue = await calling
    await cast.core.expect("ACK")
    return Agreed(ue, core, sessions.read(response.body), seen_by_core)


async def terminate(cast: Ensemble, way: tuple[str, tuple[str, ...]], offer: Told, answer: Told) -> Agreed:
    """The core calls over the ``way`` that the registration left, the phone answers."""
    contact, path = way
    calling = asyncio.create_task(cast.core.invite(cast.core_proxy, contact, sessions.write(offer), path))
    invite = await cast.ue.expect("INVITE")
    seen_by_ue = sessions.read(invite.request.body)
    ue = cast.ue.answer(invite, sessions.write(answer))
    response, core = await calling
    await cast.ue.expect("ACK")
    return Agreed(ue, core, seen_by_ue, sessions.read(response.body))


async def both_hang_up(cast: Ensemble) -> None:
    """The controller ends the call from the middle: each side gets a BYE."""
    for phone in (cast.core, cast.ue):
        phone.accept(await phone.expect("BYE"))


async def take_leave(phone: Phone, methods: set[str]) -> None:
    """Just these requests come, in any order: a BYE may overtake the ACK of the other side."""
    due = set(methods)
    while due:
        arrived = await asyncio.wait_for(phone._requests.get(), PATIENCE)
        due.remove(arrived.request.method)
        if arrived.key is not None:
            phone.accept(arrived)


class Sink(asyncio.Protocol):
    """A listener of the core that writes down whatever comes."""

    def __init__(self) -> None:
        self.octets = bytearray()
        self.connections = 0
        self.ended = 0
        self.writer: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.connections += 1
        self.writer = transport

    def data_received(self, data: bytes) -> None:
        self.octets += data

    def connection_lost(self, _exc: Exception | None) -> None:
        self.ended += 1


@asynccontextmanager
async def listening(host: str) -> AsyncIterator[tuple[Sink, TransportAddress]]:
    """A sink on any port of ``host``."""
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: sink, host, 0)
    try:
        yield sink, TransportAddress(*server.sockets[0].getsockname()[:2])
    finally:
        server.close()
        if sink.writer is not None:
            sink.writer.abort()
        await asyncio.sleep(0)
