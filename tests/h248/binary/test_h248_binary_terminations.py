"""Termination names and their bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import LocalError
from imsedge.h248.binary.terminations import BinaryName, TerminationNames

NAMES = TerminationNames()

# Name, wildcard fields, identifier.
TABLE = [
    ("ROOT", (), "ffffffffffffffff"),
    ("ip/access/7", (), "010100000007"),
    ("ip/core/4294967295", (), "0102ffffffff"),
    ("*", ("ef",), "000000000000"),
    ("$", ("6f",), "000000000000"),
    ("ip/*", ("e7",), "010000000000"),
    ("ip/$", ("67",), "010000000000"),
    ("ip/core/*", ("9f",), "010200000000"),
    ("ip/access/$", ("1f",), "010100000000"),
    ("hex/0a0b0c", (), "0a0b0c"),
    ("hex/0a0b0c/87/4f", ("87", "4f"), "0a0b0c"),
]


@pytest.mark.parametrize(("name", "wildcard", "octets"), TABLE)
def test_names_and_bits(name: str, wildcard: tuple[str, ...], octets: str) -> None:
    binary = BinaryName(tuple(bytes.fromhex(field) for field in wildcard), bytes.fromhex(octets))
    assert NAMES.write(name) == binary
    assert NAMES.read(binary) == name


@given(st.lists(st.binary(min_size=1, max_size=1), max_size=2), st.binary(min_size=1, max_size=8))
def test_any_identifier_has_a_name_that_leads_back(wildcard: list[bytes], octets: bytes) -> None:
    binary = BinaryName(tuple(wildcard), octets)
    name = NAMES.read(binary)
    assert NAMES.write(name) == binary
    assert len(name) <= 64


@pytest.mark.parametrize(
    "name", ["line/1", "ip/other/1", "ip/access/x", "ip/access/007", "ip/access/4294967296", "hex/", ""]
)
def test_names_without_a_place_in_the_hierarchy(name: str) -> None:
    with pytest.raises(LocalError):
        NAMES.write(name)


def test_groups_are_a_matter_of_provisioning() -> None:
    names = TerminationNames(("blue", "green", "red"))
    assert names.write("IP/Red/1").id.hex() == "010300000001"
    assert names.read(BinaryName((), bytes.fromhex("010200000001"))) == "ip/green/1"
