"""Realms in the settings: any number, names that fit, ports that do not overlap."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from imsedge.daemon.settings_realms import Realm, Realms


def realms(**tables: Mapping[str, object]) -> Realms:
    return Realms.model_validate(tables)


def test_access_and_core_are_always_there() -> None:
    assert list(Realms().by_name) == ["access", "core"]
    made = realms(visited={"addresses": ["192.0.2.1", "2001:db8::1"]}, core={"addresses": ["10.0.0.1"]})
    assert list(made.by_name) == ["access", "core", "visited"]
    assert made.by_name["visited"].addresses == ("192.0.2.1", "2001:db8::1")
    assert made.addresses == {"127.0.0.1", "10.0.0.1", "192.0.2.1", "2001:db8::1"}


@pytest.mark.parametrize("name", ["x", "A_1", "a" * 32])
def test_names_that_fit_into_a_termination_name(name: str) -> None:
    assert name in realms(**{name: {"addresses": ["192.0.2.1"]}}).by_name


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a.b", "a/b", "a*", "$", "a" * 33, "größe", "a\n"])
def test_names_that_do_not(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot be the name of a realm"):
        realms(**{name: {"addresses": ["192.0.2.1"]}})


@pytest.mark.parametrize("twice", [("Access",), ("net", "NET")])
def test_names_are_told_apart_without_case(twice: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="are the same name"):
        realms(**{name: {"addresses": ["192.0.2.1"]} for name in twice})


def test_each_two_that_share_an_address_share_its_ports_or_none() -> None:
    shared: dict[str, object] = {"addresses": ["127.0.0.1"], "low_port": 39_999, "high_port": 40_000}
    with pytest.raises(ValidationError, match="access and visited use the same address"):
        realms(visited=shared)
    apart = realms(visited=shared | {"low_port": 40_000})
    assert apart.by_name["visited"] == Realm(low_port=40_000, high_port=40_000)
    with pytest.raises(ValidationError, match="one and two use the same address"):
        realms(one={"addresses": ["::1"]}, two={"addresses": ["::1"], "low_port": 1})


@pytest.mark.parametrize("address", ["::", "224.0.0.1", "ff02::1"])
def test_addresses_that_no_peer_can_send_to(address: str) -> None:
    with pytest.raises(ValidationError, match="is no address that a peer can send to"):
        realms(access={"addresses": [address]})
