"""From settings to transports and transactions of H.248."""

from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.daemon.control_setup import (
    binary_context,
    context_of_file,
    message_identifier,
    open_transport,
    transaction_settings,
)
from imsedge.daemon.settings import AgwH248, AlgH248, H248Timers
from imsedge.daemon.settings_types import H248Encoding, H248Transport
from imsedge.h248.codec import DEFAULT_BINARY, Encoding
from imsedge.h248.model import DeviceMid, DomainMid, IpMid
from imsedge.h248.packages.catalogue import Kind
from kit.peers import has_sctp

ANY = TransportAddress("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("text", "mid"),
    [
        ("", IpMid("127.0.0.1", 2946)),
        ("[192.0.2.1]:2944", IpMid("192.0.2.1", 2944)),
        ("<gw.example.net>", DomainMid("gw.example.net")),
        ("gateway7", DeviceMid("gateway7")),
    ],
)
def test_message_identifiers(text: str, mid: object) -> None:
    assert message_identifier(text, TransportAddress("127.0.0.1", 2946)) == mid


def test_what_is_no_message_identifier() -> None:
    with pytest.raises(SettingError, match=r"h248\.mid: "):
        message_identifier("[192.0.2.256]:2944", ANY)


@pytest.mark.system
@pytest.mark.parametrize(
    ("section", "name", "reliable"),
    [
        (AgwH248(listen=ANY), "udp", False),
        (AlgH248(listen=ANY), "udp", False),
        (AlgH248(listen=ANY, transport=H248Transport.TCP), "tcp", True),
        (AgwH248(listen=ANY, transport=H248Transport.TCP), "tcp", True),
    ],
)
async def test_transports(section: AgwH248 | AlgH248, name: str, reliable: bool) -> None:
    transport = await open_transport(section)
    settings = transaction_settings(section, transport)
    assert (transport.name, settings.reliable) == (name, reliable)
    assert settings.mid == IpMid("127.0.0.1", transport.local.port)
    transport.close()


@pytest.mark.system
async def test_a_taken_port_is_said_with_the_name_of_the_setting() -> None:
    first = await open_transport(AlgH248(listen=ANY))
    with pytest.raises(SettingError, match=r"h248\.listen: 127\.0\.0\.1:\d+ cannot be used"):
        await open_transport(AlgH248(listen=first.local))
    first.close()


@pytest.mark.system
@pytest.mark.parametrize("section", [AgwH248, AlgH248])
async def test_sctp_is_had_or_refused_in_one_sentence(section: type[AgwH248 | AlgH248]) -> None:
    asked = section(listen=ANY, transport=H248Transport.SCTP)
    if has_sctp():
        transport = await open_transport(asked)
        assert transport.name == "sctp"
        transport.close()
    else:
        with pytest.raises(SettingError, match=r"^h248\.transport: this kernel has no SCTP .* udp or tcp$"):
            await open_transport(asked)


@pytest.mark.system
async def test_numbers_of_the_settings_reach_the_transactions() -> None:
    section = AgwH248(listen=ANY, numbers={"property gm/saf": 0x21}, names={"gm/saf": "x/filter"})
    transport = await open_transport(section)
    binary = transaction_settings(section, transport).binary
    assert binary.catalogue.item_number(Kind.PROPERTY, "gm/saf") == 0x008C_0021
    assert binary.catalogue.item_name(Kind.PROPERTY, 0x008C_0021) == "gm/saf"
    assert binary.dialect.written == {"gm/saf": "x/filter"}
    transport.close()
    assert binary_context({}, {}) is DEFAULT_BINARY


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("h248 = 1", "h248: must be a table"),
        ("[h248]\nnames = 1", "must be a table, such as"),
        ('[h248.numbers]\n"gm/saf" = 1', "names no package, item or parameter"),
        ('[h248.names]\n"saf" = "x/y"', "is no package/item name"),
    ],
)
def test_words_of_a_file_that_cannot_be(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingError, match=sentence):
        context_of_file(path)


@pytest.mark.system
async def test_timers_and_encoding_reach_the_transactions() -> None:
    section = AgwH248(listen=ANY, encoding=H248Encoding.PRETTY, timers=H248Timers(give_up=7, long_timer=9))
    transport = await open_transport(section)
    settings = transaction_settings(section, transport)
    assert (settings.t_max, settings.long_timer, settings.encoding) == (7, 9, Encoding.PRETTY)
    transport.close()
