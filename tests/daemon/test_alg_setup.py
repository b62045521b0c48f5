"""From the controller's settings to what its parts take."""

import pytest
from pydantic import ValidationError

from imsedge.alg.nat import Traversal
from imsedge.alg.policy import Anchoring, Aware, Matching, OnBearerFailure, Profile, Securing
from imsedge.alg.procedures import Side, TcpMode, Traffic
from imsedge.alg.settings import BorderSettings
from imsedge.core.address import TransportAddress
from imsedge.daemon.alg_setup import controller_settings, edge_settings, policy, timer_values
from imsedge.daemon.settings import AlgH248, AlgLimits, AlgSettings
from imsedge.daemon.settings_policy import MsrpSection, PolicySection, RtpSection, SecuringSection
from imsedge.daemon.settings_sip import SipTimers
from imsedge.sdp.kinds import Medium

ACCESS, CORE = TransportAddress("127.0.0.1", 40_001), TransportAddress("127.0.0.1", 40_002)


def test_the_edge_knows_what_was_bound_not_what_was_asked() -> None:
    made = edge_settings(AlgSettings(limits=AlgLimits(calls=5, registrations=6)), ACCESS, CORE)
    assert (made.access, made.core) == (ACCESS, CORE)
    assert (made.max_calls, made.max_registrations) == (5, 6)
    assert made.mechanisms[:2] == ("msrp-tls", "bfcp-tls")


def test_the_operators_decisions() -> None:
    made = policy(
        PolicySection(
            securing=SecuringSection(msrp=Securing.ALWAYS, bfcp=Securing.NEVER),
            matching=Matching.SESSMATCH,
            msrp=MsrpSection(aware=Aware.NEVER),
            delayed_establishment=True,
            on_bearer_failure=OnBearerFailure.LOG,
            heartbeat=0,
        )
    )
    assert made.securing["msrp-tls"] is Securing.ALWAYS
    assert made.securing["bfcp-tls"] is Securing.NEVER
    assert (made.matching, made.on_bearer_failure) == (Matching.SESSMATCH, OnBearerFailure.LOG)
    assert (made.delayed_establishment, made.heartbeat) == (True, 0)
    assert made.aware is Aware.NEVER


def test_zero_switches_supervision_off() -> None:
    made = controller_settings(AlgH248(audit=0, inactivity=0, gateways=("<GW.example.net>",)))
    assert (made.audit_interval, made.inactivity, made.gateways) == (None, None, ("<gw.example.net>",))
    assert controller_settings(AlgH248()).audit_interval == 10.0


def test_timer_c_is_longer_than_a_call_may_ring() -> None:
    made = timer_values(SipTimers(t1=0.1, answer=60))
    assert made.t1 == 0.1
    assert made.c > 60


def test_what_the_operator_says_of_tcp() -> None:
    made = policy(PolicySection.model_validate({"tcp": {"anchor": "behind_nat", "mode": "relay"}}))
    assert (made.anchoring, made.tcp_mode) == (Anchoring.BEHIND_NAT, TcpMode.RELAY)
    assert policy(PolicySection()).anchoring is Anchoring.NEVER


def test_marking_and_policing_by_side_and_medium() -> None:
    said = {"access": {"msrp": {"dscp": 0, "peak_rate": 9_000}}, "core": {"tcp": {"dscp": 46}}}
    assert policy(PolicySection.model_validate({"traffic": said})).traffic == {
        (Side.ACCESS, Medium.MSRP): Traffic(dscp=0, peak_rate=9_000),
        (Side.CORE, Medium.TCP): Traffic(dscp=46),
    }
    assert policy(PolicySection()).traffic == {}


def test_realms_and_families_by_side() -> None:
    said = {"access": {"name": "visited", "family": "ipv6"}}
    made = edge_settings(AlgSettings.model_validate({"policy": {"realms": said}}), ACCESS, CORE).planner
    assert made.realms == {Side.ACCESS: "visited", Side.CORE: "core"}
    assert made.families == {Side.ACCESS: "IP6", Side.CORE: "IP4"}


def test_a_border_has_all_media_in_the_gateway_and_its_neighbour_for_a_peer() -> None:
    said = {
        "role": "border",
        "border": {
            "next_hop": "192.0.2.7:5060",
            "peers": ["192.0.2.8"],
            "trusted": True,
            "fields": ["Identity"],
        },
    }
    made = edge_settings(AlgSettings.model_validate(said), ACCESS, CORE)
    assert made.border == BorderSettings(
        next_hop=TransportAddress("192.0.2.7", 5060),
        peers=frozenset({"192.0.2.7", "192.0.2.8"}),
        trusted=True,
        fields=frozenset({"identity"}),
    )
    assert (made.policy.profile, made.policy.nat) == (Profile.IX, Traversal.NEVER)
    assert (made.policy.anchoring, made.policy.anchoring_udp) == (Anchoring.ALWAYS, Anchoring.ALWAYS)
    edge = edge_settings(AlgSettings(), ACCESS, CORE)
    assert (edge.border, edge.policy.profile) == (None, Profile.IQ)


def test_an_rtp_proxy_and_its_interfaces() -> None:
    both = RtpSection.model_validate({"proxy": "udp:192.0.2.1:2223", "access": "pub", "core": "priv"})
    made = policy(PolicySection(rtp=both))
    assert (made.rtp_proxy, made.rtp_interfaces) == (True, {Side.ACCESS: "pub", Side.CORE: "priv"})
    one = policy(PolicySection(rtp=RtpSection.model_validate({"proxy": "none", "access": "pub"})))
    assert (one.rtp_proxy, one.rtp_interfaces) == (False, {})
    with pytest.raises(ValidationError, match="udp:address:port"):
        RtpSection.model_validate({"proxy": "192.0.2.1:2223"})
