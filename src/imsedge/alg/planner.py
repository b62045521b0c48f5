"""Stage-2 procedures to H.248 and back (TS 23.334 clause 8 onto TS 29.334 clause 5.17).

Each procedure is one action with one command.  What the contribution's figures write at an arrow is what
stands in the command, nothing more:

====================================  ============  ====================================================
procedure                             H.248         content
====================================  ============  ====================================================
Reserve AGW Connection Point          Add = $       Local with ``$`` for address, port and fingerprint
Reserve And Configure ...             Add = $       the same, and Remote with the UE's fingerprint
Configure AGW Connection Point        Modify        Remote and source filter, or Local setup and EstBNC
Release AGW Termination               Subtract = *  all terminations of the context
====================================  ============  ====================================================

Streams always carry their number, so that one stream and several look alike.  Events are armed for the whole
termination: a stream that is added later is watched too.
"""

from collections.abc import Callable
from types import ModuleType

from msgspec import Struct, field

from imsedge.alg.procedures import (
    Ack,
    Configure,
    Latch,
    Procedure,
    Rejected,
    ReleaseTerminations,
    Reserve,
    Side,
    StreamAck,
    StreamMode,
    StreamRequest,
    Traffic,
)
from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.h248 import model
from imsedge.h248.model import (
    ALL,
    ALL_CONTEXTS,
    CHOOSE,
    CHOOSE_CONTEXT,
    ActionReply,
    ActionRequest,
    AmmDescriptor,
    Audit,
    CommandRequest,
    ErrorDescriptor,
    Events,
    LocalControl,
    Media,
    Parameter,
    RequestedEvent,
    Signal,
    Signals,
    Stream,
    Verb,
)
from imsedge.h248.packages import adid, ds, gm, hangterm, ipdc, ipnapt, tcpbcc, tlsbsc, tman
from imsedge.sdp.attributes import read_address, read_fingerprints, read_path
from imsedge.sdp.offer_answer import DISCARD_PORT
from imsedge.sdp.parser import read_descriptions

Result = tuple[ActionReply, ...] | ErrorDescriptor | None
"""What became of a transaction: replies, one error for all of it, or no answer at all."""

_MODES = {
    StreamMode.BOTH: model.StreamMode.SEND_RECEIVE,
    StreamMode.INACTIVE: model.StreamMode.INACTIVE,
}


# What is not a medium's own business has no medium in H.248; MSRP that is rewritten has.
_AWARE = frozenset({"TCP/MSRP", "TCP/TLS/MSRP"})

_FAMILIES = {False: "IP4", True: "IP6"}

_LATCHES = {Latch.FIRST: "LATCH", Latch.AGAIN: "RELATCH"}


class PlannerSettings(Struct, frozen=True, kw_only=True):
    """``realms``: each side's IP realm (H.248.41).  ``families``: address type, unless a peer tells."""

    realms: dict[Side, str] = field(default_factory=lambda: {side: side.value for side in Side})
    families: dict[Side, str] = field(default_factory=lambda: dict.fromkeys(Side, "IP4"))


DEFAULT_SETTINGS = PlannerSettings()


# --- procedure -> H.248 ----------------------------------------------------------------------------------


def plan(
    procedure: Procedure, request_id: int, settings: PlannerSettings = DEFAULT_SETTINGS
) -> ActionRequest:
    """The H.248 action for one procedure; ``request_id`` names its Events descriptor, if it has one."""
    if isinstance(procedure, ReleaseTerminations):
        return subtract_all(procedure.context)
    requests = procedure.streams
    streams = tuple(_stream(request, procedure, settings) for request in requests)
    descriptors: list[AmmDescriptor] = [Media(streams)]
    if events := _events(procedure):
        descriptors.append(Events(request_id, events))
    if signals := _signals(requests):
        descriptors.append(Signals(signals))
    if isinstance(procedure, Configure):
        command = CommandRequest(Verb.MODIFY, (procedure.termination,), descriptors=tuple(descriptors))
        return ActionRequest(procedure.context, (command,))
    command = CommandRequest(Verb.ADD, (CHOOSE,), descriptors=tuple(descriptors))
    return ActionRequest(CHOOSE_CONTEXT if procedure.context is None else procedure.context, (command,))


def subtract_all(context: int = ALL_CONTEXTS) -> ActionRequest:
    """Release every termination of a context, or of all; statistics are not asked for."""
    return ActionRequest(context, (CommandRequest(Verb.SUBTRACT, (ALL,), audit=Audit()),))


def _stream(request: StreamRequest, procedure: Reserve | Configure, settings: PlannerSettings) -> Stream:
    if request.release:
        return Stream(request.stream, LocalControl(model.StreamMode.INACTIVE), local="", remote="")
    side = procedure.side
    realm = settings.realms[side] if isinstance(procedure, Reserve) or request.local_address_request else None
    return Stream(
        request.stream,
        _control(request, realm),
        local=_local(request, settings.families[side]),
        remote=_remote(request),
    )


def _control(request: StreamRequest, realm: str | None) -> LocalControl | None:
    """One row an information element; the elements that are absent leave nothing."""
    rows: tuple[tuple[object, Callable[[], Parameter]], ...] = (
        (realm, lambda: ipdc.REALM.write(realm or "")),
        (request.tcp_mode, lambda: tcpbcc.MODE.write(request.tcp_mode.value if request.tcp_mode else "")),
        (
            request.discard_incoming is not None or request.hold_syn_ack,
            lambda: tcpbcc.INCOMING.write(_incoming(request)),
        ),
    )
    properties = [write() for present, write in rows if present]
    properties += _traffic(request.traffic) if request.traffic else []
    if request.only_from_remote is not None:
        properties += _source_filter(request)
    mode = _MODES[request.through_connection] if request.through_connection else None
    return LocalControl(mode, properties=tuple(properties)) if mode or properties else None


def _incoming(request: StreamRequest) -> str:
    if request.discard_incoming:
        return "discard"
    return "hold" if request.hold_syn_ack else "accept"


def _source_filter(request: StreamRequest) -> list[Parameter]:
    """Accept from the remote transport address only; of a party with port 9 nobody knows from which port."""
    remote = request.remote
    if not request.only_from_remote or remote is None:
        return [gm.SAF.write(False), gm.SPF.write(False)]
    address = [gm.SAF.write(True), gm.SAM.write(f"[{remote.host}]")]
    if remote.port == DISCARD_PORT:
        return address
    return [*address, gm.SPF.write(True), gm.SPR.write(remote.port)]


def _traffic(traffic: Traffic) -> list[Parameter]:
    """DiffServ marking (H.248.52: the octet, code point in its upper bits) and policing (H.248.53)."""
    rates = ((tman.PDR, traffic.peak_rate), (tman.SDR, traffic.sustained_rate), (tman.MBS, traffic.burst))
    policed = [key.write(value) for key, value in rates if value is not None]
    marked = [ds.DSCP.write(bytes((traffic.dscp << 2,)))] if traffic.dscp is not None else []
    return [*marked, *policed, *([tman.POL.write(True)] if policed else [])]


def _local(request: StreamRequest, family: str) -> str | None:
    if not request.local_address_request and request.local is None:
        return None
    if request.local is not None:
        family, host, port = _family(request.local), request.local.host, str(request.local.port)
    else:
        host = port = CHOOSE
        known = request.remote.is_ipv6 if request.remote else request.ipv6
        family = family if known is None else _FAMILIES[known]
    attributes = [f"setup:{request.setup}"] if request.setup else []
    if request.fingerprint_request:
        attributes.append(f"fingerprint:sha-256 {CHOOSE}")
    if request.path_request or request.local_path:
        attributes.append(f"path:{request.local_path or CHOOSE}")
    return _sdp(family, host, port, request.transport, attributes)


def _remote(request: StreamRequest) -> str | None:
    if request.remote is None:
        return None
    attributes = [f"fingerprint:{fingerprint}" for fingerprint in request.remote_fingerprints or ()]
    attributes += [f"path:{request.remote_path}"] if request.remote_path else []
    remote = request.remote
    return _sdp(_family(remote), remote.host, str(remote.port), request.transport, attributes)


def _sdp(family: str, host: str, port: str, transport: str | None, attributes: list[str]) -> str:
    kind, format_ = ("message", "*") if transport in _AWARE else ("-", "-")
    media = f"m={kind} {port} {transport} {format_}"
    lines = ["v=0", f"c=IN {family} {host}", media, *(f"a={a}" for a in attributes)]
    return "".join(f"{line}\r\n" for line in lines)


def _family(address: TransportAddress) -> str:
    return _FAMILIES[address.is_ipv6]


def _events(procedure: Reserve | Configure) -> tuple[RequestedEvent, ...]:
    """An Events descriptor replaces the one before: what is armed is always armed whole."""
    streams = procedure.streams
    established = any(stream.notify_tcp_established for stream in streams)
    tcp = established or any(stream.notify_tcp_failure for stream in streams)
    tls = any(stream.notify_tls_failure for stream in streams)
    found: list[RequestedEvent] = []
    if (tcp or tls) and procedure.heartbeat:
        timer = hangterm.TIMER_X.write(procedure.heartbeat)
        found.append(RequestedEvent(hangterm.HEARTBEAT.name, parameters=(timer,)))
    # Both legs end together, so one side is enough for an end in order.
    ends = ("Mfail", "Cut") if procedure.side is Side.ACCESS else ("Mfail",)
    if tcp:
        found.append(_change(tcpbcc, ("Est", *ends) if established else ends))
    if tls:
        found.append(_change(tlsbsc, ("Mfail",) if tcp else ends))
    if quiet := max((stream.inactivity for stream in streams), default=0):
        limits = (adid.DURATION.write(quiet), adid.DIRECTION.write("BOTH"))
        found.append(RequestedEvent(adid.STOPPED.name, parameters=limits))
    return tuple(found)


def _change(package: ModuleType, kinds: tuple[str, ...]) -> RequestedEvent:
    wanted = package.TYPE.write_all(kinds) if len(kinds) > 1 else package.TYPE.write(*kinds)
    return RequestedEvent(package.BNC_CHANGE.name, parameters=(wanted,))


def _signals(streams: tuple[StreamRequest, ...]) -> tuple[Signal, ...]:
    latched = (
        Signal(
            ipnapt.LATCH.name,
            stream=stream.stream,
            parameters=(ipnapt.NAPT.write(_LATCHES[stream.latch]),),
        )
        for stream in streams
        if stream.latch is not None
    )
    rows = (
        *((tcpbcc.REL_BNC.name, stream.stream) for stream in streams if stream.release_tcp),
        *((tcpbcc.EST_BNC.name, stream.stream) for stream in streams if stream.send_tcp),
        *((tlsbsc.EST_BNC.name, stream.stream) for stream in streams if stream.establish_tls),
    )
    return (*latched, *(Signal(name, stream=number) for name, number in rows))


# --- H.248 -> acknowledgement ----------------------------------------------------------------------------


def read_result(procedure: Procedure, result: Result) -> Ack | Rejected:
    """What the gateway made of ``procedure``; a reply that lacks what was asked for is a rejection too."""
    if result is None:
        return Rejected(code=0, reason="no answer")
    if isinstance(result, ErrorDescriptor):
        return Rejected(code=result.code, reason=result.text or "rejected")
    if len(result) != 1:
        return Rejected(code=500, reason="reply does not fit the request")
    (action,) = result
    error = action.error or next((reply.error for reply in action.replies if reply.error), None)
    if error is not None:
        return Rejected(code=error.code, reason=error.text or "rejected", context=_made(procedure, action))
    if isinstance(procedure, ReleaseTerminations):
        return Ack(context=procedure.context)
    try:
        return _read_ack(procedure, action)
    except RemoteError as trouble:
        reason = f"unusable reply: {trouble.reason}"
        return Rejected(code=500, reason=reason, context=_made(procedure, action))


def _made(procedure: Procedure, action: ActionReply) -> int | None:
    """The context that this very procedure made, if the gateway kept it."""
    made = isinstance(procedure, Reserve) and procedure.context is None
    return action.context if made and 0 < action.context < CHOOSE_CONTEXT else None


def _read_ack(procedure: Reserve | Configure, action: ActionReply) -> Ack:
    if len(action.replies) != 1 or len(action.replies[0].terminations) != 1:
        raise RemoteError(500, "one reply for one termination is expected")
    (reply,) = action.replies
    locals_ = {
        stream.id or 1: stream.local
        for media in reply.result
        if isinstance(media, Media)
        for stream in media.streams
    }
    streams = tuple(
        _read_stream(request, locals_.get(request.stream))
        for request in procedure.streams
        if request.local_address_request
    )
    return Ack(context=action.context, termination=reply.terminations[0], streams=streams)


def _read_stream(request: StreamRequest, local: str | None) -> StreamAck:
    description = read_descriptions(local or "")[0]
    if len(description.media) != 1:
        raise RemoteError(500, "Local of the reply has no single media")
    address = read_address(description, description.media[0])
    if address is None or address.port == 0:
        raise RemoteError(500, "no address chosen")
    fingerprints = read_fingerprints(description, description.media[0]) if request.fingerprint_request else ()
    if request.fingerprint_request and not fingerprints:
        raise RemoteError(500, "no certificate fingerprint returned")
    path = read_path(description.media[0]) if request.path_request else ()
    if request.path_request and not path:
        raise RemoteError(500, "no MSRP path returned")
    return StreamAck(
        stream=request.stream,
        local=address,
        fingerprint=fingerprints[0] if fingerprints else None,
        path=path[0].text if path else None,
    )
