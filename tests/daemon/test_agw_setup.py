"""From the gateway's settings to what its parts take."""

from pathlib import Path

import pytest

from imsedge.agw.settings import GatewaySettings
from imsedge.bearer.wire import PortShare
from imsedge.core.address import TransportAddress
from imsedge.daemon.agw_setup import (
    LEAST_PROVISIONAL,
    LEAST_REPEAT,
    abilities,
    association_settings,
    gateway_settings,
    port_shares,
    tuning,
    worker_settings,
)
from imsedge.daemon.certificates import CertificateStore
from imsedge.daemon.settings import AgwH248, AgwSettings, MediaSection
from imsedge.daemon.settings_realms import Realm, Realms
from imsedge.h248.packages import root
from imsedge.h248.transactions import Tune
from imsedge.plane.knocks import can_hear
from imsedge.plane.relays import can_relay
from imsedge.plane.syn_filter import can_screen


def gateway_of(settings: AgwSettings) -> GatewaySettings:
    return gateway_settings(settings, CertificateStore(settings))


def test_the_gateway_knows_both_realms_and_the_certificate_of_each() -> None:
    made = gateway_of(AgwSettings())
    assert [realm.name for realm in made.realms] == ["access", "core"]
    assert {realm.certificate for realm in made.realms} == set(made.certificates) == {"default"}
    assert made.epoch > 0  # a monotonic clock starts at boot, time stamps count from 1970


def test_an_address_of_both_realms_has_its_ports_once() -> None:
    assert port_shares(Realms()) == (PortShare("127.0.0.1", 20_000, 39_999),)
    apart = Realms(
        access=Realm(addresses=("192.0.2.1", "2001:db8::1"), low_port=1_000, high_port=1_999),
        core=Realm(addresses=("198.51.100.1",), low_port=5_000, high_port=5_999),
    )
    assert port_shares(apart) == (
        PortShare("192.0.2.1", 1_000, 1_999),
        PortShare("198.51.100.1", 5_000, 5_999),
        PortShare("2001:db8::1", 1_000, 1_999),
    )


def test_realms_on_one_address_keep_their_own_ports() -> None:
    realms = Realms(
        access=Realm(low_port=5_000, high_port=5_999), core=Realm(low_port=1_000, high_port=1_999)
    )
    assert port_shares(realms) == (
        PortShare("127.0.0.1", 1_000, 1_999),
        PortShare("127.0.0.1", 5_000, 5_999),
    )
    made = gateway_of(AgwSettings(realms=realms))
    assert [(realm.low_port, realm.high_port) for realm in made.realms] == [(5_000, 5_999), (1_000, 1_999)]


def test_the_gateway_knows_what_this_machine_lets_it_do() -> None:
    made = gateway_of(AgwSettings())
    assert made.abilities.relay == can_relay()
    assert made.abilities.screen == can_screen()
    assert made.abilities.hold == (can_hear() and can_screen())


def test_a_machine_that_forwards_nothing_cannot_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = {False: "net.ipv4.ip_forward is 0", True: ""}
    monkeypatch.setattr(
        "imsedge.daemon.agw_setup.relay_obstacle", lambda _addresses, *, ipv6=False: reasons[ipv6]
    )
    made = abilities(("10.0.0.1", "2001:db8::1"))
    assert (made.relay, made.relay_ipv6) == (False, True)
    assert made.without("relay") == "net.ipv4.ip_forward is 0"


def test_a_worker_gets_limits_and_certificate() -> None:
    settings = AgwSettings(media=MediaSection(handshake_limit=3.0, tls_profile="rel12", key_log=Path("/x")))
    store = CertificateStore(settings)
    made = worker_settings(settings, store)
    assert (made.handshake_limit, made.tls_profile, made.key_log) == (3.0, "rel12", "/x")
    assert made.certificates == store.live


def test_the_association_gets_controllers_and_pauses() -> None:
    controllers = (TransportAddress("192.0.2.1", 2944), TransportAddress("192.0.2.2", 2944))
    made = association_settings(AgwH248(controllers=controllers, profile="ETSI_BGF/2", restart_wait=0.0))
    assert (made.controllers, made.profile, made.max_waiting_delay) == (controllers, "ETSI_BGF/2", 0.0)
    assert association_settings(AgwH248()).profile is None


def test_timers_of_root_go_to_the_transaction_layer_and_back() -> None:
    assert tuning({}) == Tune()
    values = {root.MG_PROVISIONAL.name: 1, root.MG_PENDING_LIMIT.name: 3, root.MGC_PENDING_LIMIT.name: 4}
    assert tuning(values) == Tune(provisional=LEAST_PROVISIONAL, own_pendings=3, peer_pendings=4)
    made = gateway_of(AgwSettings())
    assert made.root_values[root.MG_PROVISIONAL.name] == 1000
    values = dict(made.root_values) | {
        root.NORMAL_MG_EXECUTION.name: 400,
        root.NORMAL_MGC_EXECUTION.name: 900,
    }
    assert (tuning(values).provisional, tuning(values).peer_execution) == (0.4, 0.9)
    values = {root.MGC_PROVISIONAL.name: 600, root.NORMAL_MGC_EXECUTION.name: 900}
    assert tuning(values).peer_execution == 0.6
    assert tuning({root.MGC_PROVISIONAL.name: 0}).peer_execution == LEAST_REPEAT
    assert made.limits.terminations_per_context == 8
