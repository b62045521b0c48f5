"""What a row of the settings table is, and the types of its values."""

import ipaddress
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PlainValidator
from pydantic.fields import FieldInfo

from imsedge.core.address import TransportAddress, read_transport_address
from imsedge.core.errors import SettingError
from imsedge.security.tls import find_profile


class Section(BaseModel):
    """A table of the TOML file.  ``named``: what tables in it are that can have any name."""

    named: ClassVar[type[BaseModel] | None] = None

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def setting(default: Any, meaning: str, *, unit: str = "", **checks: Any) -> Any:
    """One row of the table: ``checks`` are pydantic's (``ge``, ``le``, ``pattern`` ...)."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit}, **checks)


def named_tables(model: type[BaseModel]) -> type[BaseModel] | None:
    """What a table of any name is in ``model``; ``None`` where there can be none."""
    return model.named if issubclass(model, Section) else None


def unit_of(field: FieldInfo) -> str:
    """The unit of a row, ``""`` when it has none."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


PROFILE = r"^([A-Za-z]\w{0,63}/\d{1,2})?$"

# --- types of values ---------------------------------------------------------------------------------


def _read_address(value: object) -> TransportAddress:
    if isinstance(value, TransportAddress):
        return value
    try:
        return read_transport_address(str(value))
    except ValueError:
        raise ValueError("must be address:port, such as 192.0.2.1:2944 or [2001:db8::1]:2944") from None


def _read_optional_address(value: object) -> TransportAddress | None:
    return None if value is None or value == "none" else _read_address(value)


def _read_optional_proxy(value: object) -> TransportAddress | None:
    if value is None or value == "none":
        return None
    if isinstance(value, TransportAddress):
        return value
    transport, _, address = str(value).partition(":")
    if transport != "udp":
        raise ValueError("must be udp:address:port, such as udp:192.0.2.1:2223, or none")
    return _read_address(address)


def _read_optional_path(value: object) -> Path | None:
    if value is None or value == "none":
        return None
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be the path of a file, or the word none")
    return Path(value)


def _read_ip(value: object) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise ValueError("must be an IPv4 or IPv6 address") from None


def is_wildcard(address: TransportAddress) -> bool:
    """Whether binding to it means every address of the machine."""
    return ipaddress.ip_address(address.host).is_unspecified


def _read_tls_profile(value: object) -> str:
    try:
        find_profile(str(value))
    except SettingError as error:
        raise ValueError(str(error)) from None
    return str(value)


def _split(value: object) -> object:
    """Lists come from the environment as words with commas between."""
    return _parts(value) if isinstance(value, str) else value


def _parts(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


Address = Annotated[TransportAddress, PlainValidator(_read_address), PlainSerializer(str)]
OptionalAddress = Annotated[
    TransportAddress | None,
    PlainValidator(_read_optional_address),
    PlainSerializer(lambda value: value and str(value)),
]
OptionalProxy = Annotated[
    TransportAddress | None,
    PlainValidator(_read_optional_proxy),
    PlainSerializer(lambda value: value and f"udp:{value}"),
]
OptionalPath = Annotated[Path | None, PlainValidator(_read_optional_path)]
IpAddress = Annotated[str, PlainValidator(_read_ip)]
IpAddresses = Annotated[tuple[IpAddress, ...], BeforeValidator(_split)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_split)]
Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
TlsProfileName = Annotated[str, PlainValidator(_read_tls_profile)]


class H248Encoding(Enum):
    """How we write H.248; any encoding is read."""

    PRETTY = "pretty"
    COMPACT = "compact"
    BER = "ber"


class H248Transport(Enum):
    """What carries H.248 messages."""

    UDP = "udp"
    TCP = "tcp"
    SCTP = "sctp"


class LogFormat(Enum):
    """What a log line looks like."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(Enum):
    """The least severe lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
