"""Stateless TCP handling: ways in the kernel, made and taken away with ``nft`` in one transaction each.

``nft`` runs while the worker waits, some milliseconds: only orders for such streams pay that, never a packet.
The table has the worker's process number in its name; what a worker that was killed has left is taken away by
the next one that starts.
"""

import contextlib
import ipaddress
import logging
import os
import shutil
import subprocess
from math import inf
from pathlib import Path

from imsedge.core.errors import ImsedgeError
from imsedge.plane import nft
from imsedge.plane.nft import Way, WayCounters

_LOG = logging.getLogger("imsedge.plane")

_PREFIX = "imsedge_"
_CAP_NET_ADMIN = 12
# Seconds; nft answers in milliseconds unless the machine is in trouble.
_PATIENCE = 5.0
# How old a rough look at the counters may be.
LOOK_SECONDS = 1.0
_FORWARDING = {"ip": "ipv4/ip_forward", "ip6": "ipv6/conf/all/forwarding"}


class RelayError(ImsedgeError):
    """The kernel does not take a way; the text is what nft says."""


def can_relay() -> bool:
    """Whether this process has CAP_NET_ADMIN and the program ``nft``."""
    capabilities = next(
        (line.split()[1] for line in _lines("/proc/self/status") if line.startswith("CapEff:")), "0"
    )
    return bool(int(capabilities, 16) >> _CAP_NET_ADMIN & 1) and shutil.which("nft") is not None


class Relays:
    """The ways of one worker."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.table = f"{_PREFIX}{os.getpid()}"
        self._addresses = addresses
        self._families: set[str] = set()
        self._ways: dict[int, Way] = {}
        self._octets: dict[int, int] = {}  # of ways, by mark, when we last looked
        self._looked = -inf
        self._past: dict[int, WayCounters] = {}  # of ways that were taken away

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
            self._begin(way)
        else:
            _run(nft.change(self.table, old, way))
        self._ways[way.number] = way

    def _begin(self, way: Way) -> None:
        text = nft.begin(self.table, way)
        if way.number in self._past:
            with contextlib.suppress(RelayError):
                _run(nft.pardon(self.table, way))
        _run(text)

    def end(self, *numbers: int) -> None:
        """Nothing passes there any more; may be repeated."""
        ways = [self._ways[number] for number in numbers if number in self._ways]
        if not ways:
            return
        for way, counted in zip(ways, self._count(ways), strict=True):
            self._past[way.number] = self._past.get(way.number, WayCounters()).plus(counted)
            del self._ways[way.number]
        try:
            _run("".join(nft.end(self.table, way) for way in ways))
        except RelayError as error:
            _LOG.error("a stateless relay cannot be taken away: %s", error)

    def counters(self, number: int) -> WayCounters:
        """Of the connections that began here."""
        past, way = self._past.get(number, WayCounters()), self._ways.get(number)
        return past if way is None else past.plus(self._count([way])[0])

    def _count(self, ways: list[Way]) -> list[WayCounters]:
        try:
            answer = _run("".join(nft.question(self.table, way) for way in ways))
        except RelayError:
            answer = ""
        return nft.read_counters(answer, len(ways))

    def octets(self, number: int, now: float) -> int:
        """Roughly what has passed a way, in both directions: one look at all of them serves for a while."""
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._octets = {}
            for family in self._families:
                with contextlib.suppress(RelayError):
                    answers = map(_run, nft.everything(self.table, family))
                    self._octets |= nft.read_everything("".join(answers))
        return self._octets.get(nft.mark_of(number), 0)

    def forget(self, number: int) -> None:
        """The endpoint is released."""
        self.end(number)
        self._past.pop(number, None)

    def close(self) -> None:
        """Take the tables away."""
        for family in self._families:
            _drop(family, self.table)
        self._families.clear()
        self._ways.clear()

    def _prepare(self, family: str) -> None:
        if family in self._families:
            return
        setting = _FORWARDING[family]
        forwards = (_lines(f"/proc/sys/net/{setting}") or ["1"])[0].strip() != "0"
        if not forwards and not all(map(_is_loopback, self._addresses)):
            raise RelayError(f"the kernel forwards nothing: net.{setting.replace('/', '.')} is 0")
        ours = tuple(a for a in self._addresses if (":" in a) == (family == "ip6"))
        _run(nft.table(self.table, family, ours))
        self._families.add(family)


def sweep() -> None:
    """Take away the tables of workers that were killed: their ports have new owners."""
    if not can_relay():
        return
    try:
        tables = [line.split()[1:] for line in _run("list tables\n").splitlines()]
    except RelayError as error:
        _LOG.error("the tables of nftables cannot be listed: %s", error)
        return
    for family, name in tables:
        pid = name.removeprefix(_PREFIX)
        if name.startswith(_PREFIX) and pid.isdigit() and not Path(f"/proc/{pid}").exists():
            _drop(family, name)


def _drop(family: str, name: str) -> None:
    try:
        _run(f"delete table {family} {name}\n")
    except RelayError as error:
        _LOG.error("table %s cannot be taken away: %s", name, error)


def _run(text: str) -> str:
    try:
        done = subprocess.run(
            ["nft", "-f", "-"],
            input=text,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RelayError(str(error)) from error
    if done.returncode:
        first = next(iter(done.stderr.splitlines()), "no reason given")
        raise RelayError(f"nft: {first}")
    return done.stdout


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
