"""Counters of single elements of nftables' sets, asked for over netlink (nfnetlink, ``NFT_MSG_GETSETELEM``).

The library reads all elements of the table to tell one: milliseconds for a thousand ways.  The kernel itself
answers in some microseconds, and the question is one message:

    nlmsghdr, nfgenmsg, TABLE, SET, ELEMENTS { ELEM { KEY { VALUE } } }

The answer has the same shape, with EXPR { NAME "counter", DATA { BYTES, PACKETS } } in the element.
"""

import ipaddress
import socket
from collections.abc import Iterator
from struct import Struct as Layout
from typing import NamedTuple

from imsedge.core.address import TransportAddress

_NETFILTER = 12  # NETLINK_NETFILTER
_GET_ELEMENT, _NEW_ELEMENT = 10 << 8 | 13, 10 << 8 | 12  # NFNL_SUBSYS_NFTABLES, NFT_MSG_*
_REQUEST = 1
_FAMILIES = {"ip": 2, "ip6": 10}
_NESTED = 0x8000
_TABLE, _SET, _ELEMENTS, _ELEMENT, _KEY, _VALUE = 1, 2, 3, 1, 1, 1
_EXPRESSION, _DATA, _BYTES, _PACKETS = 7, 2, 1, 2
_PATH = (_ELEMENTS, _ELEMENT, _EXPRESSION, _DATA)

_HEADER = Layout("=IHHIIBBH")  # nlmsghdr and nfgenmsg
_ATTRIBUTE = Layout("=HH")
_ANSWER_OCTETS = 8_192


class Count(NamedTuple):
    """What has passed an element."""

    packets: int = 0
    octets: int = 0


class SetCounters:
    """Asks the kernel, over a socket that is made when first used."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def read(self, family: str, table: str, of: str, key: bytes) -> Count:
        """Of the element of set ``of`` with that key; zeros when there is none."""
        names = _attribute(_TABLE, table.encode() + b"\0") + _attribute(_SET, of.encode() + b"\0")
        value = _nest(_ELEMENTS, _nest(_ELEMENT, _nest(_KEY, _attribute(_VALUE, key))))
        try:
            return _read(self._ask(family, names + value))
        except OSError:
            return Count()

    def _ask(self, family: str, body: bytes) -> bytes:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER)
            self._socket.bind((0, 0))
        head = _HEADER.pack(_HEADER.size + len(body), _GET_ELEMENT, _REQUEST, 0, 0, _FAMILIES[family], 0, 0)
        self._socket.send(head + body)
        return self._socket.recv(_ANSWER_OCTETS)  # it is there when ``send`` returns

    def close(self) -> None:
        """May be repeated."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def mark_key(mark: int) -> bytes:
    """A mark is a number of the machine's own order."""
    return Layout("=I").pack(mark)


def address_key(address: TransportAddress) -> bytes:
    """Address and port; each part of a key fills words of four octets."""
    return ipaddress.ip_address(address.host).packed + address.port.to_bytes(2, "big") + bytes(2)


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _nest(kind: int, value: bytes) -> bytes:
    return _attribute(kind | _NESTED, value)


def _read(answer: bytes) -> Count:
    """Zeros for anything that is no such answer."""
    if len(answer) < _HEADER.size or _HEADER.unpack_from(answer)[1] != _NEW_ELEMENT:
        return Count()
    value = answer[_HEADER.size :]
    for kind in _PATH:
        value = dict(_attributes(value)).get(kind, b"")
    counted = dict(_attributes(value))
    return Count(*(int.from_bytes(counted.get(kind, b""), "big") for kind in (_PACKETS, _BYTES)))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            return
        yield kind & ~_NESTED, data[at + _ATTRIBUTE.size : at + length]
        at += length + -length % 4
