"""The shapes of attribute values, one row a type, used for reading and writing (RFC 8855 clause 5.2)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from imsedge.bfcp.errors import BfcpError
from imsedge.bfcp.model import ErrorCode, Kind, Problem, RequestStatus


class Shape(NamedTuple):
    """``read`` gets the contents without header and padding; ``write`` is its inverse."""

    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


def _exactly(octets: bytes, length: int) -> bytes:
    if len(octets) != length:
        raise BfcpError(ErrorCode.UNREADABLE, f"{length} octets are expected, not {len(octets)}")
    return octets


_NUMBER = Shape(lambda b: int.from_bytes(_exactly(b, 2), "big"), lambda v: v.to_bytes(2, "big"))
# Three bits, and thirteen that are reserved.
_PRIORITY = Shape(lambda b: _exactly(b, 2)[0] >> 5, lambda v: bytes((v << 5, 0)))
_STATUS = Shape(lambda b: RequestStatus(*_exactly(b, 2)), bytes)
_TEXT = Shape(lambda b: b.decode("utf-8", "surrogateescape"), lambda v: v.encode("utf-8", "surrogateescape"))
_NUMBERS = Shape(tuple, bytes)
# Seven bits of type, and one that is reserved.
_TYPES = Shape(lambda b: tuple(octet >> 1 for octet in b), lambda v: bytes(kind << 1 for kind in v))


def _read_problem(octets: bytes) -> Problem:
    if not octets:
        raise BfcpError(ErrorCode.UNREADABLE, "an error code is expected")
    return Problem(octets[0], octets[1:])


_PROBLEM = Shape(_read_problem, lambda v: bytes((v.code,)) + v.details)

SHAPES: dict[int, Shape] = {
    Kind.BENEFICIARY_ID: _NUMBER,
    Kind.FLOOR_ID: _NUMBER,
    Kind.FLOOR_REQUEST_ID: _NUMBER,
    Kind.PRIORITY: _PRIORITY,
    Kind.REQUEST_STATUS: _STATUS,
    Kind.ERROR_CODE: _PROBLEM,
    Kind.ERROR_INFO: _TEXT,
    Kind.PARTICIPANT_PROVIDED_INFO: _TEXT,
    Kind.STATUS_INFO: _TEXT,
    Kind.SUPPORTED_ATTRIBUTES: _TYPES,
    Kind.SUPPORTED_PRIMITIVES: _NUMBERS,
    Kind.USER_DISPLAY_NAME: _TEXT,
    Kind.USER_URI: _TEXT,
}

GROUPS = frozenset(
    {
        Kind.BENEFICIARY_INFORMATION,
        Kind.FLOOR_REQUEST_INFORMATION,
        Kind.REQUESTED_BY_INFORMATION,
        Kind.FLOOR_REQUEST_STATUS,
        Kind.OVERALL_REQUEST_STATUS,
    }
)
"""Attributes whose contents are an identifier of 16 bits and further attributes."""
