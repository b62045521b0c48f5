"""The ways a flow can be played beside ``--answer``, which of them make sense together, and what they set."""

from collections.abc import Callable
from typing import Any, NamedTuple

from imsedge.agw.settings import Abilities
from imsedge.core.errors import SettingError
from imsedge.daemon.settings import AlgSettings
from imsedge.daemon.settings_border import Role

BEARER, MSRP_E2E, BFCP_E2E = "tcp-bearer", "msrp-e2e", "bfcp-e2e"
ACTIVE, PASSIVE = "active", "passive"
RELAY, PROXY, MERGE = "relay", "proxy", "merge"


class Variant(NamedTuple):
    """``mode``: of TCP in the gateway, empty for the one that follows from the rest.

    ``delayed``: early connection requests are dropped.  ``simultaneous``: gateway and peer call each other at
    the same moment.  ``nat``: the phone is behind a NAT.  ``psk``: both UEs have the same key from a KMS.
    ``aware``: both UEs compare whole MSRP URIs (RFC 4975), so the gateway rewrites paths.
    ``ix``: the daemons stand between two networks, and what was the phone's is now the other network's.
    """

    mode: str = ""
    delayed: bool = False
    simultaneous: bool = False
    nat: bool = False
    psk: bool = False
    aware: bool = False
    ix: bool = False


PLAIN = Variant()

E2E = frozenset({MSRP_E2E, BFCP_E2E})
_PASSING = E2E | {BEARER}
_AWARE = frozenset({BEARER, "msrp-e2ae-originating", "msrp-e2ae-terminating"})


class _Rule(NamedTuple):
    """``sentence``: why a combination for which ``when`` is true cannot be played."""

    when: Callable[[str, str, Variant], bool]
    sentence: str


_RULES = (
    _Rule(
        lambda flow, _, v: flow.startswith("t38") and v.delayed,
        "--delayed-tcp is for flows with TCP; T.38 has none",
    ),
    _Rule(
        lambda flow, _, v: flow not in _PASSING and bool(v.mode),
        f"--mode is for the flows {', '.join(sorted(_PASSING))}; where TLS or DTLS ends in the gateway, it"
        " is always a proxy",
    ),
    _Rule(
        lambda flow, _, v: flow not in _PASSING and bool(v.simultaneous or v.nat),
        f"--simultaneous-open and --nat are for the flow {BEARER}",
    ),
    _Rule(
        lambda flow, _, v: flow in E2E and bool(v.mode == MERGE or v.simultaneous or v.nat),
        "TLS end to end is played with --mode proxy or relay and without NAT: where both UEs must call, both"
        " would be TLS clients (TR 29.828 annex D)",
    ),
    _Rule(
        lambda flow, _, v: flow not in E2E and v.psk,
        f"--psk is for TLS end to end: the flows {MSRP_E2E} and {BFCP_E2E}",
    ),
    _Rule(
        lambda flow, _, v: v.aware and (flow not in _AWARE or v.mode == RELAY),
        f"--aware is for MSRP that the gateway can read: the flows {', '.join(sorted(_AWARE))}, and not with"
        " --mode relay",
    ),
    _Rule(
        lambda flow, _, v: v.ix and (flow not in _PASSING or v.nat),
        "--ix is for media that pass between two networks: the flows"
        f" {', '.join(sorted(_PASSING))}, and not with --nat",
    ),
    _Rule(
        lambda _, answer, v: v.delayed and answer != ACTIVE,
        "--delayed-tcp drops the early call of whoever answers, so it needs --answer active",
    ),
    _Rule(
        lambda _, answer, v: v.mode == MERGE and answer != ACTIVE,
        "--mode merge needs --answer active: both parties call the gateway",
    ),
    _Rule(
        lambda _, answer, v: v.nat and answer == ACTIVE and v.mode in (PROXY, RELAY),
        "with --nat and --answer active both parties can only call, which is --mode merge",
    ),
    _Rule(
        lambda _, answer, v: v.simultaneous and (answer != PASSIVE or v.mode in (RELAY, MERGE)),
        "--simultaneous-open is a gateway that calls a peer that calls it: it needs --answer passive and"
        " --mode proxy",
    ),
)


def needed_answer(variant: Variant) -> str:
    """The only one that makes sense with it; empty when either does."""
    return ACTIVE if variant.delayed or variant.mode == MERGE else ""


def resolve(flow: str, answer: str, variant: Variant) -> Variant:
    """With its mode filled in; ``SettingError`` when it makes no sense."""
    for rule in _RULES:
        if rule.when(flow, answer, variant):
            raise SettingError(rule.sentence)
    both_call = variant.nat and answer == ACTIVE
    return variant._replace(mode=variant.mode or (MERGE if both_call else PROXY))


def lacking(variant: Variant, abilities: Abilities) -> str:
    """What a machine with these abilities must have so that it can be played there; empty when it can."""
    dropped = variant.delayed or variant.simultaneous  # SYNs, by the gateway or by the UE that calls at once
    for wanted, name in ((variant.mode == RELAY, "relay"), (dropped, "screen")):
        if wanted and not getattr(abilities, name):
            return abilities.without(name)
    return ""


def with_variant(flow: str, answer: str, variant: Variant, alg: AlgSettings) -> AlgSettings:
    """The controller's settings that make it so."""
    changed: dict[str, Any] = {"delayed_establishment": variant.delayed}
    if flow in _PASSING:
        tcp = {
            "anchor": "always",
            # Behind a NAT merging is the controller's own conclusion.
            "mode": PROXY if variant.nat and variant.mode == MERGE else variant.mode,
            "start": "ordered" if answer == PASSIVE else "triggered",
            "report_connected": True,
        }
        changed["tcp"] = alg.policy.tcp.model_validate(tcp)
    role = Role.BORDER if variant.ix else Role.EDGE
    return alg.model_copy(update={"role": role, "policy": alg.policy.model_copy(update=changed)})
