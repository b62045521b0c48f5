"""BFCP messages (RFC 8855 clause 5): a common header and attributes, each a typed value.

Values are what a reader wants to see; ``attributes.py`` has the table of their shapes.  Attributes and
primitives that nobody knows keep their number and their octets.
"""

from enum import IntEnum
from typing import NamedTuple

from msgspec import Struct


class Primitive(IntEnum):
    """RFC 8855 table 1."""

    FLOOR_REQUEST = 1
    FLOOR_RELEASE = 2
    FLOOR_REQUEST_QUERY = 3
    FLOOR_REQUEST_STATUS = 4
    USER_QUERY = 5
    USER_STATUS = 6
    FLOOR_QUERY = 7
    FLOOR_STATUS = 8
    CHAIR_ACTION = 9
    CHAIR_ACTION_ACK = 10
    HELLO = 11
    HELLO_ACK = 12
    ERROR = 13
    FLOOR_REQUEST_STATUS_ACK = 14
    FLOOR_STATUS_ACK = 15
    GOODBYE = 16
    GOODBYE_ACK = 17


class Kind(IntEnum):
    """Attribute types, RFC 8855 table 2."""

    BENEFICIARY_ID = 1
    FLOOR_ID = 2
    FLOOR_REQUEST_ID = 3
    PRIORITY = 4
    REQUEST_STATUS = 5
    ERROR_CODE = 6
    ERROR_INFO = 7
    PARTICIPANT_PROVIDED_INFO = 8
    STATUS_INFO = 9
    SUPPORTED_ATTRIBUTES = 10
    SUPPORTED_PRIMITIVES = 11
    USER_DISPLAY_NAME = 12
    USER_URI = 13
    BENEFICIARY_INFORMATION = 14
    FLOOR_REQUEST_INFORMATION = 15
    REQUESTED_BY_INFORMATION = 16
    FLOOR_REQUEST_STATUS = 17
    OVERALL_REQUEST_STATUS = 18


class Status(IntEnum):
    """What became of a floor request, RFC 8855 table 4."""

    PENDING = 1
    ACCEPTED = 2
    GRANTED = 3
    DENIED = 4
    CANCELLED = 5
    RELEASED = 6
    REVOKED = 7


class ErrorCode(IntEnum):
    """RFC 8855 table 5, those used here."""

    UNKNOWN_CONFERENCE = 1
    UNKNOWN_USER = 2
    UNKNOWN_PRIMITIVE = 3
    UNKNOWN_MANDATORY_ATTRIBUTE = 4
    INVALID_FLOOR = 6
    UNKNOWN_FLOOR_REQUEST = 7
    TOO_MANY_REQUESTS = 8
    UNREADABLE = 10
    UNSUPPORTED_VERSION = 12
    WRONG_LENGTH = 13


class RequestStatus(NamedTuple):
    """``status`` is one of ``Status``; ``queue`` the place in it, 0 when there is none."""

    status: int
    queue: int = 0


class Problem(NamedTuple):
    """The value of ERROR-CODE; ``details`` are the unknown types with error 4."""

    code: int
    details: bytes = b""


class Group(NamedTuple):
    """A grouped attribute: the identifier in its header, and what it holds."""

    id: int
    attributes: tuple["Attribute", ...] = ()


Value = int | str | bytes | tuple[int, ...] | RequestStatus | Problem | Group


class Attribute(NamedTuple):
    """``mandatory``: a receiver that does not know it must refuse the message."""

    kind: int
    value: Value
    mandatory: bool = False


class Message(Struct, frozen=True, kw_only=True):
    """``version`` is 1 over TCP (RFC 8855 clause 5.1).

    ``responder``: the R bit, which only version 2 over datagrams uses.
    """

    primitive: int
    conference: int
    transaction: int
    user: int
    attributes: tuple[Attribute, ...] = ()
    version: int = 1
    responder: bool = False

    def find(self, kind: Kind) -> Value | None:
        """The value of the first attribute of that type, also inside groups; ``None`` when absent."""
        return _find(self.attributes, kind)

    @property
    def name(self) -> str:
        """``FloorRequest``, or the number of a primitive that is not known."""
        if self.primitive not in _NAMES:
            return f"primitive {self.primitive}"
        return _NAMES[self.primitive]


_NAMES = {primitive.value: primitive.name.title().replace("_", "") for primitive in Primitive}


def _find(attributes: tuple[Attribute, ...], kind: Kind) -> Value | None:
    for attribute in attributes:
        if attribute.kind == kind:
            return attribute.value
        if isinstance(attribute.value, Group):
            found = _find(attribute.value.attributes, kind)
            if found is not None:
                return found
    return None
