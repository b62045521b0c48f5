"""MSRP clients on paper, and a gateway on paper between them: do they find each other?

Clients differ in where they connect to and in what they take for theirs; everything else they do alike:

=========  =======================================  ==================================================
client     connects to                              takes a message for its own when
=========  =======================================  ==================================================
strict     the first URI of the peer's path         To-Path is its path and From-Path is its peer's
relayed    as strict                                as strict; its own path goes through a relay
sessmatch  the first URI of the peer's path         the session id is its own
cema       ``c=`` and ``m=`` if both have           as strict
           ``msrp-cema``, else as strict
=========  =======================================  ==================================================

A CEMA client refuses an offer without ``msrp-cema`` whose path does not fit ``c=`` and ``m=``, and offers
again without it when that happens to it in an answer (RFC 6714 clauses 4.2 and 4.3).
"""

from typing import NamedTuple

from imsedge.alg.policy import Policy
from imsedge.alg.procedures import (
    Ack,
    Configure,
    ReleaseTerminations,
    Reserve,
    Side,
    StreamAck,
    StreamRequest,
)
from imsedge.alg.session import MediaSession
from imsedge.alg.verdicts import Forward, Output, Perform, Refuse
from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds
from imsedge.core.msrp_uri import MsrpUri, read_msrp_path, write_msrp_uri
from imsedge.sdp.attributes import has_cema, read_address, read_path
from imsedge.sdp.parser import read_description
from imsedge.security.fingerprint import read_fingerprint
from kit.edge_talk import FINGERPRINT, sdp

RELAY = TransportAddress("192.0.2.77", 2855)
GATEWAY = {Side.ACCESS: "203.0.113.5", Side.CORE: "10.0.0.1"}
HOME = {
    Side.ACCESS: TransportAddress("198.51.100.7", 7654),
    Side.CORE: TransportAddress("10.9.9.9", 2855),
}
PRINT = read_fingerprint(FINGERPRINT)


class Seen(NamedTuple):
    """What a client has read about its peer."""

    address: TransportAddress
    path: tuple[MsrpUri, ...]
    cema: bool
    setup: str

    @property
    def fits(self) -> bool:
        """Whether ``c=`` and ``m=`` are those of the path (RFC 6714 clause 4.4)."""
        first = self.path[0]
        return self.address.port == 9 or (first.host, first.connect_port) == self.address


class Client:
    """``setup``: what it offers or answers, ``None``: it does not know ``a=setup``."""

    def __init__(self, kind: str, side: Side, setup: str | None, *, tls: bool) -> None:
        self.kind, self.side, self.setup, self.tls = kind, side, setup, tls
        self.cema = kind == "cema"
        home = HOME[side]
        own = write_msrp_uri(home.host, home.port, f"of-{side.value}", secure=tls)
        relay = (write_msrp_uri(RELAY.host, RELAY.port, "token", secure=tls),) if kind == "relayed" else ()
        self.path = (*relay, own)
        self.listens = RELAY if relay else home
        self.peer: Seen | None = None

    def write(self, setup: str | None) -> str:
        """An offer or answer with this ``a=setup``."""
        lines = [
            f"m=message {self.listens.port} {'TCP/TLS/MSRP' if self.tls else 'TCP/MSRP'} *",
            f"a=path:{' '.join(uri.text for uri in self.path)}",
            *([f"a=setup:{setup}"] if setup else []),
            *(["a=msrp-cema"] if self.cema else []),
            *([f"a=fingerprint:{FINGERPRINT}", "a=3ge2ae:requested"] if self.tls else []),
        ]
        return sdp(*lines, host=self.listens.host)

    def read(self, text: str) -> Seen:
        """An offer or answer of the peer."""
        description = read_description(text)
        (media,) = description.media
        address = read_address(description, media)
        assert address is not None
        self.peer = Seen(address, read_path(media), has_cema(media), media.attribute("setup") or "")
        return self.peer

    def answer(self, offer: str, setup: str) -> str | None:
        """``None``: it refuses."""
        seen = self.read(offer)
        if self.kind == "cema" and not seen.cema and not seen.fits:
            return None
        self.cema = self.kind == "cema" and seen.cema
        return self.write(setup)

    def is_lost(self) -> bool:
        """A CEMA offerer whose peer answered without, so that nobody can find the other."""
        return self.cema and self.peer is not None and not self.peer.cema and not self.peer.fits

    @property
    def target(self) -> TransportAddress:
        """Where it connects to."""
        assert self.peer is not None
        if self.cema and self.peer.cema:
            return self.peer.address
        first = self.peer.path[0]
        return TransportAddress(first.host, first.connect_port)

    def takes(self, to: str, from_: str) -> bool:
        """Whether a message with these paths is for its session."""
        if self.kind == "sessmatch":
            return bool(read_msrp_path(to)[-1].session == self.path[-1].session)
        assert self.peer is not None
        return [uri.identity for uri in read_msrp_path(to)] == [uri.identity for uri in self.path] and [
            uri.identity for uri in read_msrp_path(from_)
        ] == [uri.identity for uri in self.peer.path]


class PaperGateway:
    """Carries out procedures on paper.  ``streams``: all that was told about each stream on each side."""

    def __init__(self) -> None:
        self.streams: dict[tuple[int, Side], StreamRequest] = {}
        self._ports = iter(range(30_000, 40_000, 2))

    def perform(self, procedure: object) -> Ack:
        """The acknowledgement."""
        if not isinstance(procedure, Reserve | Configure):
            assert isinstance(procedure, ReleaseTerminations)
            return Ack(context=1)
        acks = tuple(self._stream(request, procedure.side) for request in procedure.streams)
        return Ack(context=1, termination=f"ip/{procedure.side.value}/1", streams=acks)

    def _stream(self, request: StreamRequest, side: Side) -> StreamAck:
        known = self.streams.get((request.stream, side))
        local = request.local or (known.local if known else None)
        local = local or TransportAddress(GATEWAY[side], next(self._ports))
        secure = "TLS" in (request.transport or "")
        path = request.local_path or (known.local_path if known else None)
        if request.path_request:
            path = write_msrp_uri(local.host, local.port, f"of-gateway-{side.value}", secure=secure).text
        told = (request, known) if known else (request,)
        remote = next((r.remote for r in told if r.remote), None)
        remote_path = next((r.remote_path for r in told if r.remote_path), None)
        self.streams[request.stream, side] = StreamRequest(
            stream=request.stream,
            transport=request.transport,
            local=local,
            local_path=path,
            remote=remote,
            remote_path=remote_path,
            tcp_mode=request.tcp_mode or (known.tcp_mode if known else None),
        )
        return StreamAck(stream=request.stream, local=local, fingerprint=PRINT, path=path)

    def carried(self, stream: int, side: Side, to: str, from_: str) -> tuple[str, str] | None:
        """Paths of a message of the party at ``side`` as the other one gets them; ``None``: dropped."""
        near, far = self.streams[stream, side], self.streams[stream, side.other]
        if near.local_path is None:
            return to, from_
        if to != near.local_path or from_ != near.remote_path:
            return None
        assert far.local_path is not None
        assert far.remote_path is not None
        return far.remote_path, far.local_path


class Meeting:
    """Two clients, a controller's media session and a gateway on paper."""

    def __init__(self, policy: Policy, offerer: Client, answerer: Client) -> None:
        self.session = MediaSession(policy, CountingIds())
        self.gateway = PaperGateway()
        self.offerer, self.answerer = offerer, answerer
        self.orders = 0

    def outcome(self) -> str:
        """``aware`` or ``agnostic`` when messages reach both, ``direct`` past the gateway; else why not."""
        verdict = self._exchange()
        if verdict is None and self.offerer.is_lost():
            self.offerer.cema = False
            verdict = self._exchange()
        if verdict is not None:
            return verdict
        if not self.session.lines:
            return "direct" if self._direct() else "broken"
        (line,) = self.session.lines.values()
        reached = all(self._reaches(line.stream, *pair) for pair in self._directions())
        return ("aware" if line.is_aware else "agnostic") if reached else "broken"

    def _exchange(self) -> str | None:
        """One offer and its answer; why it failed, if it did."""
        secured = self.offerer.tls or self.answerer.tls
        announced = frozenset({"msrp-tls"} if secured else ())
        side = self.offerer.side
        offer = self._run(self.session.offer(side, self.offerer.write(self.offerer.setup), announced))
        if offer is None:
            return "refused"
        text = self.answerer.answer(offer, self._answered_setup())
        if text is None:
            return "declined"
        answer = self._run(self.session.answer(text, dialog="b1"))
        if answer is None:
            return "refused"
        self.offerer.read(answer)
        return None

    def _answered_setup(self) -> str:
        offered = self.offerer.setup or "active"
        return {"active": "passive", "passive": "active"}.get(offered, self.answerer.setup or "passive")

    def _run(self, outputs: list[Output]) -> str | None:
        while True:
            performs = [output for output in outputs if isinstance(output, Perform)]
            for perform in performs:
                self.orders += 1
                ack = self.gateway.perform(perform.procedure)
                if perform.awaited:
                    outputs = self.session.performed(ack)
            if not any(perform.awaited for perform in performs):
                verdict = outputs[-1]
                assert isinstance(verdict, Forward | Refuse)
                return verdict.text if isinstance(verdict, Forward) else None

    def _directions(self) -> tuple[tuple[Client, Client], ...]:
        return (self.offerer, self.answerer), (self.answerer, self.offerer)

    def _reaches(self, stream: int, sender: Client, receiver: Client) -> bool:
        """Whether ``sender`` finds the gateway or is found by it, and its message finds ``receiver``."""
        here = self.gateway.streams[stream, sender.side]
        found = here.remote == sender.listens if self._waits(sender) else here.local == sender.target
        assert sender.peer is not None
        to, from_ = (" ".join(uri.text for uri in path) for path in (sender.peer.path, sender.path))
        carried = self.gateway.carried(stream, sender.side, to, from_)
        return found and carried is not None and receiver.takes(*carried)

    def _waits(self, client: Client) -> bool:
        answered = self._answered_setup()
        return answered == ("active" if client is self.offerer else "passive")

    def _direct(self) -> bool:
        return all(
            (self._waits(a) or a.target == b.listens)
            and b.takes(" ".join(u.text for u in a.peer.path), " ".join(u.text for u in a.path))  # type: ignore[union-attr]
            for a, b in self._directions()
        )
