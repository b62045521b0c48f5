"""From the gateway's settings to what its parts take."""

import time
from collections.abc import Iterable, Mapping

from imsedge.agw.settings import Abilities, GatewaySettings, Limits, Realm
from imsedge.bearer.wire import PortShare, WorkerSettings
from imsedge.daemon.certificates import CertificateStore
from imsedge.daemon.settings import AgwH248, AgwSettings
from imsedge.daemon.settings_realms import Realms
from imsedge.h248 import association
from imsedge.h248.model import DeviceMid
from imsedge.h248.packages import root
from imsedge.h248.packages.model import Property
from imsedge.h248.transactions import TransactionSettings, Tune
from imsedge.plane.knocks import can_hear
from imsedge.plane.relays import obstacle as relay_obstacle
from imsedge.plane.syn_filter import can_screen

# A controller that orders Pending after nothing would get nothing else.
LEAST_PROVISIONAL = 0.05
# One that wants repeats sooner than that would get them before its answers.
LEAST_REPEAT = 0.1


def gateway_settings(settings: AgwSettings, certificates: CertificateStore) -> GatewaySettings:
    """What the gateway machine takes; its clock is the event loop's, which is monotonic."""
    limits = settings.limits
    return GatewaySettings(
        realms=tuple(
            Realm(
                name=name,
                addresses=realm.addresses,
                certificate=certificates.current[name],
                low_port=realm.low_port,
                high_port=realm.high_port,
            )
            for name, realm in settings.realms.by_name.items()
        ),
        certificates=certificates.known,
        default_realm=settings.media.default_realm,
        abilities=abilities(share.address for share in port_shares(settings.realms)),
        limits=Limits(
            contexts=limits.contexts,
            terminations_per_context=limits.terminations,
            streams_per_termination=limits.streams,
            executions=limits.executions,
        ),
        plane_timeout=limits.plane_timeout,
        controller_loss_hold=limits.controller_loss_hold,
        root_values=_root_values(settings.h248),
        epoch=time.time() - time.monotonic(),
    )


def abilities(addresses: Iterable[str]) -> Abilities:
    """What this machine lets the media plane do between these addresses, found out by trying."""
    ours = tuple(addresses)
    missing = {
        "relay": relay_obstacle(ours),
        "relay_ipv6": relay_obstacle(ours, ipv6=True),
        "screen": "" if can_screen() else "this kernel wants CAP_NET_ADMIN for filters at TCP sockets",
        "hold": "" if can_hear() else "CAP_NET_RAW is missing",
    }
    missing["hold"] = missing["hold"] or missing["screen"]
    able = {name: not reason for name, reason in missing.items()}
    return Abilities(**able, missing=missing)


def tuning(values: Mapping[str, int]) -> Tune:
    """Properties of ROOT as the transaction layer takes them: of the two times within which each side has to
    answer, finally or with Pending, the shorter one."""
    provisional = _shortest(values, root.NORMAL_MG_EXECUTION, root.MG_PROVISIONAL)
    execution = _shortest(values, root.NORMAL_MGC_EXECUTION, root.MGC_PROVISIONAL)
    return Tune(
        provisional=None if provisional is None else max(provisional, LEAST_PROVISIONAL),
        own_pendings=values.get(root.MG_PENDING_LIMIT.name),
        peer_pendings=values.get(root.MGC_PENDING_LIMIT.name),
        peer_execution=None if execution is None else max(execution, LEAST_REPEAT),
    )


def _shortest(values: Mapping[str, int], *timers: Property[int]) -> float | None:
    """In seconds; None when none of them is set."""
    return min((values[timer.name] / 1000 for timer in timers if timer.name in values), default=None)


def _root_values(settings: AgwH248) -> dict[str, int]:
    """What holds until the controller says otherwise."""
    default = TransactionSettings(mid=DeviceMid("any")).pending_limit
    return {
        root.MG_PROVISIONAL.name: round(settings.timers.provisional * 1000),
        root.MG_PENDING_LIMIT.name: default,
        root.MGC_PENDING_LIMIT.name: default,
    }


def association_settings(section: AgwH248) -> association.GatewaySettings:
    """How the gateway finds and keeps its controller."""
    return association.GatewaySettings(
        controllers=section.controllers,
        version=section.version,
        profile=section.profile or None,
        max_waiting_delay=section.restart_wait,
        patience=section.patience,
        first_retry=section.retry,
        longest_retry=section.longest_retry,
    )


def worker_settings(settings: AgwSettings, certificates: CertificateStore) -> WorkerSettings:
    """What one worker would take if it were alone; the pool divides the ports."""
    media = settings.media
    return WorkerSettings(
        ports=port_shares(settings.realms),
        certificates=certificates.live,
        key_log=str(media.key_log) if media.key_log is not None else None,
        tls_profile=media.tls_profile,
        handshake_limit=media.handshake_limit,
        verification_limit=media.verification_limit,
        connect_limit=media.connect_limit,
        linger_limit=media.linger_limit,
        port_rest=media.port_rest,
        keepalive=media.keepalive,
        user_timeout=media.user_timeout,
        idle_limit=media.idle_limit,
    )


def port_shares(realms: Realms) -> tuple[PortShare, ...]:
    """Each address with its ports, once where realms share them."""
    shares = {
        PortShare(address, realm.low_port, realm.high_port)
        for realm in realms.by_name.values()
        for address in realm.addresses
    }
    return tuple(sorted(shares, key=lambda share: (share.address, share.low)))
