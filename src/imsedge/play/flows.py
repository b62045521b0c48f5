"""The flows of the TR by name: play one on real sockets, see what crossed, compare it with the figure."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from imsedge.core.errors import RemoteError, SettingError
from imsedge.core.ids import IdSource, RandomIds
from imsedge.core.trace import Crossing, Kind
from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.agw_setup import abilities
from imsedge.daemon.service import make_daemon, running
from imsedge.play import (
    bearer_checks,
    border_checks,
    checks,
    e2e_checks,
    e2e_scene,
    fax_checks,
    fax_scene,
    floor_checks,
    floor_scene,
)
from imsedge.play.bearer_scene import tcp_bearer
from imsedge.play.bearer_steps import DATA, bearer_figure
from imsedge.play.border_steps import at_border, border_call
from imsedge.play.e2e_steps import e2e_figure
from imsedge.play.fax_steps import FAX_FIGURES
from imsedge.play.floor_steps import FLOOR_DELAYED, FLOOR_FIGURES
from imsedge.play.phone import PhoneError
from imsedge.play.place import DEFAULT_WIRE, Place, Wire, own_place
from imsedge.play.report import Check, Event, Report, check_order, make_events, make_report
from imsedge.play.scenes import Ensemble, originating, terminating
from imsedge.play.secure_end import MediaError
from imsedge.play.stage import Stage
from imsedge.play.steps import DELAYED, FIGURES, Step
from imsedge.play.variants import (
    ACTIVE,
    BEARER,
    BFCP_E2E,
    E2E,
    MSRP_E2E,
    PASSIVE,
    PLAIN,
    Variant,
    lacking,
    needed_answer,
    resolve,
    with_variant,
)

REGISTRATION_SECONDS = 10.0
"""How long the gateway may take to register with the controller before a flow gives up."""

_POLL = 0.02


class Flow(NamedTuple):
    """``figure``: where it is drawn or written; ``scene`` gets the ensemble and who answers how.

    ``answer``: how the figure draws it.  ``options``: what may be varied, as a user writes it.
    """

    title: str
    figure: str
    scene: Callable[[Ensemble, str, Variant], Awaitable[None]]
    answer: str = ACTIVE
    options: str = "--answer --delayed-tcp"


FLOWS: dict[str, Flow] = {
    "msrp-e2ae-originating": Flow(
        "the phone calls: MSRP over TLS to the gateway, in clear to the core",
        "TR 29.828 figure 5.2.1.2.2.1",
        originating,
        options="--answer --delayed-tcp --aware",
    ),
    "msrp-e2ae-terminating": Flow(
        "the phone is called: MSRP in clear from the core, over TLS to the phone",
        "TR 29.828 figure 5.2.1.2.3.1",
        terminating,
        options="--answer --delayed-tcp --aware",
    ),
    "bfcp-e2ae-originating": Flow(
        "the phone calls: floor control over TLS to the gateway, in clear to the core",
        "TR 29.828 figure 5.2.1.3.2.1",
        floor_scene.originating,
    ),
    "bfcp-e2ae-terminating": Flow(
        "the phone is called: floor control in clear from the core, TLS to the phone",
        "TR 29.828 figure 5.2.1.3.3.1",
        floor_scene.terminating,
    ),
    "t38-e2ae-originating": Flow(
        "the phone calls: fax over DTLS to the gateway, in clear to the core",
        "TS 23.334 clause 6.2.10.4",
        fax_scene.originating,
        options="--answer",
    ),
    "t38-e2ae-terminating": Flow(
        "the phone is called: fax in clear from the core, over DTLS to the phone",
        "TS 23.334 clause 6.2.10.4",
        fax_scene.terminating,
        options="--answer",
    ),
    MSRP_E2E: Flow(
        "MSRP over TLS from the phone to the core; the gateway sees TCP",
        "TS 23.334 clause 6.2.10A",
        e2e_scene.msrp,
        PASSIVE,
        "--answer --mode --delayed-tcp --psk --ix",
    ),
    BFCP_E2E: Flow(
        "floor control over TLS from the phone to the core; the gateway sees TCP",
        "TS 23.334 clause 6.2.10A",
        e2e_scene.bfcp,
        PASSIVE,
        "--answer --mode --delayed-tcp --psk --ix",
    ),
    BEARER: Flow(
        "TCP through the gateway without TLS, in each mode and direction",
        "TR 29.828 figure y.2.1",
        tcp_bearer,
        PASSIVE,
        "--answer --mode --delayed-tcp --simultaneous-open --nat --aware --ix",
    ),
}
ANSWERS = (ACTIVE, PASSIVE)

_FIGURES, _DELAYED = FIGURES | FLOOR_FIGURES | FAX_FIGURES, DELAYED | FLOOR_DELAYED


class Performance(NamedTuple):
    """A flow that was played: its report, and what is needed to write a capture."""

    report: Report
    crossings: tuple[Crossing, ...]
    secrets: bytes


async def play(
    name: str,
    answer: str = "",
    ids: IdSource | None = None,
    wire: Wire = DEFAULT_WIRE,
    variant: Variant = PLAIN,
) -> Performance:
    """Play a flow between daemons of its own; without an ``answer`` it is the variant's or the figure's.

    ``SettingError`` when there is no such flow or answer, the variant makes no sense, or the machine cannot.
    """
    answer = answer or needed_answer(variant) or find(name).answer
    find(name, answer)
    variant = resolve(name, answer, variant)
    source = ids or RandomIds()
    own = own_place(source, wire)
    missing = lacking(variant, abilities(own.agw.realms.addresses))
    if missing:
        raise SettingError(f"this cannot be played here, but perhaps by root: {missing}")
    stage = Stage(own.place.cast)
    alg = with_variant(name, answer, variant, own.alg)
    gateway = AgwDaemon(own.agw)
    async with running([make_daemon(alg, tap=stage), gateway]):
        return await perform(name, answer, own.place, stage, source, variant, lambda: gateway.handshakes)


async def perform(
    name: str,
    answer: str,
    place: Place,
    stage: Stage,
    ids: IdSource,
    variant: Variant = PLAIN,
    handshakes: Callable[[], int] | None = None,
) -> Performance:
    """Play a flow through daemons that run already, the controller with ``stage`` as its tap.

    ``handshakes``: how many the gateway has begun, where that can be asked.
    """
    flow = find(name, answer)
    secrets = bytearray()

    def keep(line: bytes) -> None:
        secrets.extend(line + b"\n")

    hosts = (place.ue_host, place.core_host)
    cast = Ensemble(ids, stage, hosts, (place.sip_access, place.sip_core), keep)
    cast.wait_for, cast.handshakes, cast.aware = partial(_until, stage), handshakes, variant.aware
    problem = ""
    try:
        await _registered(stage)
        await cast.start(place.ue_host, place.next_hop)
        await flow.scene(cast, answer, variant)
        await _released(stage)
    except (PhoneError, MediaError, RemoteError, TimeoutError, OSError) as error:
        problem = str(error) or type(error).__name__
    finally:
        await cast.stop()
    steps = figure(name, answer, variant)
    events = make_events(stage.arrows(), steps)
    results: Iterable[Check] = (
        Check("the call went through", not problem, problem),
        check_order(events, steps),
        *_checks(cast, stage, events, name, answer, variant),
    )
    drawn = at_border(events) if variant.ix else events
    return Performance(make_report(name, drawn, tuple(results)), tuple(stage.crossings), bytes(secrets))


def _checks(
    cast: Ensemble, stage: Stage, events: Sequence[Event], name: str, answer: str, variant: Variant
) -> Iterable[Check]:
    hidden = border_checks.of_call(cast, stage, variant) if variant.ix else ()
    if name == BEARER:
        return (*bearer_checks.of_call(cast, stage, events, answer, variant), *hidden)
    if name in E2E:
        return (*e2e_checks.of_call(cast, stage, events, name, variant), *hidden)
    if name in FLOOR_DELAYED:
        return floor_checks.of_call(cast, stage, events, name)
    if (name, answer) in FAX_FIGURES:
        return fax_checks.of_call(cast, stage, events, name)
    return checks.of_call(cast, stage, events, name, answer)


def figure(name: str, answer: str, variant: Variant = PLAIN) -> tuple[Step, ...]:
    """The steps that must be seen."""
    if name == BEARER and variant.ix:
        return (*border_call(answer, resolve(name, answer, variant)), DATA)
    if name == BEARER:
        return bearer_figure(answer, resolve(name, answer, variant))
    if name in E2E:
        return e2e_figure(name, answer, resolve(name, answer, variant))
    return _DELAYED[name] if variant.delayed else _FIGURES[name, answer]


def find(name: str, answer: str = ACTIVE) -> Flow:
    """The flow of that name; ``SettingError`` names those there are."""
    if name not in FLOWS:
        raise SettingError(f"there is no flow {name}; choose one of {', '.join(FLOWS)}")
    if answer not in ANSWERS:
        raise SettingError(f"--answer is {' or '.join(ANSWERS)}, not {answer}")
    return FLOWS[name]


async def _registered(stage: Stage) -> None:
    await _until(stage, "SVC resp", "the gateway did not register with the controller")


async def _released(stage: Stage) -> None:
    await _until(stage, "SUB resp", "the gateway was not told to release the call")


async def _until(stage: Stage, pattern: str, problem: str) -> None:
    """Wait for an H.248 arrow that has this regular expression; ``PhoneError`` when it never comes."""
    waited = 0.0
    while not any(a.kind is Kind.H248 and re.search(pattern, a.summary) for a in stage.arrows()):
        if waited >= REGISTRATION_SECONDS:
            raise PhoneError(problem)
        await asyncio.sleep(_POLL)
        waited += _POLL
