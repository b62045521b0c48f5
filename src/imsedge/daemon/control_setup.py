"""From settings to what the H.248 layers take; the same for gateway and controller."""

from collections.abc import Mapping
from pathlib import Path

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError, SettingError
from imsedge.daemon.settings import AgwH248, AlgH248
from imsedge.daemon.settings_file import read_toml
from imsedge.daemon.settings_names import read_names, read_numbers
from imsedge.daemon.settings_types import H248Transport
from imsedge.h248.binary.context import Context
from imsedge.h248.codec import DEFAULT_BINARY, Encoding
from imsedge.h248.dialect import Dialect
from imsedge.h248.model import IpMid, Mid
from imsedge.h248.packages.catalogue import CATALOGUE
from imsedge.h248.text.scanner import read_mid
from imsedge.h248.transactions import TransactionSettings
from imsedge.net.sctp import SctpTransport
from imsedge.net.tpkt import TpktTransport
from imsedge.net.transport import Transport
from imsedge.net.udp import UdpTransport

_CONNECTED = {H248Transport.TCP: TpktTransport, H248Transport.SCTP: SctpTransport}


async def open_transport(section: AgwH248 | AlgH248) -> Transport:
    """Bind ``h248.listen``; ``SettingError`` when it cannot be had."""
    try:
        if section.transport is H248Transport.UDP:
            return await UdpTransport.open(section.listen)
        kind = _CONNECTED[section.transport]
        if isinstance(section, AgwH248):  # the gateway calls, the controller is called
            return kind.connector(section.listen)
        return await kind.listen(section.listen)
    except OSError as error:
        raise SettingError(f"h248.listen: {section.listen} cannot be used: {error.strerror}") from None


def transaction_settings(section: AgwH248 | AlgH248, transport: Transport) -> TransactionSettings:
    """How transactions run over ``transport``."""
    timers = section.timers
    return TransactionSettings(
        mid=message_identifier(section.mid, transport.local),
        encoding=Encoding(section.encoding.value),
        binary=binary_context(section.numbers, section.names),
        reliable=transport.reliable,
        first_delay=timers.first_repeat,
        longest_delay=timers.longest_repeat,
        t_max=timers.give_up,
        long_timer=timers.long_timer,
        provisional=timers.provisional,
    )


def binary_context(numbers: Mapping[str, int], names: Mapping[str, str]) -> Context:
    """The numbers of packages and items in binary and their names in text, with those of the settings."""
    if not numbers and not names:
        return DEFAULT_BINARY
    return DEFAULT_BINARY.replace(CATALOGUE.with_overrides(numbers), Dialect(names))


def context_of_file(path: Path) -> Context:
    """What the tables ``h248.numbers`` and ``h248.names`` of a settings file say, whosever it is.

    Raises ``SettingError``.
    """
    section = read_toml(path).get("h248", {})
    if not isinstance(section, dict):
        raise SettingError("h248: must be a table")
    try:
        return binary_context(read_numbers(section.get("numbers", {})), read_names(section.get("names", {})))
    except ValueError as error:
        raise SettingError(f"{path}: {error}") from None


def message_identifier(text: str, local: TransportAddress) -> Mid:
    """The identifier that the settings name; without one, the address that peers see."""
    if not text:
        return IpMid(local.host, local.port)
    try:
        return read_mid(text)
    except RemoteError as error:
        raise SettingError(f"h248.mid: {error.reason}") from None
