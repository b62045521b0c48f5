"""The settings table's part about calls: what is secured, anchored, directed, marked and policed."""

from enum import Enum

from imsedge.alg.directions import TcpStart
from imsedge.alg.nat import Traversal
from imsedge.alg.policy import Anchoring, Aware, Matching, OnBearerFailure, Securing, SynAck, TlsCollision
from imsedge.alg.procedures import TcpMode
from imsedge.daemon.settings_types import OptionalProxy, Section, setting

_MOST = 2**32 - 1


class Family(Enum):
    """Address family."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"


class RealmChoice(Section):
    """What the gateway is asked for on one side."""

    name: str = setting(
        "", "IP realm (ipdc/realm), a name that the gateways know; empty: that of the side.", max_length=255
    )
    family: Family = setting(
        Family.IPV4, "Address family where the party on that side has not told its own yet."
    )


class RealmChoices(Section):
    """IP realms of the terminations."""

    access: RealmChoice = setting(RealmChoice(), "Towards the user equipment.")
    core: RealmChoice = setting(RealmChoice(), "Towards the core.")


class SecuringSection(Section):
    """When end-to-access-edge security is applied, by medium."""

    msrp: Securing = setting(
        Securing.REGISTERED,
        "registered: both sides announced msrp-tls, and the UE asks with a=3ge2ae; always: GSMA RCS; never.",
    )
    bfcp: Securing = setting(
        Securing.REGISTERED,
        "The same for floor control: registered: both sides announced bfcp-tls; always; never.",
    )
    t38: Securing = setting(
        Securing.REGISTERED,
        "The same for fax (T.38 over DTLS): registered: both sides announced udptl-dtls; always; never.",
    )


class TcpSection(Section):
    """TCP media that are not secured here: plain MSRP and BFCP, TLS from end to end, all other TCP."""

    anchor: Anchoring = setting(
        Anchoring.NEVER,
        "What goes through the gateway: never: nothing, it passes by; behind_nat: media of UEs behind a NAT;"
        " always.",
    )
    mode: TcpMode = setting(
        TcpMode.PROXY,
        "relay: the kernel rewrites addresses of one connection (the gateway needs CAP_NET_ADMIN); proxy: two"
        " connections, opened in the direction that the parties agreed; merge: both parties open theirs.",
    )
    start: TcpStart = setting(
        TcpStart.TRIGGERED,
        "What makes the gateway open a connection: triggered: the connection at the other side; ordered: the"
        " answer (TR 29.828 figure y.2.1).",
    )
    syn_ack: SynAck = setting(
        SynAck.AT_ONCE,
        "When the caller of a proxied connection is answered: at_once, or linked_leg: when the other side has"
        " answered, so that nobody believes in a half connection (the gateway needs CAP_NET_RAW).",
    )
    report_connected: bool = setting(
        False, "Let the gateway report the connection that completes a stream (step 24)."
    )
    tls_collision: TlsCollision = setting(
        TlsCollision.REFUSE,
        "TLS from end to end that would make both parties TLS clients because of a NAT (TR 29.828 annex D):"
        " refuse it, or let it pass unchanged.",
    )


class UdpSection(Section):
    """UDP media that are not secured here: plain T.38, and T.38 over DTLS from end to end."""

    anchor: Anchoring = setting(
        Anchoring.NEVER,
        "What goes through the gateway: never: nothing, it passes by; behind_nat: media of UEs behind a NAT,"
        " which are found by where their first datagram comes from; always.",
    )


class MsrpSection(Section):
    """MSRP that is anchored or secured."""

    aware: Aware = setting(
        Aware.AUTO,
        "When the gateway rewrites the paths in MSRP messages (TS 23.334 clause 5.19.5): auto: for clients"
        " with neither a=msrp-cema nor, by policy.matching, sessmatch; never: such clients are refused or"
        " pass by, for gateways that cannot do it; always: also for CEMA clients, whose a=msrp-cema goes.",
    )


class RtpSection(Section):
    """Audio and video, which are not for the gateway."""

    proxy: OptionalProxy = setting(
        None,
        "An RTP proxy that audio and video go through, asked over rtpengine's NG protocol, such as"
        " udp:127.0.0.1:2223; the word none: they pass by untouched.",
    )
    access: str = setting(
        "", "The proxy's name for its interface towards user equipment; not told unless both are given."
    )
    core: str = setting("", "The same towards the core.")


class MediumTraffic(Section):
    """DiffServ marking and policing of one medium on one side."""

    dscp: int = setting(-1, "Code point of what we send to the peer (ds/dscp); -1: not marked.", ge=-1, le=63)
    peak_rate: int = setting(
        0, "What the peer may send at any moment (tman/pdr); 0: any.", unit="octets/s", ge=0, le=_MOST
    )
    sustained_rate: int = setting(
        0, "What the peer may send in the long run (tman/sdr); 0: any.", unit="octets/s", ge=0, le=_MOST
    )
    burst: int = setting(
        0, "What may exceed the sustained rate at once (tman/mbs).", unit="octets", ge=0, le=_MOST
    )


class RealmTraffic(Section):
    """One side, by medium."""

    msrp: MediumTraffic = setting(MediumTraffic(), "MSRP.")
    bfcp: MediumTraffic = setting(MediumTraffic(), "BFCP.")
    t38: MediumTraffic = setting(MediumTraffic(), "Fax over UDP (T.38).")
    tcp: MediumTraffic = setting(MediumTraffic(), "Other TCP.")


class TrafficSection(Section):
    """Quality of service."""

    access: RealmTraffic = setting(RealmTraffic(), "Towards the user equipment.")
    core: RealmTraffic = setting(RealmTraffic(), "Towards the core.")


class PolicySection(Section):
    """The operator's decisions about calls."""

    securing: SecuringSection = setting(SecuringSection(), "When e2ae security is applied.")
    matching: Matching = setting(
        Matching.CEMA,
        "How MSRP clients match sessions: cema (RFC 6714), or sessmatch when all compare the session-id only;"
        " where some do not, leave it at cema: policy.msrp.aware helps all others.",
    )
    msrp: MsrpSection = setting(MsrpSection(), "MSRP that is anchored or secured.")
    rtp: RtpSection = setting(RtpSection(), "Audio and video.")
    delayed_establishment: bool = setting(
        False, "Drop connection requests until the answer tells from whom to accept (TR 29.828 clause 4.4.2)."
    )
    nat: Traversal = setting(
        Traversal.DETECTED,
        "When a UE is taken to be behind a NAT, so that it opens TCP and is known by where it calls from:"
        " never; detected: Via, Contact or a private c= differ from where its signalling comes from; always.",
    )
    tcp: TcpSection = setting(TcpSection(), "TCP media that are not secured here.")
    udp: UdpSection = setting(UdpSection(), "UDP media that are not secured here.")
    realms: RealmChoices = setting(RealmChoices(), "Which realms of the gateways are used.")
    traffic: TrafficSection = setting(TrafficSection(), "Marking and policing.")
    inactivity: int = setting(
        0,
        "Let the gateway report media without any payload for this long (adid/ipstop), which is then taken"
        " for a failure; 0: never.",
        unit="s",
        ge=0,
        le=86_400,
    )
    on_bearer_failure: OnBearerFailure = setting(
        OnBearerFailure.RELEASE, "What a failure that the gateway reports does to the call."
    )
    release_wait: float = setting(
        5.0,
        "When the parties have closed all connections of a call in order: how long they may still say BYE, or"
        " agree on others, before the call is released.",
        unit="s",
        ge=0,
        le=3_600,
    )
    heartbeat: int = setting(
        600, "Hanging termination detection; 0 switches it off.", unit="s", ge=0, le=65_535
    )
