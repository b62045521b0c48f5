"""What a gateway is told at its start."""

from collections.abc import Mapping
from ipaddress import ip_address

from msgspec import Struct
from msgspec.structs import replace

from imsedge.core.errors import SettingError
from imsedge.h248.model import StreamMode, fold


class Realm(Struct, frozen=True, kw_only=True):
    """An IP realm (H.248.41 ``ipdc/realm``): one network in which terminations can be.

    ``name`` is also part of the names of its terminations: ``ip/<name>/<n>``.  ``addresses``: where
    endpoints are bound, the first of the wanted family is taken.  ``certificate``: what TLS endpoints
    of this realm present.  ``low_port`` to ``high_port`` are its ports.
    """

    name: str
    addresses: tuple[str, ...]
    certificate: str = "default"
    low_port: int = 0
    high_port: int = 65_535

    def __post_init__(self) -> None:
        if not self.addresses:
            raise SettingError(f"realm {self.name} has no address; give it at least one")
        for address in self.addresses:
            try:
                ip_address(address)
            except ValueError:
                raise SettingError(f"realm {self.name}: {address} is not an IP address") from None

    def address(self, *, ipv6: bool) -> str | None:
        """The first address of that family."""
        return next((a for a in self.addresses if (":" in a) == ipv6), None)


class Abilities(Struct, frozen=True, kw_only=True):
    """What not every machine lets the media plane do.

    ``relay`` and ``relay_ipv6``: stateless TCP handling by the kernel's nftables (CAP_NET_ADMIN, forwarding).
    ``screen``: drop SYNs without an answer, by order or by source (some kernels want CAP_NET_ADMIN).
    ``hold``: hear a SYN without answering it (CAP_NET_RAW besides).  ``missing``: what lacks, by these names.
    """

    relay: bool = False
    relay_ipv6: bool = False
    screen: bool = True
    hold: bool = False
    missing: Mapping[str, str] = {}

    def without(self, name: str) -> str:
        """What is missing for that ability, in words."""
        return self.missing.get(name) or _NEEDED[name]


_NEEDED = {
    "relay": "CAP_NET_ADMIN and nftables are needed",
    "relay_ipv6": "CAP_NET_ADMIN and nftables are needed",
    "screen": "CAP_NET_ADMIN is needed",
    "hold": "CAP_NET_RAW is needed",
}


class Limits(Struct, frozen=True, kw_only=True):
    """Where the gateway says no, so that no controller can make it grow without end.

    ``terminations_per_context``: how they are joined is in ``topology``.
    ``buffered_events``: of one termination in LockStep that waits for a new Events descriptor.
    ``reports``: notifications kept while the controller is away.
    ``steps``: how far one transaction goes at a time, about two a command; then others have their turn.
    """

    contexts: int = 10_000
    terminations_per_context: int = 8
    streams_per_termination: int = 8
    events_per_termination: int = 32
    buffered_events: int = 32
    executions: int = 1_000
    reports: int = 1_000
    steps: int = 1_000


class GatewaySettings(Struct, frozen=True, kw_only=True):
    """``certificates``: DER octets by name, as far as a realm names them.

    ``default_realm``: where a termination goes when the request names no realm.
    ``default_mode``: of a stream whose LocalControl names none (H.248.1 clause 7.1.7: Inactive).
    ``plane_timeout``: how long the media plane may take to open, count or release, in seconds.
    ``controller_loss_hold``: how long contexts survive without a controller, in seconds.
    ``root_values``: timers of package ``root`` as the transaction layer has them, by property name, in
    milliseconds, for who asks ROOT.
    ``epoch``: what to add to ``now`` to get seconds since 1970 UTC (time stamps in Notify).
    """

    realms: tuple[Realm, ...]
    certificates: Mapping[str, bytes] = {}
    default_realm: str = "core"
    default_mode: StreamMode = StreamMode.INACTIVE
    limits: Limits = Limits()
    abilities: Abilities = Abilities()
    plane_timeout: float = 5.0
    controller_loss_hold: float = 60.0
    root_values: Mapping[str, int] = {}
    epoch: float = 0.0

    def __post_init__(self) -> None:
        if self.realm(self.default_realm) is None:
            raise SettingError(f"the default realm {self.default_realm} is not among the realms")

    def certified(self, current: Mapping[str, str], known: Mapping[str, bytes]) -> "GatewaySettings":
        """The same with other certificates: ``current`` by realm, ``known`` by their names."""
        realms = tuple(replace(realm, certificate=current[realm.name]) for realm in self.realms)
        return replace(self, realms=realms, certificates=known)

    def realm(self, name: str) -> Realm | None:
        """By name, without regard to case."""
        wanted = fold(name)
        return next((realm for realm in self.realms if fold(realm.name) == wanted), None)
