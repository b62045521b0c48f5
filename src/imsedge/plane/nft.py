"""The rules of stateless TCP handling, as text for nftables (TS 23.334 clause 5.16.1).

One table a worker and address family.  A *way* leads from a termination to the peer of the linked one:
whoever calls our address there (``local``) is sent on to ``target`` and seen as coming from ``source``.  Only
addresses and ports change: sequence numbers, options, windows and flags are the peers' own, end to end, and
so is each FIN and RST.  The streams of a table are elements of its maps: their number costs nothing a packet.

A connection gets the mark of its way (``ct mark``); by that mark packets are counted and the gate decides:
``accept``, or ``drop`` while nothing may pass.  What has our mark, began at a port of this worker and has no
gate is a connection whose way is gone, perhaps with the worker before us: ``refuse`` answers RST.  Who is not
allowed is not led anywhere: ``hold`` drops and counts the SYN before there is a connection, so that its
repetition is judged anew.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from imsedge.bearer.messages import SourceFilter
from imsedge.bearer.wire import PortShare
from imsedge.core.address import TransportAddress

# The upper octet tells our marks from those of others; 24 bits of the endpoint's number make the rest.
_MARKS, _MARK_BITS = 0x49, 24

_TABLE = """\
add table {family} {table}
delete table {family} {table}
table {family} {table} {{
  set ours {{ type {type}; elements = {{ {addresses} }} }}
  map marks {{ type {type} . inet_service : mark; }}
  map there {{ type {type} . inet_service . {type} . inet_service : {type} . inet_service; flags interval; }}
  map back {{ type mark : {type} . inet_service; }}
  set heard {{ type mark; counter; }}
  set said {{ type mark; counter; }}
  map gate {{ type mark : verdict; }}
  set held {{ type {type} . inet_service; counter; }}
  chain refuse {{ tcp flags rst accept; meta l4proto tcp reject with tcp reset; }}
  chain hold {{ meta l4proto tcp {family} daddr . tcp dport @held drop; }}
  chain name {{ ct state new ct mark set {family} daddr . tcp dport map @marks; }}
  chain lead {{ dnat to {family} saddr . tcp sport . {family} daddr . tcp dport map @there; }}
  chain judge {{
    ct direction original ct mark @heard
    ct direction reply ct mark @said
    ct mark vmap @gate
{refusals}
  }}
  chain name_incoming {{
    type filter hook prerouting priority -110; {family} daddr @ours meta l4proto tcp jump name;
  }}
  chain name_outgoing {{
    type filter hook output priority -110; {family} daddr @ours meta l4proto tcp jump name;
  }}
  chain lead_incoming {{
    type nat hook prerouting priority -105; {family} daddr @ours meta l4proto tcp jump lead;
  }}
  chain lead_outgoing {{
    type nat hook output priority -105; {family} daddr @ours meta l4proto tcp jump lead;
  }}
  chain lead_back {{
    type nat hook postrouting priority 95;
    ct original {family} daddr @ours ct status dnat meta l4proto tcp snat to ct mark map @back;
  }}
  chain judge_forwarded {{
    type filter hook forward priority -5; ct original {family} daddr @ours ct status dnat jump judge;
  }}
  chain judge_own {{
    type filter hook output priority -5; ct original {family} daddr @ours ct status dnat jump judge;
    {family} daddr @ours jump hold;
  }}
  chain hold_incoming {{ type filter hook input priority -5; {family} daddr @ours jump hold; }}
}}
"""


_REFUSAL = """\
    meta l4proto tcp ct mark & {mask:#x} == {ours:#x} \
    ct original {family} daddr {address} ct original proto-dst {low}-{high} jump refuse"""


class Passage(Enum):
    """What becomes of the connections of a way."""

    OPEN = "accept"
    SHUT = "drop"


class Way(NamedTuple):
    """From whoever calls ``local``, if ``sources`` lets it through, to ``target``."""

    number: int
    local: TransportAddress
    target: TransportAddress
    source: TransportAddress
    sources: SourceFilter
    passage: Passage = Passage.OPEN

    @property
    def family(self) -> str:
        return "ip6" if self.local.is_ipv6 else "ip"


def mark_of(number: int) -> int:
    """The connection mark of an endpoint's way."""
    return _MARKS << _MARK_BITS | number & (1 << _MARK_BITS) - 1


def table(name: str, family: str, shares: Iterable[PortShare]) -> str:
    """An empty table for these ports, whatever was there before."""
    kind = "ipv6_addr" if family == "ip6" else "ipv4_addr"
    owned = tuple(shares)
    return _TABLE.format(
        table=name,
        family=family,
        type=kind,
        addresses=", ".join(dict.fromkeys(share.address for share in owned)),
        refusals="\n".join(_refusal(family, share) for share in owned),
    )


def _refusal(family: str, share: PortShare) -> str:
    mask, ours = 0xFF << _MARK_BITS, _MARKS << _MARK_BITS
    ports = {"address": share.address, "low": share.low, "high": share.high}
    return _REFUSAL.format(family=family, mask=mask, ours=ours, **ports)


def begin(name: str, way: Way) -> str:
    """The way is there; carried out with all its lines or not at all."""
    mark = mark_of(way.number)
    lines = [
        _element("add", name, way, "marks", f"{_pair(way.local)} : {mark:#x}"),
        _element("add", name, way, "back", f"{mark:#x} : {_pair(way.source)}"),
        _element("add", name, way, "held", _pair(way.local)),
        _element("add", name, way, "heard", f"{mark:#x}"),
        _element("add", name, way, "said", f"{mark:#x}"),
        _element("add", name, way, "gate", f"{mark:#x} : {way.passage.value}"),
    ]
    if way.passage is Passage.OPEN:
        lines.append(_element("add", name, way, "there", f"{_origin(way)} : {_pair(way.target)}"))
    return "".join(lines)


def change(name: str, old: Way, new: Way) -> str:
    """The same way led otherwise; its counters go on."""
    mark = mark_of(new.number)
    lines = [
        _element("delete", name, old, "back", f"{mark:#x}"),
        _element("add", name, new, "back", f"{mark:#x} : {_pair(new.source)}"),
        _element("delete", name, old, "gate", f"{mark:#x}"),
        _element("add", name, new, "gate", f"{mark:#x} : {new.passage.value}"),
    ]
    if old.passage is Passage.OPEN:
        lines.append(_element("delete", name, old, "there", _origin(old)))
    if new.passage is Passage.OPEN:
        lines.append(_element("add", name, new, "there", f"{_origin(new)} : {_pair(new.target)}"))
    return "".join(lines)


def end(name: str, way: Way) -> str:
    """The way is gone; who still sends on it is told with RST."""
    mark = mark_of(way.number)
    lines = [
        _element("delete", name, way, "marks", _pair(way.local)),
        _element("delete", name, way, "back", f"{mark:#x}"),
        _element("delete", name, way, "held", _pair(way.local)),
        _element("delete", name, way, "heard", f"{mark:#x}"),
        _element("delete", name, way, "said", f"{mark:#x}"),
        _element("delete", name, way, "gate", f"{mark:#x}"),
    ]
    if way.passage is Passage.OPEN:
        lines.append(_element("delete", name, way, "there", _origin(way)))
    return "".join(lines)


class WayCounters(NamedTuple):
    """Octets of IP packets there and back, and packets that were dropped."""

    there: int = 0
    back: int = 0
    dropped: int = 0

    def plus(self, other: "WayCounters") -> "WayCounters":
        return WayCounters(*map(int.__add__, self, other))


def _element(verb: str, name: str, way: Way, of: str, element: str) -> str:
    return f"{verb} element {way.family} {name} {of} {{ {element} }}\n"


def _pair(address: TransportAddress) -> str:
    return f"{address.host} . {address.port}"


def _origin(way: Way) -> str:
    network = way.sources.network or ("::/0" if way.local.is_ipv6 else "0.0.0.0/0")
    return f"{network} . {way.sources.low_port}-{way.sources.high_port} . {_pair(way.local)}"
