"""LocalControl properties, and what the media plane is told because of them."""

import pytest

from imsedge.agw.control import Control, asked_realm, revise_control
from imsedge.agw.settings import Abilities
from imsedge.bearer.messages import (
    Answering,
    EndpointSettings,
    Handling,
    Incoming,
    Policing,
    Setup,
    SourceFilter,
)
from imsedge.h248.model import LocalControl, Parameter, StreamMode
from kit.gateway_talk import GatewayTalk, gateway_settings

REMOTE = "v=0\nc=IN IP4 10.9.9.9\nm=- {port} TCP -\n"

FILTERS = {
    "no filter": ("Mode = SendReceive", 2855, None),
    "address of Remote": ("gm/saf = ON", 2855, SourceFilter("10.9.9.9")),
    "address given": ('gm/saf = ON, gm/sam = "[192.0.2.7]"', 2855, SourceFilter("192.0.2.7")),
    "without brackets": ('gm/saf = ON, gm/sam = "192.0.2.7"', 2855, SourceFilter("192.0.2.7")),
    "unquoted, as some send it": ("gm/saf = ON, gm/sam = 192.0.2.7", 2855, SourceFilter("192.0.2.7")),
    "network": ('gm/saf = ON, gm/sam = "[192.0.2.7]/24"', 2855, SourceFilter("192.0.2.0/24")),
    "IPv6": ('gm/saf = ON, gm/sam = "[2001:db8::7]"', 2855, SourceFilter("2001:db8::7")),
    "mask without the switch": ('gm/sam = "[192.0.2.7]"', 2855, None),
    "switched off": ("gm/saf = OFF, gm/spf = OFF", 2855, None),
    "port of Remote": ("gm/saf = ON, gm/spf = ON", 2855, SourceFilter("10.9.9.9", 2855, 2855)),
    "the port of callers is no port": ("gm/saf = ON, gm/spf = ON", 9, SourceFilter("10.9.9.9")),
    "port given": ("gm/spf = ON, gm/spr = 7000", 2855, SourceFilter(None, 7000, 7000)),
    "range of ports": ('gm/spf = ON, gm/sprr = "7000-7010"', 2855, SourceFilter(None, 7000, 7010)),
}


def endpoint(
    control: str,
    remote: str | None,
    abilities: Abilities = Abilities(),  # noqa: B008 - a constant
) -> EndpointSettings:
    talk = GatewayTalk(gateway_settings(abilities=abilities))  # type: ignore[arg-type]
    assert talk.code(wanted(control, remote)) == 0
    return talk.plane.open[1]


def wanted(control: str, remote: str | None) -> str:
    far = f", Remote {{ {remote}}}" if remote else ""
    local = "v=0\nc=IN IP4 $\nm=- $ TCP -\na=setup:actpass\n"
    media = f"Media {{ Stream = 1 {{ LocalControl {{ {control} }}, Local {{ {local}}} {far} }} }}"
    return f"Context = $ {{ Add = $ {{ {media} }} }}"


@pytest.mark.parametrize(("control", "port", "expected"), FILTERS.values(), ids=FILTERS)
def test_source_filters(control: str, port: int, expected: SourceFilter | None) -> None:
    assert endpoint(control, REMOTE.format(port=port)).source_filter == expected


def test_a_filter_that_does_not_know_its_source_yet_lets_nobody_in() -> None:
    assert endpoint("gm/saf = ON", None).incoming is Incoming.DISCARD
    assert endpoint("gm/saf = ON", REMOTE.format(port=9)).incoming is Incoming.ACCEPT


def test_merge_makes_both_ends_wait() -> None:
    settings = endpoint("tcpbcc/mode = merge", None)
    assert settings.setup is Setup.PASSIVE
    assert not settings.forward_incoming


def test_proxy_forwards() -> None:
    settings = endpoint("tcpbcc/mode = PROXY", None)
    assert settings.setup is Setup.ACTPASS
    assert settings.forward_incoming


def test_relay_leaves_the_segments_to_the_kernel() -> None:
    assert endpoint("tcpbcc/mode = relay", None, Abilities(relay=True)).handling is Handling.STATELESS
    assert endpoint("tcpbcc/mode = proxy", None).handling is Handling.STATE_AWARE


@pytest.mark.parametrize(
    ("control", "abilities", "reason"),
    [
        ("tcpbcc/mode = relay", Abilities(), "CAP_NET_ADMIN and nftables are needed; use proxy"),
        ("tcpbcc/mode = relay", Abilities(relay_ipv6=True), "CAP_NET_ADMIN"),
        (
            "tcpbcc/mode = relay",
            Abilities(missing={"relay": "net.ipv4.ip_forward is 0"}),
            "net.ipv4.ip_forward is 0; use proxy",
        ),
        ("tcpbcc/incoming = hold", Abilities(), "CAP_NET_RAW is needed; use accept"),
        ("tcpbcc/incoming = discard", Abilities(screen=False), "by order or by source: CAP_NET_ADMIN"),
        ("gm/saf = ON", Abilities(screen=False), "by order or by source"),
        ("gm/spf = ON", Abilities(screen=False), "by order or by source"),
    ],
)
def test_what_the_machine_does_not_allow_is_refused_with_the_reason(
    control: str, abilities: Abilities, reason: str
) -> None:
    answer = GatewayTalk(gateway_settings(abilities=abilities)).ask(wanted(control, None))  # type: ignore[arg-type]
    assert "Error = 501" in answer
    assert reason in answer


def test_what_needs_no_filter_works_without() -> None:
    for control in ("Mode = Inactive", "tcpbcc/mode = merge", "gm/saf = OFF"):
        assert endpoint(control, None, Abilities(screen=False)).incoming is Incoming.ACCEPT


def test_the_syn_ack_can_be_held() -> None:
    assert endpoint("tcpbcc/incoming = hold", None, Abilities(hold=True)).answering is Answering.LINKED_LEG
    assert endpoint("tcpbcc/incoming = accept", None).answering is Answering.AT_ONCE


def test_marking_and_rates() -> None:
    assert endpoint("ds/dscp = b8", None).dscp == 0xB8
    rates = "tman/pdr = 9000, tman/sdr = 5000, tman/mbs = 700"
    assert endpoint(rates, None).policing is None
    assert endpoint(f"{rates}, tman/pol = ON", None).policing == Policing(9000, 5000, 700)


def test_the_address_to_send_from_is_where_the_endpoint_is() -> None:
    talk = GatewayTalk()
    local = "v=0\nc=IN IP4 $\nm=- $ TCP -\n"
    control = 'gm/esas = ON, gm/lsa = "10.0.0.1"'
    media = f"Media {{ Stream = 1 {{ LocalControl {{ {control} }}, Local {{ {local}}} }} }}"
    assert "IN IP4 10.0.0.1" in talk.ask(f"Context = $ {{ Add = $ {{ {media} }} }}")


def test_what_is_kept_only_comes_back_in_audits() -> None:
    assert endpoint('mgcinfo/db = "call 7", rtcph/rsb = OFF', None) == endpoint("Mode = Inactive", None)


def test_newest_values_replace_older_ones() -> None:
    first = LocalControl(properties=(Parameter("gm/saf", ("ON",)), Parameter("gm/spf", ("ON",))))
    second = LocalControl(StreamMode.SEND_ONLY, properties=(Parameter("GM/SAF", ("OFF",)),))
    control = revise_control(revise_control(Control(mode=StreamMode.INACTIVE), first), second)
    assert control.mode is StreamMode.SEND_ONLY
    assert [p.name for p in control.given] == ["gm/spf", "GM/SAF"]
    assert (control.filter_address, control.filter_port) == (False, True)


def test_the_realm_is_known_before_the_stream() -> None:
    assert asked_realm(LocalControl(properties=(Parameter("IPDC/Realm", ('"access"',)),))) == "access"
    assert asked_realm(LocalControl(StreamMode.INACTIVE)) is None
    assert asked_realm(None) is None
