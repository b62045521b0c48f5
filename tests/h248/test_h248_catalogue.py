"""Names and numbers of packages: wildcards, extensions, unknown ones and overrides."""

import pytest

from imsedge.core.errors import LocalError
from imsedge.h248.packages.catalogue import CATALOGUE, Kind


def test_wildcards() -> None:
    assert CATALOGUE.item_number(Kind.PROPERTY, "gm/*") == 0x008C_FFFF
    assert CATALOGUE.item_name(Kind.PROPERTY, 0x008C_FFFF) == "gm/*"
    assert CATALOGUE.item_number(Kind.EVENT, "*/*") == 0xFFFF_FFFF
    assert CATALOGUE.item_name(Kind.EVENT, 0xFFFF_FFFF) == "*/*"


def test_items_of_a_base_package_are_reached_through_the_package_that_extends_it() -> None:
    base = CATALOGUE.item_number(Kind.PROPERTY, "rtcph/rsb")
    assert CATALOGUE.item_number(Kind.PROPERTY, "gm/rsb") == 0x008C_0000 | base & 0xFFFF
    assert CATALOGUE.item_name(Kind.STATISTIC, 0x000C_0002) == "rtp/os"
    assert CATALOGUE.type_of(Kind.STATISTIC, "rtp/os") is CATALOGUE.type_of(Kind.STATISTIC, "nt/os")


def test_a_package_that_is_only_registered_has_its_name() -> None:
    assert CATALOGUE.package_number("msrpcs") == 0x00EB
    assert CATALOGUE.package_name(0x006E) == "fcp"


@pytest.mark.parametrize("number", [0x8100_0007, 0x008C_7777])
def test_what_has_no_name_gets_one_that_leads_back(number: int) -> None:
    name = CATALOGUE.item_name(Kind.SIGNAL, number)
    assert CATALOGUE.item_number(Kind.SIGNAL, name.upper()) == number


def test_a_parameter_without_a_name_gets_one_too() -> None:
    name = CATALOGUE.parameter_name(Kind.EVENT, "g/cause", 0x77)
    assert name == "id0077"
    assert CATALOGUE.parameter_number(Kind.EVENT, "g/cause", name) == 0x77


@pytest.mark.parametrize("name", ["acme/x", "gm/unknown", "gm", "id12345/id0001", "idxyzw/id0001"])
def test_a_name_without_a_number_is_our_own_mistake(name: str) -> None:
    with pytest.raises(LocalError):
        CATALOGUE.item_number(Kind.PROPERTY, name)


def test_overrides_change_numbers_and_add_packages_of_vendors() -> None:
    dialect = CATALOGUE.with_overrides(
        {
            "package acme": 0x8100,
            "property acme/flow": 0x0002,
            "property gm/saf": 0x0011,
            "event hangterm/thb timerx": 0x0009,
        }
    )
    assert dialect.item_number(Kind.PROPERTY, "acme/flow") == 0x8100_0002
    assert dialect.item_name(Kind.PROPERTY, 0x8100_0002) == "acme/flow"
    assert dialect.item_number(Kind.PROPERTY, "gm/saf") == 0x008C_0011
    assert dialect.parameter_number(Kind.EVENT, "hangterm/thb", "timerx") == 9
    assert dialect.type_of(Kind.PROPERTY, "gm/saf") is CATALOGUE.type_of(Kind.PROPERTY, "gm/saf")
    assert CATALOGUE.item_number(Kind.PROPERTY, "gm/saf") == 0x008C_0001


@pytest.mark.parametrize("key", ["gm/saf", "property gm", "colour gm/saf", "package ", ""])
def test_an_override_must_name_something(key: str) -> None:
    with pytest.raises(LocalError):
        CATALOGUE.with_overrides({key: 1})


@pytest.mark.parametrize("number", [-1, 0xFFFF, 0x1_0000])
def test_an_override_must_be_a_number_that_fits(number: int) -> None:
    with pytest.raises(LocalError):
        CATALOGUE.with_overrides({"property gm/saf": number})
