"""From the controller's settings to what its parts take."""

from collections.abc import Mapping

from msgspec.structs import replace

from imsedge.alg.nat import Traversal
from imsedge.alg.planner import PlannerSettings
from imsedge.alg.policy import SERVED, Anchoring, Policy, Profile
from imsedge.alg.procedures import Side, Traffic
from imsedge.alg.settings import TLS, UDP_AND_TCP, BorderSettings, EdgeSettings, Place
from imsedge.core.address import TransportAddress
from imsedge.daemon.settings import AlgH248, AlgSettings
from imsedge.daemon.settings_border import BorderSection, Role
from imsedge.daemon.settings_policy import (
    Family,
    MediumTraffic,
    PolicySection,
    RealmChoice,
    RealmChoices,
    RtpSection,
    TrafficSection,
)
from imsedge.daemon.settings_sip import Protection, SipSection, SipTimers, SipTls
from imsedge.h248.association import ControllerSettings
from imsedge.net.sip_tls import SipTlsContexts
from imsedge.sdp.kinds import KINDS, Medium
from imsedge.sip.states import TimerValues

_FAMILIES = {Family.IPV4: "IP4", Family.IPV6: "IP6"}


def edge_settings(
    settings: AlgSettings,
    access: TransportAddress,
    core: TransportAddress,
    tls: Mapping[Side, TransportAddress] | None = None,
) -> EdgeSettings:
    """``access``, ``core``, ``tls``: what was bound, not what was asked, which may be port 0."""
    sip = settings.sip
    return EdgeSettings(
        access=sip.advertise.access or access,
        core=sip.advertise.core or core,
        places=places(sip, {Side.ACCESS: access, Side.CORE: core}, tls or {}),
        protected_only=sip.mediasec is Protection.TLS,
        next_hop=sip.next_hop,
        next_hop_transport=sip.next_hop_transport,
        border=border_settings(settings.border) if settings.role is Role.BORDER else None,
        policy=border_policy(settings.policy) if settings.role is Role.BORDER else policy(settings.policy),
        planner=planner_settings(settings.policy.realms),
        answer_timeout=sip.timers.answer,
        linger=64 * sip.timers.t1 + 3,
        max_calls=settings.limits.calls,
        max_registrations=settings.limits.registrations,
    )


def places(
    section: SipSection, clear: Mapping[Side, TransportAddress], tls: Mapping[Side, TransportAddress]
) -> tuple[Place, ...]:
    """Everywhere that was bound, and what peers are told of it."""
    told = section.advertise
    return (
        Place(Side.ACCESS, clear[Side.ACCESS], told.access or clear[Side.ACCESS], UDP_AND_TCP),
        Place(Side.CORE, clear[Side.CORE], told.core or clear[Side.CORE], UDP_AND_TCP),
        *(
            Place(side, bound, getattr(told, f"tls_{side.value}") or bound, TLS)
            for side, bound in tls.items()
        ),
    )


def tls_contexts(section: SipTls) -> SipTlsContexts | None:
    """``None`` when TLS is not wanted; ``SettingError`` when its files cannot be used."""
    if section.certificate is None or not (section.access or section.core):
        return None
    return SipTlsContexts(section.certificate, section.key, section.authorities)


def policy(section: PolicySection) -> Policy:
    """The operator's decisions, by ``mediasec`` token."""
    return Policy(
        securing={
            kind.mechanism: getattr(section.securing, kind.medium.name.lower())
            for kind in KINDS
            if kind.medium in SERVED and kind.mechanism
        },
        matching=section.matching,
        aware=section.msrp.aware,
        delayed_establishment=section.delayed_establishment,
        on_bearer_failure=section.on_bearer_failure,
        release_wait=section.release_wait,
        heartbeat=section.heartbeat,
        anchoring=section.tcp.anchor,
        anchoring_udp=section.udp.anchor,
        tcp_mode=section.tcp.mode,
        tcp_start=section.tcp.start,
        nat=section.nat,
        tls_collision=section.tcp.tls_collision,
        report_connected=section.tcp.report_connected,
        inactivity=section.inactivity,
        syn_ack=section.tcp.syn_ack,
        traffic=traffic(section.traffic),
        rtp_proxy=section.rtp.proxy is not None,
        rtp_interfaces=rtp_interfaces(section.rtp),
    )


def rtp_interfaces(section: RtpSection) -> dict[Side, str]:
    """The proxy's names of our two sides; none unless both are given."""
    names = {Side.ACCESS: section.access, Side.CORE: section.core}
    return names if all(names.values()) else {}


def border_settings(section: BorderSection) -> BorderSettings:
    """What is known of the other network."""
    return BorderSettings(
        next_hop=section.next_hop,
        next_hop_transport=section.next_hop_transport,
        peers=frozenset({section.next_hop.host, *section.peers}),
        trusted=section.trusted,
        fields=frozenset(name.lower() for name in section.fields),
    )


def border_policy(section: PolicySection) -> Policy:
    """Between two networks all media are in the gateway, none is secured there, nobody is behind a NAT."""
    return replace(
        policy(section),
        profile=Profile.IX,
        anchoring=Anchoring.ALWAYS,
        anchoring_udp=Anchoring.ALWAYS,
        nat=Traversal.NEVER,
    )


def planner_settings(section: RealmChoices) -> PlannerSettings:
    """Which realm and address family each side gets."""
    chosen: dict[Side, RealmChoice] = {side: getattr(section, side.value) for side in Side}
    return PlannerSettings(
        realms={side: choice.name or side.value for side, choice in chosen.items()},
        families={side: _FAMILIES[choice.family] for side, choice in chosen.items()},
    )


def traffic(section: TrafficSection) -> dict[tuple[Side, Medium], Traffic]:
    """By side and medium; what is at its default is not told to the gateway."""
    rows = {
        (side, medium): getattr(getattr(section, side.value), medium.name.lower())
        for side in Side
        for medium in (Medium.MSRP, Medium.BFCP, Medium.T38, Medium.TCP)
    }
    return {place: _traffic(row) for place, row in rows.items() if row != MediumTraffic()}


def _traffic(row: MediumTraffic) -> Traffic:
    return Traffic(
        dscp=row.dscp if row.dscp >= 0 else None,
        peak_rate=row.peak_rate or None,
        sustained_rate=row.sustained_rate or None,
        burst=row.burst or None,
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
