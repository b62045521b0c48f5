"""Does a text give an address away?  Text of any protocol; names of hosts only as far as they are known."""

import re
from collections.abc import Collection, Iterator
from ipaddress import ip_address

_BETWEEN = re.compile(r"[\s,;=<>\"'@/()|&?!%]+")
"""What stands between words; an address and its port stay together."""

_EDGES = ".-_*#~^$+`{}\\"
"""What else may stand beside an address."""

_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)", re.ASCII)
"""Stands out wherever it is, also within a word."""


def shows_host(text: str, names: Collection[str] = ()) -> bool:
    """Whether a word of ``text`` is an IP address or one of ``names`` (in lower case), also with a port."""
    return any(is_address(host) or host.lower() in names for host in _hosts(text))


def is_address(host: str) -> bool:
    """IPv4 or IPv6, without brackets."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _hosts(text: str) -> Iterator[str]:
    """Each word, and what of it may be a host."""
    yield from _IPV4.findall(text)
    for whole in _BETWEEN.split(text):
        word = whole.strip(_EDGES)
        yield word
        bracketed = word.rpartition("[")[2].partition("]")[0]
        yield bracketed
        head, _, tail = word.partition(":")  # sip:host, host:port, IP4:host, sip:host:port
        yield head
        yield tail
        yield tail.partition(":")[0]
