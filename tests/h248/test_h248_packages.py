"""Every package of ``ALL``: rows that fit together, values that survive, keys that are typed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import LocalError
from imsedge.h248.errors import H248Error
from imsedge.h248.model import Parameter, Relation, Statistic
from imsedge.h248.packages import ALL, ds, gm, hangterm, ipdc, ipra, nt, tcpbcc, weak
from imsedge.h248.packages.catalogue import CATALOGUE, Kind
from imsedge.h248.packages.model import Package
from imsedge.h248.packages.registry import REGISTERED
from imsedge.h248.packages.types import Boolean, Enumeration, Integer, OctetString, Text
from kit.h248_strategies import lexical

PACKAGES = {package.name: package for package in ALL}
NAME = frozenset(string.ascii_letters + string.digits + "_")


def rows(package: Package) -> list[tuple[Kind, str, int]]:
    return [
        *((Kind.PROPERTY, row.name, row.id) for row in package.properties),
        *((Kind.EVENT, row.name, row.id) for row in package.events),
        *((Kind.SIGNAL, row.name, row.id) for row in package.signals),
        *((Kind.STATISTIC, row.name, row.id) for row in package.statistics),
    ]


@pytest.mark.parametrize("package", ALL, ids=PACKAGES)
def test_a_package_is_registered_under_its_number(package: Package) -> None:
    (registered,) = [row for row in REGISTERED if row.number == package.id]
    assert (registered.name, registered.extends) == (package.name, package.extends)
    assert package.version <= registered.version


@pytest.mark.parametrize("package", ALL, ids=PACKAGES)
def test_items_carry_the_name_of_their_package_and_numbers_of_their_own(package: Package) -> None:
    found = rows(package)
    assert all(name.startswith(f"{package.name}/") for _, name, _ in found)
    assert all(NAME.issuperset(name.partition("/")[2]) for _, name, _ in found)
    assert len({(kind, number) for kind, _, number in found}) == len(found)
    assert len({(kind, name.lower()) for kind, name, _ in found}) == len(found)
    assert found


@pytest.mark.parametrize("package", ALL, ids=PACKAGES)
def test_names_and_numbers_lead_to_each_other(package: Package) -> None:
    assert CATALOGUE.package_name(CATALOGUE.package_number(package.name.upper())) == package.name
    for kind, name, number in rows(package):
        whole = package.id << 16 | number
        assert CATALOGUE.item_number(kind, name.upper()) == whole
        assert CATALOGUE.item_name(kind, whole) == name


@pytest.mark.parametrize("package", ALL, ids=PACKAGES)
def test_parameters_lead_to_their_numbers_and_back(package: Package) -> None:
    events = [(Kind.EVENT, row.name, (*row.requested, *row.observed)) for row in package.events]
    signals = [(Kind.SIGNAL, row.name, row.parameters) for row in package.signals]
    for kind, item, parameters in [*events, *signals]:
        for parameter in parameters:
            assert CATALOGUE.parameter_number(kind, item, parameter.name) == parameter.id
            assert CATALOGUE.parameter_name(kind, item.upper(), parameter.id) == parameter.name
            assert CATALOGUE.type_of(kind, item, parameter.name) is parameter.type


@pytest.mark.parametrize("package", ALL, ids=PACKAGES)
@given(st.data())
def test_every_typed_value_survives_reading_and_writing(package: Package, data: st.DataObject) -> None:
    for row in (*package.properties, *package.statistics):
        value = row.type.read(data.draw(lexical(row.type)))
        assert row.read(row.write(value)) == value
        assert row.read_all(row.write_all((value, value))) == (value, value)


def test_every_weak_row_is_used() -> None:
    keys = {f"{kind} {name}" for package in ALL for kind, name, _ in rows(package)}
    for package in ALL:
        keys |= {
            f"event {row.name} {p.name}" for row in package.events for p in (*row.requested, *row.observed)
        }
        keys |= {f"signal {row.name} {p.name}" for row in package.signals for p in row.parameters}
    assert keys >= weak.TABLE.keys()


def test_a_typed_key_reads_and_writes_parameters() -> None:
    assert gm.SAF.write(value=True) == Parameter("gm/saf", ("ON",))
    assert gm.SAF.read(Parameter("GM/SAF", ("on",))) is True
    assert hangterm.TIMER_X.write(600) == Parameter("timerx", ("600",))
    assert tcpbcc.MODE.read(Parameter("tcpbcc/mode", ("Proxy",))) == "proxy"
    assert ipdc.REALM.read(Parameter("ipdc/realm", ("core",))) == "core"
    assert ds.DSCP.read(Parameter("ds/dscp", ("0xB8",))) == b"\xb8"
    assert nt.DURATION.count(7) == Statistic("nt/dur", ("7",))
    assert ipra.AVAILABLE.write_all(("a", "b")) == Parameter("ipra/ar", ('"a"', '"b"'), Relation.ALL_OF)
    assert gm.SAM.choose() == Parameter("gm/sam", ("$",))


def test_a_key_finds_its_property_among_others() -> None:
    properties = (Parameter("gm/sam", ('"[192.0.2.7]"',)), Parameter("GM/saf", ("ON",)))
    assert gm.SAF.find(properties) is True
    assert gm.SPR.find(properties) is None


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("gm/saf", ("maybe",)),
        Parameter("gm/saf", ("ON", "OFF"), Relation.ONE_OF),
        Parameter("gm/saf", ("ON",), Relation.NOT_EQUAL),
        Parameter("gm/saf", ()),
    ],
)
def test_what_is_no_value_of_the_type_is_error_449(parameter: Parameter) -> None:
    with pytest.raises(H248Error) as caught:
        gm.SAF.read(parameter)
    assert caught.value.code == 449


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (Integer(0, 9), "10"),
        (Integer(0, 9), "-1"),
        (Integer(), "1_0"),
        (Integer(), "0xZ"),
        (Integer(), "9" * 30),
        (Integer(), "\u0661"),
        (Enumeration(a=1), "b"),
        (OctetString(), "abc"),
        (Text(3), '"four"'),
    ],
)
def test_values_at_and_beyond_their_limits(
    type_: Integer | Enumeration | OctetString | Text, text: str
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each type has its own words
        type_.read(text)


def test_lexical_forms() -> None:
    assert Integer(0, 255).read("0xFF") == 255
    assert Integer().read("-5") == -5
    assert (Boolean().read("true"), Boolean().read("OFF")) == (True, False)
    assert Enumeration(LATCH=1).read('"latch"') == "LATCH"
    assert Enumeration(LATCH=1).word(1) == "LATCH"
    assert OctetString(mirrored=True).write(b"\x1b") == "d8"
    assert OctetString(mirrored=True).read("D8") == b"\x1b"


@pytest.mark.parametrize(
    "write",
    [
        lambda: gm.SPR.write(65_536),
        lambda: tcpbcc.MODE.write("magic"),
        lambda: ipdc.REALM.write('a"b'),
        lambda: ipdc.REALM.write("a\nb"),
    ],
)
def test_our_own_values_are_checked_before_they_are_sent(write: object) -> None:
    with pytest.raises(LocalError):
        write()  # type: ignore[operator]
