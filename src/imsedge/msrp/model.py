"""MSRP messages (RFC 4975 clause 9), with every header field kept in its place.

Known fields have typed readers; unknown ones pass, since real peers add their own to requests and responses.
"""

import re
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from imsedge.core.errors import RemoteError
from imsedge.core.msrp_uri import MsrpUri, read_msrp_path
from imsedge.msrp.errors import MsrpError

_BYTE_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{1,18}|\*)/([0-9]{1,18}|\*)")
_STATUS = re.compile(r"000 +([0-9]{3})(?: (.*))?")


class Flag(Enum):
    """The last character of the end-line: how the chunk ended."""

    COMPLETE = "$"
    MORE = "+"
    ABORTED = "#"


class Header(NamedTuple):
    """A header field as it was written."""

    name: str
    value: str


class ByteRange(NamedTuple):
    """Positions count from 1; ``end`` and ``total`` are ``None`` where ``*`` was written."""

    start: int
    end: int | None
    total: int | None

    def __str__(self) -> str:
        return f"{self.start}-{_star(self.end)}/{_star(self.total)}"


class FailureReport(Enum):
    """When the sender wants to hear of failures (RFC 4975 clause 7.1.2)."""

    YES = "yes"
    NO = "no"
    PARTIAL = "partial"


class _Message(Struct, frozen=True, kw_only=True):
    """``headers``: all fields in order, the two paths first."""

    transaction: str
    headers: tuple[Header, ...]
    flag: Flag = Flag.COMPLETE

    def header(self, name: str) -> str | None:
        """Value of the first field of that name (case-insensitive)."""
        wanted = name.lower()
        return next((value for known, value in self.headers if known.lower() == wanted), None)

    @property
    def to_path(self) -> tuple[MsrpUri, ...]:
        return self._path("To-Path")

    @property
    def from_path(self) -> tuple[MsrpUri, ...]:
        return self._path("From-Path")

    def _path(self, name: str) -> tuple[MsrpUri, ...]:
        value = self.header(name)
        if value is None:
            raise MsrpError(400, f"{name} is missing")
        try:
            return read_msrp_path(value)
        except RemoteError as error:
            raise MsrpError(400, f"{name} cannot be read: {error.reason}") from error


class Request(_Message, frozen=True, kw_only=True):
    """``body`` is ``None`` when there is none, not even an empty one."""

    method: str
    body: bytes | None = None

    @property
    def message_id(self) -> str:
        """Raises ``MsrpError`` 400 when missing."""
        value = self.header("Message-ID")
        if value is None:
            raise MsrpError(400, "Message-ID is missing")
        return value

    @property
    def byte_range(self) -> ByteRange:
        """``1-*/*`` when absent (RFC 4975 clause 7.1.1); ``MsrpError`` 400 when it cannot be read."""
        text = self.header("Byte-Range")
        if text is None:
            return ByteRange(1, None, None)
        found = _BYTE_RANGE.fullmatch(text.strip())
        if found is None or int(found[1]) < 1:
            raise MsrpError(400, "Byte-Range cannot be read")
        return ByteRange(int(found[1]), _number(found[2]), _number(found[3]))

    @property
    def wants_success_report(self) -> bool:
        return (self.header("Success-Report") or "no").strip().lower() == "yes"

    @property
    def failure_report(self) -> FailureReport:
        """``YES`` when absent or unknown: then nobody waits in vain."""
        text = (self.header("Failure-Report") or "yes").strip().lower()
        return FailureReport(text) if text in _FAILURE_REPORTS else FailureReport.YES

    @property
    def status(self) -> tuple[int, str]:
        """Code and comment of a REPORT's Status field (RFC 4975 clause 9)."""
        found = _STATUS.fullmatch((self.header("Status") or "").strip())
        if found is None:
            raise MsrpError(400, "Status cannot be read")
        return int(found[1]), found[2] or ""


class Response(_Message, frozen=True, kw_only=True):
    """``comment`` may be empty."""

    status: int
    comment: str = ""


Message = Request | Response

_FAILURE_REPORTS = frozenset(value.value for value in FailureReport)


def _star(number: int | None) -> str:
    return "*" if number is None else str(number)


def _number(text: str) -> int | None:
    return None if text == "*" else int(text)
