"""One side of H.248 for manual tests: sends the requests of a file one after the other and says yes to all.

    lines = run(Exchange(messages, to=address))      # as the controller of a gateway at ``to``
    ...         Exchange(messages, listen=address)   # as a controller that waits for a registration
    ...         Exchange(messages, to=address, as_gateway=True)   # registers first

Transaction ids are our own, at most once as ever.  In a request ``%CTX%`` stands for the context of the last
reply that had one, ``%T1%``, ``%T2%`` ... for the terminations that were added so far.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.errors import ImsedgeError, RemoteError, SettingError
from imsedge.core.ids import IdSource, RandomIds
from imsedge.core.machine import Tick
from imsedge.core.trace import Crossing
from imsedge.h248.association import Disconnect, TransportLost
from imsedge.h248.association.service_change import read_change, write_change
from imsedge.h248.binary.context import Context
from imsedge.h248.codec import DEFAULT_BINARY, Encoding, decode, encode
from imsedge.h248.mistakes import mistakes
from imsedge.h248.model import (
    ALL_CONTEXTS,
    CHOOSE,
    CHOOSE_CONTEXT,
    NULL_CONTEXT,
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    IpMid,
    Mid,
    ServiceChange,
    ServiceChangeMethod,
    ServiceChangeResult,
    TransactionRequest,
    Verb,
)
from imsedge.h248.transactions import (
    Abandon,
    ReplyArrived,
    RequestArrived,
    RequestFailed,
    Result,
    SendReply,
    SendRequest,
    TransactionInput,
    TransactionOutput,
    Transactions,
    TransactionSettings,
)
from imsedge.net.h248 import H248Endpoint
from imsedge.net.sctp import SctpTransport
from imsedge.net.tpkt import TpktTransport
from imsedge.net.transport import Transport
from imsedge.net.udp import UdpTransport

_CONNECTED = {"tcp": TpktTransport, "sctp": SctpTransport}
_ANYWHERE = {4: "0.0.0.0", 6: "::"}  # noqa: S104 - the user names the peer, the kernel the way to it
_NO_CONTEXTS = frozenset({NULL_CONTEXT, CHOOSE_CONTEXT, ALL_CONTEXTS})
_MARK = re.compile(rb"%(CTX|T(\d{1,4}))%")


class Exchange(NamedTuple):
    """What to do.  ``messages``: octets of any encoding; ``patience``: seconds for each answer.

    ``binary``: the peer's names and numbers; the messages here are in ours.
    """

    messages: tuple[bytes, ...]
    to: TransportAddress | None = None
    listen: TransportAddress | None = None
    as_gateway: bool = False
    transport: str = "udp"
    encoding: Encoding = Encoding.PRETTY
    patience: float = 5.0
    binary: Context = DEFAULT_BINARY
    mid: Mid | None = None
    linger: float = 0.0  # seconds to go on answering requests at the end


def run(exchange: Exchange, say: Callable[[str], None], ids: IdSource | None = None) -> bool:
    """Whether every request got a reply without an error; ``say`` gets what crossed, as H.248 text."""
    return asyncio.run(_run(exchange, say, ids or RandomIds()))


def faults(data: bytes) -> list[RemoteError]:
    """What cannot be sent of a message, marks aside, with the places where it stands."""
    try:
        return list(mistakes(decode(_MARK.sub(_placeholder, data))))
    except RemoteError as error:
        return [error]


def _placeholder(mark: re.Match[bytes]) -> bytes:
    """Something legal that is as long."""
    return (b"1" if mark[1] == b"CTX" else b"t") * len(mark[0])


async def _run(exchange: Exchange, say: Callable[[str], None], ids: IdSource) -> bool:
    transport = await _open(exchange)
    talk = _Talk(exchange, transport, say, ids)
    try:
        return await talk.run()
    finally:
        talk.close()
        await asyncio.sleep(0)  # let the transport close


async def _open(exchange: Exchange) -> Transport:
    local = exchange.listen or (exchange.to and TransportAddress(_source(exchange.to), 0))
    if local is None:
        raise SettingError("name the peer with --to, or with --listen where gateways register")
    try:
        if exchange.transport == "udp":
            return await UdpTransport.open(local)
        kind = _CONNECTED[exchange.transport]
        return kind.connector(local) if exchange.to is not None else await kind.listen(local)
    except OSError as error:
        raise SettingError(f"{local} cannot be used: {error.strerror}") from None


def _source(to: TransportAddress) -> str:
    """Loopback peers are called from loopback, which also makes a good message identifier."""
    if to.host.startswith("127.") or to.host == "::1":
        return to.host
    return _ANYWHERE[6 if ":" in to.host else 4]


class _Machine:
    """Transactions without supervision: a peer that is lost ends what waits for it."""

    def __init__(self, transactions: Transactions) -> None:
        self._inner = transactions

    @property
    def deadline(self) -> float:
        return self._inner.deadline

    def handle(
        self, event: TransactionInput | TransportLost | Tick, now: float
    ) -> list[TransactionOutput | Disconnect]:
        if isinstance(event, TransportLost):
            event = Abandon(event.peer)
        return list(self._inner.handle(event, now))


class _Talk:
    def __init__(
        self, exchange: Exchange, transport: Transport, say: Callable[[str], None], ids: IdSource
    ) -> None:
        self._exchange = exchange
        self._say = say
        settings = TransactionSettings(
            mid=exchange.mid or IpMid(transport.local.host, transport.local.port or None),
            encoding=exchange.encoding,
            binary=exchange.binary,
            reliable=transport.reliable,
            t_max=exchange.patience,
        )
        self._endpoint: H248Endpoint[TransactionInput, TransactionOutput] = H248Endpoint(
            _Machine(Transactions(settings, ids)), transport, self._on_output, self._tap
        )
        self._peer: asyncio.Future[TransportAddress] = asyncio.get_running_loop().create_future()
        self._outcome: asyncio.Queue[ReplyArrived | RequestFailed] = asyncio.Queue()
        self._answers = 0
        self._marks: dict[bytes, str] = {}
        self._added = 0
        if exchange.to is not None:
            self._peer.set_result(exchange.to)

    def close(self) -> None:
        self._endpoint.close()

    async def run(self) -> bool:
        if not self._peer.done():
            self._say("; waiting for a gateway to register; one that has done so is reached with --to\n")
        peer = await self._peer
        good = not self._exchange.as_gateway or await self._request(peer, 1, _REGISTRATION)
        for data in self._exchange.messages if good else ():
            for version, actions in self._requests(data):
                good = await self._request(peer, version, actions) and good
        if self._exchange.linger:
            await asyncio.sleep(self._exchange.linger)
        return good

    def _requests(self, data: bytes) -> Iterator[tuple[int, tuple[ActionRequest, ...]]]:
        message = decode(_MARK.sub(self._filled, data))
        for mistake in mistakes(message):
            raise mistake
        for transaction in message.body if isinstance(message.body, tuple) else ():
            if isinstance(transaction, TransactionRequest):
                yield message.version, transaction.actions

    def _filled(self, mark: re.Match[bytes]) -> bytes:
        if mark[1] not in self._marks:
            raise SettingError(f"%{mark[1].decode()}% is used before a reply has told what it is")
        return self._marks[mark[1]].encode()

    async def _request(
        self, peer: TransportAddress, version: int, actions: tuple[ActionRequest, ...]
    ) -> bool:
        self._endpoint.feed(SendRequest(actions, peer, version=version, patience=self._exchange.patience))
        outcome = await self._outcome.get()
        if isinstance(outcome, RequestFailed):
            self._say(f"; no reply: {outcome.reason.value}\n")
            return False
        self._learn(outcome.result)
        return not _has_error(outcome.result)

    def _learn(self, result: Result) -> None:
        for action in result if isinstance(result, tuple) else ():
            if action.context not in _NO_CONTEXTS:
                self._marks[b"CTX"] = str(action.context)
            for reply in action.replies:
                added = reply.verb is Verb.ADD and reply.error is None
                for termination in reply.terminations if added else ():
                    self._added += 1
                    self._marks[b"T%d" % self._added] = termination

    # --- what the peer says ------------------------------------------------------------------------------

    def _on_output(self, output: TransactionOutput) -> None:
        match output:
            case ReplyArrived() | RequestFailed():
                self._outcome.put_nowait(output)
            case RequestArrived():
                self._endpoint.feed(SendReply(output.handle, self._agreed(output.request)))
                if read_change(output.request.actions) is not None and not self._peer.done():
                    self._peer.set_result(output.peer)

    def _agreed(self, request: TransactionRequest) -> tuple[ActionReply, ...]:
        return tuple(self._agreed_action(action) for action in request.actions)

    def _agreed_action(self, action: ActionRequest) -> ActionReply:
        self._answers += 1
        context = self._answers if action.context == CHOOSE_CONTEXT else action.context
        return ActionReply(context, tuple(map(self._agreed_command, action.commands)))

    def _agreed_command(self, command: CommandRequest) -> CommandReply:
        self._answers += 1
        names = tuple(
            f"ip/access/{self._answers}" if name.split("/")[-1] == CHOOSE else name
            for name in command.terminations
        )
        change = command.service_change
        result = ServiceChangeResult(version=change.version, profile=change.profile) if change else None
        return CommandReply(command.verb, names, service_change=result)

    def _tap(self, crossing: Crossing) -> None:
        """What crosses, repeats and all, as text that ``h248 decode`` reads again."""
        try:
            message = decode(crossing.data, binary=self._exchange.binary)
            shown = encode(message, Encoding.PRETTY).decode("utf-8", "replace").rstrip()
        except ImsedgeError as error:
            shown = f"; {len(crossing.data)} octets that are no message: {error}"
        self._say(f"; from {crossing.source} to {crossing.destination}\n{shown}\n---\n")


_REGISTRATION = write_change(ServiceChange(ServiceChangeMethod.RESTART, "901 Cold Boot", version=3))


def _has_error(result: Result) -> bool:
    if isinstance(result, ErrorDescriptor):
        return True
    return any(
        action.error is not None or any(reply.error is not None for reply in action.replies)
        for action in result
    )
