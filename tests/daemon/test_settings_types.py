"""Values of settings: what is taken and how it is written."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from imsedge.core.address import TransportAddress
from imsedge.daemon.settings_names import Names, Numbers
from imsedge.daemon.settings_types import (
    Addresses,
    IpAddresses,
    OptionalAddress,
    OptionalPath,
    Words,
    setting,
    unit_of,
)


class Table(BaseModel):
    addresses: Addresses = setting((), "Some.")
    hosts: IpAddresses = setting((), "Some.")
    words: Words = setting((), "Some.")
    numbers: Numbers = setting({}, "Some.")
    names: Names = setting({}, "Some.")
    endpoint: OptionalAddress = setting(None, "One.")
    file: OptionalPath = setting(None, "One.")
    wait: float = setting(1.0, "A time.", unit="s", gt=0)


TAKEN = {
    "a list": ("words", ["a", "b"], ("a", "b")),
    "words with commas, as in the environment": ("words", " a, b ,", ("a", "b")),
    "nothing": ("words", "", ()),
    "IPv4": ("addresses", ["192.0.2.1:2944"], (TransportAddress("192.0.2.1", 2944),)),
    "IPv6": ("addresses", "[2001:db8::1]:2944", (TransportAddress("2001:db8::1", 2944),)),
    "an address in its shortest form": ("hosts", ["2001:0db8::0001"], ("2001:db8::1",)),
    "numbers": (
        "numbers",
        {"property gm/saf": 2, "package gm": "0x8d"},
        {"property gm/saf": 2, "package gm": 0x8D},
    ),
    "numbers from the environment": (
        "numbers",
        " event hangterm/thb timerx = 3,",
        {"event hangterm/thb timerx": 3},
    ),
    "names": ("names", {"tcpbcc/EstBNC": "xtcp/start"}, {"tcpbcc/EstBNC": "xtcp/start"}),
    "names that change places": (
        "names",
        {"tcpbcc/EstBNC": "tcpbcc/RelBNC", "tcpbcc/RelBNC": "tcpbcc/EstBNC"},
        {"tcpbcc/EstBNC": "tcpbcc/RelBNC", "tcpbcc/RelBNC": "tcpbcc/EstBNC"},
    ),
    "names from the environment": (
        "names",
        "nt/os = xnt/sent, nt/or=xnt/got",
        {"nt/os": "xnt/sent", "nt/or": "xnt/got"},
    ),
    "no endpoint": ("endpoint", "none", None),
    "an endpoint": ("endpoint", "127.0.0.1:0", TransportAddress("127.0.0.1", 0)),
    "no file": ("file", "none", None),
    "a file": ("file", "/etc/cert.pem", Path("/etc/cert.pem")),
}


@pytest.mark.parametrize(("name", "given", "value"), TAKEN.values(), ids=TAKEN)
def test_taken(name: str, given: object, value: object) -> None:
    assert getattr(Table.model_validate({name: given}), name) == value


REFUSED = {
    "a port too high": ("addresses", ["192.0.2.1:65536"]),
    "no port": ("endpoint", "192.0.2.1"),
    "a name": ("hosts", ["localhost"]),
    "not above the limit": ("wait", 0),
    "a name without a package": ("names", {"EstBNC": "xtcp/start"}),
    "one name for two items": ("names", "nt/os=x/y, nt/or=x/Y"),
    "names that are no table": ("names", 7),
    "a name of nothing": ("names", {"tcpbcc/EstBMC": "x/y"}),
    "the name of another item": ("names", {"tcpbcc/EstBNC": "tcpbcc/RelBNC"}),
    "an empty path": ("file", ""),
    "a path that cannot be": ("file", "cert\0.pem"),
    "a number for a path": ("file", 1.5),
}


@pytest.mark.parametrize(("name", "given"), REFUSED.values(), ids=REFUSED)
def test_refused(name: str, given: object) -> None:
    with pytest.raises(ValidationError):
        Table.model_validate({name: given})


def test_addresses_are_written_as_they_are_read() -> None:
    table = Table(endpoint=TransportAddress("2001:db8::1", 1))
    assert table.model_dump()["endpoint"] == "[2001:db8::1]:1"
    assert Table().model_dump()["endpoint"] is None


def test_the_unit_of_a_row() -> None:
    assert unit_of(Table.model_fields["wait"]) == "s"
    assert unit_of(Table.model_fields["words"]) == ""
