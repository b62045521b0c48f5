"""Stateless TCP handling: ways in the kernel, made and taken away in one transaction of nftables each.

The table has the worker's process number in its name; what a worker that was killed has left is taken away by
the next one that starts.
"""

import contextlib
import ipaddress
import logging
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from imsedge.bearer.wire import PortShare
from imsedge.plane import nft
from imsedge.plane.nft import Way, WayCounters
from imsedge.plane.nftables import Nftables, RelayError, is_in_kernel, is_installed
from imsedge.plane.set_counters import SetCounters, address_key, mark_key

_LOG = logging.getLogger("imsedge.plane")

_PREFIX = "imsedge_"
_CAP_NET_ADMIN = 12
_FORWARDING = {"ip": "ipv4/ip_forward", "ip6": "ipv6/conf/all/forwarding"}


def obstacle(addresses: Iterable[str], *, ipv6: bool = False) -> str:
    """What keeps this process from relaying between these addresses, as one clause; empty: nothing does."""
    capabilities = next(
        (line.split()[1] for line in _lines("/proc/self/status") if line.startswith("CapEff:")), "0"
    )
    if not int(capabilities, 16) >> _CAP_NET_ADMIN & 1:
        return "CAP_NET_ADMIN is missing"
    if not is_installed():
        return "nftables is not installed"
    if not is_in_kernel():
        return "this kernel has no nftables"
    setting = _FORWARDING["ip6" if ipv6 else "ip"]
    forwards = (_lines(f"/proc/sys/net/{setting}") or ["1"])[0].strip() != "0"
    if not forwards and not all(map(_is_loopback, (a for a in addresses if (":" in a) is ipv6))):
        return f"net.{setting.replace('/', '.')} is 0, so the kernel forwards nothing"
    return ""


def can_relay() -> bool:
    """Whether this process may, between loopback addresses."""
    return not obstacle(())


class Relays:
    """The ways of one worker."""

    def __init__(self, shares: tuple[PortShare, ...]) -> None:
        self.table = f"{_PREFIX}{os.getpid()}"
        self._shares = shares
        self._families: set[str] = set()
        self._ways: dict[int, Way] = {}
        self._past: dict[int, WayCounters] = {}  # of ways that were taken away
        self._nftables = Nftables()
        self._counters = SetCounters()

    def __len__(self) -> int:
        """Ways that are there."""
        return len(self._ways)

    def lead(self, way: Way) -> None:
        """Make the way, or let it lead otherwise.  ``RelayError``: everything is as it was."""
        if len({address.is_ipv6 for address in (way.local, way.target, way.source)}) > 1:
            raise RelayError("stateless handling keeps the address family")
        old = self._ways.get(way.number)
        if old == way:
            return
        if old is None:
            self._prepare(way.family)
            self._run(nft.begin(self.table, way))
        else:
            self._run(nft.change(self.table, old, way))
        self._ways[way.number] = way

    def end(self, *numbers: int) -> None:
        """Nothing passes there any more; may be repeated."""
        ways = [self._ways[number] for number in numbers if number in self._ways]
        if not ways:
            return
        for way in ways:
            self._past[way.number] = self.counters(way.number)
            del self._ways[way.number]
        try:
            self._run("".join(nft.end(self.table, way) for way in ways))
        except RelayError as error:
            _LOG.error("a stateless relay cannot be taken away: %s", error)

    def counters(self, number: int) -> WayCounters:
        """Of the connections that began here."""
        past, way = self._past.get(number, WayCounters()), self._ways.get(number)
        return past if way is None else past.plus(self._count(way))

    def _count(self, way: Way) -> WayCounters:
        mark, ask = mark_key(nft.mark_of(way.number)), partial(self._counters.read, way.family, self.table)
        held = ask("held", address_key(way.local))
        return WayCounters(ask("heard", mark).octets, ask("said", mark).octets, held.packets)

    def octets(self, number: int) -> int:
        """What has passed a way, in both directions."""
        counters = self.counters(number)
        return counters.there + counters.back

    def forget(self, number: int) -> None:
        """The endpoint is released."""
        self.end(number)
        self._past.pop(number, None)

    def take_over(self) -> None:
        """Sweep, and refuse what a worker that was killed has left at our ports."""
        for family in sweep():
            with contextlib.suppress(RelayError):
                self._prepare(family)

    def close(self) -> None:
        """Take the tables away."""
        for family in self._families:
            _drop(self._nftables, family, self.table)
        self._families.clear()
        self._ways.clear()
        self._nftables.close()
        self._counters.close()

    def _run(self, text: str) -> str:
        return self._nftables.run(text)

    def _prepare(self, family: str) -> None:
        if family in self._families:
            return
        shares = [share for share in self._shares if (":" in share.address) == (family == "ip6")]
        reason = obstacle((share.address for share in shares), ipv6=family == "ip6")
        if reason:
            raise RelayError(reason)
        self._run(nft.table(self.table, family, shares))
        self._families.add(family)


def sweep() -> frozenset[str]:
    """Take away the tables of workers that were killed: their ports have new owners.  Whose families."""
    if obstacle(()):
        return frozenset()
    nftables = Nftables()
    try:
        tables = [line.split()[1:] for line in nftables.run("list tables\n").splitlines()]
    except RelayError as error:
        _LOG.error("the tables of nftables cannot be listed: %s", error)
        return frozenset()
    swept = set[str]()
    for family, name in tables:
        pid = name.removeprefix(_PREFIX)
        if name.startswith(_PREFIX) and pid.isdigit() and not Path(f"/proc/{pid}").exists():
            _drop(nftables, family, name)
            swept.add(family)
    nftables.close()
    return frozenset(swept)


def _drop(nftables: Nftables, family: str, name: str) -> None:
    try:
        nftables.run(f"delete table {family} {name}\n")
    except RelayError as error:
        _LOG.error("table %s cannot be taken away: %s", name, error)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
