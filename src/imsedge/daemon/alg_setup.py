"""From the controller's settings to what its parts take."""

from imsedge.alg.policy import SERVED, Policy
from imsedge.alg.settings import EdgeSettings
from imsedge.core.address import TransportAddress
from imsedge.daemon.settings import AlgH248, AlgSettings, PolicySection, SipTimers
from imsedge.h248.association import ControllerSettings
from imsedge.sdp.kinds import KINDS
from imsedge.sip.states import TimerValues


def edge_settings(settings: AlgSettings, access: TransportAddress, core: TransportAddress) -> EdgeSettings:
    """``access`` and ``core``: what was bound, which differs from the settings when those say port 0."""
    sip = settings.sip
    return EdgeSettings(
        access=access,
        core=core,
        next_hop=sip.next_hop,
        next_hop_transport=sip.next_hop_transport,
        policy=policy(settings.policy),
        answer_timeout=sip.timers.answer,
        linger=64 * sip.timers.t1 + 3,
        max_calls=settings.limits.calls,
        max_registrations=settings.limits.registrations,
    )


def policy(section: PolicySection) -> Policy:
    """The operator's decisions, by ``mediasec`` token."""
    return Policy(
        securing={
            kind.mechanism: getattr(section.securing, kind.medium.name.lower())
            for kind in KINDS
            if kind.medium in SERVED and kind.mechanism
        },
        matching=section.matching,
        delayed_establishment=section.delayed_establishment,
        on_bearer_failure=section.on_bearer_failure,
        heartbeat=section.heartbeat,
        anchoring=section.tcp.anchor,
        tcp_mode=section.tcp.mode,
        tcp_start=section.tcp.start,
        nat=section.nat,
        tls_collision=section.tcp.tls_collision,
        report_connected=section.tcp.report_connected,
        inactivity=section.inactivity,
    )


def controller_settings(section: AlgH248) -> ControllerSettings:
    """Whom the controller serves and how it supervises."""
    return ControllerSettings(
        version=section.version,
        profiles=section.profiles,
        gateways=tuple(name.lower() for name in section.gateways),
        audit_interval=section.audit or None,
        inactivity=section.inactivity or None,
    )


def timer_values(section: SipTimers) -> TimerValues:
    """Of SIP transactions."""
    return TimerValues(t1=section.t1, t2=section.t2, t4=section.t4, c=section.answer + 5)
