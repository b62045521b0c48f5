"""The settings table: defaults, checks, and that every row says what it means."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from imsedge.core.address import TransportAddress
from imsedge.daemon.settings import AgwSettings, AlgSettings
from imsedge.daemon.settings_realms import Realm, Realms
from imsedge.daemon.settings_types import unit_of


def rows(model: type[BaseModel], path: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from rows(kind, f"{path}.{name}")
        else:
            yield f"{path}.{name}", field


ROWS = dict([*rows(AgwSettings, "agw"), *rows(AlgSettings, "alg")])


@pytest.mark.parametrize("path", ROWS)
def test_every_row_has_a_meaning_in_a_sentence_and_a_default(path: str) -> None:
    row = ROWS[path]
    assert row.description
    assert row.description.endswith(".")
    assert not row.is_required()


@pytest.mark.parametrize("path", [path for path, row in ROWS.items() if row.annotation is float])
def test_every_time_has_a_unit(path: str) -> None:
    assert unit_of(ROWS[path])


@pytest.mark.parametrize("model", [AgwSettings, AlgSettings])
def test_defaults_listen_on_loopback_only(model: type[AgwSettings | AlgSettings]) -> None:
    addresses = list(find_addresses(model()))
    assert addresses
    assert {address.host for address in addresses} == {"127.0.0.1"}


def find_addresses(value: object) -> Iterator[TransportAddress]:
    if isinstance(value, TransportAddress):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from find_addresses(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from find_addresses(item)


def test_the_two_daemons_do_not_meet_on_a_port() -> None:
    agw, alg = AgwSettings(), AlgSettings()
    assert agw.h248.controllers == (alg.h248.listen,)
    taken = [
        agw.h248.listen,
        alg.h248.listen,
        alg.sip.access,
        alg.sip.core,
        agw.status.listen,
        alg.status.listen,
    ]
    assert len(set(taken)) == len(taken)


def test_realms_on_one_address_share_its_ports() -> None:
    realm = Realm(low_port=100, high_port=200)
    with pytest.raises(ValidationError, match="must be the same or apart"):
        Realms(access=realm, core=Realm(low_port=200, high_port=300))
    Realms(access=realm, core=Realm(low_port=201, high_port=300))
    Realms(access=realm, core=realm)
    Realms(access=realm, core=Realm(addresses=("127.0.0.2",), low_port=200, high_port=300))


def test_settings_do_not_change_once_made() -> None:
    with pytest.raises(ValidationError):
        AgwSettings().h248.version = 3


def test_who_is_called_over_tls_can_call_back() -> None:
    said = {"role": "border", "border": {"next_hop_transport": "tls"}}
    with pytest.raises(ValidationError, match=r"say where in sip\.tls\.access"):
        AlgSettings.model_validate(said)
    AlgSettings.model_validate(said | {"role": "edge"})
