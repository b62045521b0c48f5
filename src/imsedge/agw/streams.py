"""One stream as the controller wants it, and the endpoint settings that follow from that.

``StreamTerms`` is the sum of all Stream descriptors received so far.  ``revise`` adds one more and is
pure: a command that fails half way has changed nothing.  What H.248.1 clause 7.1.7 and 7.1.8 say: what
a descriptor does not mention stays; Local and Remote replace what was there as a whole.
"""

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from imsedge.agw.control import Control, revise_control
from imsedge.agw.errors import fail
from imsedge.agw.local_remote import LocalTerms, RemoteTerms, own_path, read_local, read_remote, write_local
from imsedge.agw.settings import Abilities, Realm
from imsedge.bearer.messages import (
    Answering,
    EndpointSettings,
    Handling,
    Incoming,
    Mode,
    Setup,
    SourceFilter,
    Transport,
)
from imsedge.core.address import TransportAddress
from imsedge.core.msrp_uri import MsrpPath
from imsedge.h248.model import Stream, StreamMode

_MODES = {
    StreamMode.SEND_RECEIVE: Mode.SEND_RECEIVE,
    StreamMode.SEND_ONLY: Mode.SEND_ONLY,
    StreamMode.RECEIVE_ONLY: Mode.RECEIVE_ONLY,
    StreamMode.INACTIVE: Mode.INACTIVE,
}

_PASSING = {
    Mode.SEND_RECEIVE: (True, True),
    Mode.RECEIVE_ONLY: (True, False),
    Mode.SEND_ONLY: (False, True),
    Mode.INACTIVE: (False, False),
}
_MODE_OF = {passing: mode for mode, passing in _PASSING.items()}

_OVER_TCP = frozenset({Transport.TCP, Transport.TLS})
_UNCALLABLE = 9  # RFC 4145 clause 4.1: the port of a party that only calls


class Gate(NamedTuple):
    """What may pass besides what the stream's own mode says: topology, and the service state.

    ``receives``: from the peer into the context; ``sends``: to the peer; ``admits``: new connections.
    """

    receives: bool = True
    sends: bool = True
    admits: bool = True


class StreamTerms(Struct, frozen=True):
    """LocalControl, Local and Remote in force."""

    control: Control
    local: LocalTerms
    remote: RemoteTerms | None = None


def begin(stream: Stream, realm: Realm, certificate: bytes | None, mode: StreamMode) -> StreamTerms:
    """The terms of a new stream.  Raises ``H248Error`` 441 without Local, 449 and others."""
    if not stream.local:
        fail(441, "Local is needed for a new stream")
    control = revise_control(Control(mode=mode, realm=realm.name), stream.control)
    local = read_local(stream.local, certificate)
    if local.port is not None:
        fail(449, f"port {local.port} in Local: the gateway chooses it; use $")
    if local.host is not None and local.host not in realm.addresses:
        fail(449, f"{local.host} is not an address of realm {realm.name}")
    if control.own_host is not None and control.own_host not in realm.addresses:
        fail(449, f"{control.own_host} is not an address of realm {realm.name}")
    if local.host is None and control.own_host is None and realm.address(ipv6=local.ipv6) is None:
        fail(449, f"realm {realm.name} has no {_family(ipv6=local.ipv6)} address")
    return _consistent(StreamTerms(control, local, _remote(stream.remote)))


def revise(
    terms: StreamTerms, stream: Stream, address: TransportAddress | None, certificate: bytes | None
) -> StreamTerms:
    """The terms after one more descriptor.  ``address``: what the stream has."""
    control = revise_control(terms.control, stream.control)
    local = terms.local if stream.local is None else _revised_local(terms, stream.local, address, certificate)
    remote = terms.remote if stream.remote is None else _remote(stream.remote)
    return _consistent(StreamTerms(control, local, remote))


def is_removal(stream: Stream) -> bool:
    """H.248.1 clause 7.1.8: empty Local and Remote take a stream away."""
    return stream.local == "" and stream.remote == ""


def bind_address(terms: StreamTerms, realm: Realm) -> str:
    """Where the endpoint is bound; ``begin`` has made sure that there is one."""
    return (
        terms.local.host
        or terms.control.own_host
        or realm.address(ipv6=terms.local.ipv6)
        or realm.addresses[0]
    )


def endpoint_settings(terms: StreamTerms, certificate: str, gate: Gate = Gate()) -> EndpointSettings:  # noqa: B008 - a constant
    """The wanted state of the endpoint."""
    control, remote = terms.control, terms.remote
    address = remote.address if remote else None
    source_filter = _source_filter(control, address)
    # A filter whose source is not known yet lets nobody in.
    nobody = (
        control.filter_address
        and not control.latching
        and source_filter is not None
        and source_filter.network is None
    )
    return EndpointSettings(
        transport=terms.local.transport,
        remote=address,
        # Both ends wait to be called when the gateway merges (TS 23.334 clause 5.16.2.3).
        setup=Setup.PASSIVE if control.merge else terms.local.setup,
        mode=_through(gate, _MODES[control.mode]),
        incoming=Incoming.DISCARD if control.discard or nobody or not gate.admits else Incoming.ACCEPT,
        forward_incoming=not control.merge,
        source_filter=source_filter,
        fingerprints=remote.fingerprints if remote else None,
        certificate=certificate,
        answering=Answering.LINKED_LEG if control.hold else Answering.AT_ONCE,
        latching=control.latching,
        handling=Handling.STATELESS if control.relay else Handling.STATE_AWARE,
        dscp=control.dscp,
        policing=control.rates if control.police else None,
    )


def admission(settings: EndpointSettings) -> tuple[object, ...]:
    """All that decides who may call and where that leads; unlike trust, it is judged at the first SYN."""
    led = settings.remote if settings.handling is Handling.STATELESS else None
    return (settings.mode, settings.incoming, settings.source_filter, settings.handling, settings.setup, led)


def check_abilities(terms: StreamTerms, abilities: Abilities) -> None:
    """What this machine does not let the media plane do.  Raises ``H248Error`` 501 or 449."""
    control = terms.control
    if control.relay and terms.local.transport is not Transport.TCP:
        fail(449, "stateless TCP handling carries TCP only: the gateway is no end of the connection")
    if control.relay and terms.local.path is not None:
        fail(449, "stateless TCP handling cannot rewrite MSRP paths: the gateway sees no octets")
    family, able = ("relay_ipv6", abilities.relay_ipv6) if terms.local.ipv6 else ("relay", abilities.relay)
    if control.relay and not able:
        fail(501, f"no stateless TCP handling here: {abilities.without(family)}; use proxy")
    if control.hold and not abilities.hold:
        fail(501, f"no SYN-ACK can be held here: {abilities.without('hold')}; use accept")
    screened = control.discard or control.filter_address or control.filter_port
    if screened and not control.relay and not abilities.screen and terms.local.transport in _OVER_TCP:
        fail(501, f"no SYN can be discarded here, by order or by source: {abilities.without('screen')}")


def _through(gate: Gate, mode: Mode) -> Mode:
    receives, sends = _PASSING[mode]
    return _MODE_OF[receives and gate.receives, sends and gate.sends]


def filled_local(
    terms: StreamTerms, address: TransportAddress | None, certificate: bytes | None, session: str = ""
) -> str | None:
    """Local as it is answered; ``None`` until the endpoint is open."""
    return write_local(terms.local, address, certificate, session) if address is not None else None


def msrp_path(terms: StreamTerms, address: TransportAddress | None, session: str) -> MsrpPath | None:
    """Whose paths are rewritten; ``None`` when that is not wanted, or the endpoint is not open yet."""
    own = own_path(terms.local, address, session) if address is not None else None
    if own is None:
        return None
    return MsrpPath(own, terms.remote.path if terms.remote is not None else ())


def is_callable(terms: StreamTerms) -> bool:
    """Whether we can connect: the peer's address is known and its port is not the one of callers."""
    address = terms.remote.address if terms.remote else None
    return address is not None and address.port != _UNCALLABLE


def _revised_local(
    terms: StreamTerms, text: str, address: TransportAddress | None, certificate: bytes | None
) -> LocalTerms:
    if not text:
        fail(449, "Local can be emptied together with Remote only")
    local = read_local(text, certificate)
    if local.transport is not terms.local.transport:
        fail(449, f"transport {local.description.media[0].proto}: that of an existing stream cannot change")
    if address is not None:
        if local.host not in (None, address.host) or local.ipv6 != address.is_ipv6:
            wanted = local.host or f"any {_family(ipv6=local.ipv6)} address"
            fail(449, f"{wanted}: the address of an existing stream is {address.host} and cannot change")
        if local.port not in (None, address.port):
            fail(449, f"port {local.port}: that of an existing stream is {address.port} and cannot change")
    return local


def _family(*, ipv6: bool) -> str:
    return "IP6" if ipv6 else "IP4"


def _remote(text: str | None) -> RemoteTerms | None:
    return read_remote(text) if text else None


def _consistent(terms: StreamTerms) -> StreamTerms:
    remote, own = terms.remote, terms.control.own_host
    if own is not None and (":" in own) != terms.local.ipv6:
        fail(473, f"Local and {own} have different address families")
    if own is not None and terms.local.host not in (None, own):
        fail(473, f"Local names another address than {own}")
    if remote is not None and remote.transport is not terms.local.transport:
        fail(473, "Local and Remote have different transports")
    if remote is not None and remote.address and remote.address.is_ipv6 != terms.local.ipv6:
        fail(473, "Local and Remote have different address families")
    return terms


def _source_filter(control: Control, remote: TransportAddress | None) -> SourceFilter | None:
    """H.248.43: what the masks and ranges do not say is taken from the Remote descriptor.

    Not when latching: a NAT hides what the descriptor tells (H.248.37).
    """
    if not (control.filter_address or control.filter_port):
        return None
    found = SourceFilter()
    if control.filter_address:
        network = control.source_network or (remote.host if remote and not control.latching else None)
        found = replace(found, network=network)
    if control.filter_port:
        if control.source_ports is not None:
            low, high = control.source_ports
            found = replace(found, low_port=low, high_port=high)
        elif not control.latching and remote is not None and remote.port != _UNCALLABLE:
            found = replace(found, low_port=remote.port, high_port=remote.port)
    return found
