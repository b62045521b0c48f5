"""Which items of which packages this gateway serves, and what it answers about all others.

H.248.8 knows three answers to an item that is not served: nobody here knows its package (440), the package
has no such item (450 to 453), or it has and this gateway does not do it (445, 512, 513).
"""

from collections.abc import Iterable, Mapping
from typing import NoReturn

from imsedge.agw.errors import fail
from imsedge.agw.settings import Abilities, Limits
from imsedge.h248.model import Parameter, Relation, fold
from imsedge.h248.packages import (
    ALL,
    adid,
    adr,
    chp,
    ds,
    g,
    gm,
    hangterm,
    ipdc,
    ipnapt,
    ipra,
    it,
    mgcinfo,
    nt,
    ocp,
    root,
    rtcph,
    tcpbcc,
    tcprm,
    tcptv,
    tlsbsc,
    tman,
)
from imsedge.h248.packages.model import Access, Package, Property

SERVED: tuple[Package, ...] = tuple(
    module.PACKAGE
    for module in (
        *(g, root, nt, it, ocp, chp, ipdc, ipra, gm, rtcph, hangterm, mgcinfo, tcpbcc, tlsbsc),
        *(ds, tman, adid, ipnapt, adr, tcprm, tcptv),
    )
)
"""Packages with an item that does something here (the Packages descriptor)."""

_KNOWN = {fold(package.name): package for package in ALL}


ROOT_TIMERS: dict[str, Property[int]] = {
    fold(key.name): key
    for key in (
        root.NORMAL_MG_EXECUTION,
        root.NORMAL_MGC_EXECUTION,
        root.MG_PROVISIONAL,
        root.MGC_PROVISIONAL,
        root.MGC_PENDING_LIMIT,
        root.MG_PENDING_LIMIT,
    )
}
"""Properties of ROOT that the controller may set; they mean something to the transaction layer."""


def root_properties(limits: Limits, values: Mapping[str, int]) -> tuple[Parameter, ...]:
    """What ROOT tells about the gateway; ``values`` by name are those that are known."""
    return (
        root.MAX_CONTEXTS.write(limits.contexts),
        root.MAX_TERMINATIONS.write(limits.terminations_per_context),
        *(key.write(values[key.name]) for key in ROOT_TIMERS.values() if key.name in values),
    )


def capabilities(abilities: Abilities, realms: Iterable[str]) -> tuple[Parameter, ...]:
    """The values that can be set, of the properties that have a few (AuditCapability)."""
    relay = ("relay",) if abilities.relay or abilities.relay_ipv6 else ()
    discard = ("discard",) if abilities.screen else ()
    hold = ("hold",) if abilities.hold else ()
    unscreened = () if abilities.screen else (gm.SAF.write(False), gm.SPF.write(False))
    return (
        Parameter(ipdc.REALM.name, tuple(map(ipdc.REALM.type.write, realms)), Relation.ONE_OF),
        Parameter(tcpbcc.MODE.name, (*relay, "proxy", "merge"), Relation.ONE_OF),
        Parameter(tcpbcc.INCOMING.name, ("accept", *discard, *hold), Relation.ONE_OF),
        *unscreened,
    )


def refuse_property(name: str) -> NoReturn:
    """Raises 440, 445 or, for what only the gateway says, 534."""
    package = _package(name)
    for row in package.properties:
        if row.named(name) and row.access is Access.READ_ONLY:
            fail(534, f"{name} is read only")
    fail(445, f"{name} is not served here")


def refuse_event(name: str) -> NoReturn:
    """Raises 440, 451 or 512."""
    _refuse(name, [row.name for row in _package(name).events], unknown=451, unserved=512)


def refuse_signal(name: str) -> NoReturn:
    """Raises 440, 452 or 513."""
    _refuse(name, [row.name for row in _package(name).signals], unknown=452, unserved=513)


def refuse_statistic(name: str) -> NoReturn:
    """Raises 440 or 453."""
    _refuse(name, [row.name for row in _package(name).statistics], unknown=453, unserved=453)


def _package(name: str) -> Package:
    package = _KNOWN.get(fold(name.partition("/")[0]))
    return package or fail(440, f"the package of {name} is not known here")


def _refuse(name: str, rows: Iterable[str], *, unknown: int, unserved: int) -> NoReturn:
    exists = fold(name) in {fold(row) for row in rows}
    fail(unserved if exists else unknown, f"{name} is not served here")
