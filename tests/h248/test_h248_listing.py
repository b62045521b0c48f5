"""The printed catalogue has a row for everything in the tables, with how far it can be trusted."""

from imsedge.h248.packages import ALL, tcpbcc
from imsedge.h248.packages.listing import listing
from imsedge.h248.packages.weak import TABLE, Trust


def test_every_package_is_listed_by_number() -> None:
    assert [package.number for package in listing()] == sorted(package.id for package in ALL)


def test_an_event_is_followed_by_its_parameters_each_once() -> None:
    (package,) = listing((tcpbcc.PACKAGE,))
    rows = [(item.what, item.name, item.notes) for item in package.items if "BNCChange" in item.key]
    assert rows == [
        ("event", "tcpbcc/BNCChange", ""),
        ("parameter", "Type", "requested and observed"),
        ("parameter", "cause", "observed"),
    ]


def test_a_property_says_where_it_stands_and_what_holds_without_it() -> None:
    (package,) = listing((tcpbcc.PACKAGE,))
    notes = {item.name: item.notes for item in package.items}
    assert notes["tcpbcc/incoming"] == "LocalControl, read and write, default accept"


def test_what_no_public_source_confirms_is_marked() -> None:
    trusts = {item.key: item.trust for package in listing() for item in package.items}
    assert trusts["property tcpbcc/mode"] == Trust.OURS.value
    assert trusts["event g/cause"] == Trust.FOUND.value
    assert {key for key, trust in trusts.items() if trust != Trust.FOUND.value} == set(TABLE)
