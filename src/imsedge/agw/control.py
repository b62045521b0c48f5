"""LocalControl: the properties that this gateway obeys, one row each.

A property that is in no row is answered with 440 (nobody knows the package) or 445 (we do not do it),
a value that cannot be with 449.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from imsedge.agw import items
from imsedge.agw.errors import fail
from imsedge.bearer.messages import Policing
from imsedge.h248.model import LocalControl, Parameter, Relation, StreamMode, fold
from imsedge.h248.packages import ds, gm, ipdc, mgcinfo, rtcph, tcpbcc, tman
from imsedge.h248.packages.model import Property

_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_MASK = re.compile(r"\[([0-9A-Fa-f.:]+)\](?:/([0-9]{1,3}))?|([0-9A-Fa-f.:]+)(?:/([0-9]{1,3}))?")


class Control(Struct, frozen=True, kw_only=True):
    """``given``: the parameters as received, newest value of each, for audits.

    ``source_network`` and ``source_ports`` are ``None`` where the Remote descriptor decides.  ``latching`` is
    ordered by a signal.  ``own_host``: the address to send from and to be called at (``gm/lsa``).
    """

    mode: StreamMode
    given: tuple[Parameter, ...] = ()
    realm: str | None = None
    merge: bool = False
    relay: bool = False
    discard: bool = False
    hold: bool = False
    latching: bool = False
    own_host: str | None = None
    dscp: int | None = None
    rates: Policing = Policing()
    police: bool = False
    filter_address: bool = False
    source_network: str | None = None
    filter_port: bool = False
    source_ports: tuple[int, int] | None = None


def revise_control(control: Control, received: LocalControl | None) -> Control:
    """Add what one more LocalControl says.  Raises ``H248Error``."""
    if received is None:
        return control
    if received.mode is StreamMode.LOOPBACK:
        fail(517, "mode Loopback is not supported")
    seen: set[str] = set()
    for parameter in received.properties:
        name = fold(parameter.name)
        if name in seen:
            fail(456, f"{parameter.name} appears twice")
        seen.add(name)
        control = _obey(control, name, parameter)
    kept = tuple(old for old in control.given if fold(old.name) not in seen)
    return replace(control, mode=received.mode or control.mode, given=(*kept, *received.properties))


def asked_realm(received: LocalControl | None) -> str | None:
    """The realm that a LocalControl asks for, before there is a stream."""
    return ipdc.REALM.find(received.properties) if received else None


def _obey(control: Control, name: str, parameter: Parameter) -> Control:
    row = _ROWS.get(name)
    if row is None:
        items.refuse_property(parameter.name)
    if parameter.relation is not Relation.EQUAL or "$" in parameter.values:
        values = ", ".join(parameter.values)
        fail(449, f"{parameter.name} needs one value, not {parameter.relation.value} {values}")
    key, apply = row
    return apply(control, key.read(parameter))


def _set_realm(control: Control, realm: str) -> Control:
    if control.realm is not None and fold(control.realm) != fold(realm):
        fail(449, f"{ipdc.REALM.name} {realm}: that of an existing stream cannot change")
    return replace(control, realm=realm)


def _set_mode(control: Control, mode: str) -> Control:
    return replace(control, merge=mode == "merge", relay=mode == "relay")


def _set_incoming(control: Control, incoming: str) -> Control:
    return replace(control, discard=incoming == "discard", hold=incoming == "hold")


def _set_own_host(control: Control, text: str) -> Control:
    try:
        host = str(ip_address(text.strip().strip("[]")))
    except ValueError:
        fail(449, f"{text} is not an address")
    return replace(control, own_host=host)


def _set_dscp(control: Control, value: bytes) -> Control:
    if len(value) != 1:
        fail(449, f"{ds.DSCP.name}: {value.hex()} is not one octet")
    return replace(control, dscp=value[0])


def _set_rate(control: Control, name: str, value: int) -> Control:
    return replace(control, rates=replace(control.rates, **{name: value}))


def _set_mask(control: Control, mask: str) -> Control:
    """``[192.0.2.7]``, ``[192.0.2.0]/24`` and, as some send it, the same without brackets."""
    found = _MASK.fullmatch(mask.strip())
    try:
        if found is None:
            raise ValueError(mask)
        address, prefix = found[1] or found[3], found[2] or found[4]
        network = str(ip_network(f"{address}/{prefix}", strict=False)) if prefix else str(ip_address(address))
    except ValueError:
        fail(449, f"{mask} is not an address or prefix")
    return replace(control, source_network=network)


def _set_ports(control: Control, ports: str) -> Control:
    found = _RANGE.fullmatch(ports.strip())
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if not low <= high <= 65_535:
        fail(449, f"{ports} is not a port or a range of ports")
    return replace(control, source_ports=(low, high))


def _keep(control: Control, _value: object) -> Control:
    """Audits return it, nothing else: ``mgcinfo/db`` is meant so, and TCP has no RTCP port to reserve."""
    return control


_ROWS: dict[str, tuple[Property[Any], Callable[[Control, Any], Control]]] = {
    fold(key.name): (key, apply)
    for key, apply in (
        (ipdc.REALM, _set_realm),
        (tcpbcc.MODE, _set_mode),
        (tcpbcc.INCOMING, _set_incoming),
        (gm.SAF, lambda control, value: replace(control, filter_address=value)),
        (gm.SAM, _set_mask),
        (gm.SPF, lambda control, value: replace(control, filter_port=value)),
        (gm.SPR, lambda control, value: replace(control, source_ports=(value, value))),
        (gm.SPRR, _set_ports),
        (gm.ESAS, _keep),
        (gm.LSA, _set_own_host),
        (ds.DSCP, _set_dscp),
        (tman.PDR, lambda control, value: _set_rate(control, "peak", value)),
        (tman.SDR, lambda control, value: _set_rate(control, "sustained", value)),
        (tman.MBS, lambda control, value: _set_rate(control, "burst", value)),
        (tman.POL, lambda control, value: replace(control, police=value)),
        (mgcinfo.DATA, _keep),
        (rtcph.RSB, _keep),
    )
}
