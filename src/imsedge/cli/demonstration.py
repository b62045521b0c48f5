"""``imsedge run``: both daemons in one process, one call through them, and up until Ctrl-C."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from imsedge.core.trace import Crossing, Tap
    from imsedge.daemon.settings import AgwSettings, AlgSettings
    from imsedge.daemon.settings_realms import Realm
    from imsedge.play.flows import Performance

S = TypeVar("S", "AgwSettings", "AlgSettings")

FLOW, ANSWER = "msrp-e2ae-originating", "active"
# The built-in UEs sit on loopback addresses of their own, so that the ladder tells them apart.
UE_HOST, CORE_HOST = "127.0.0.10", "127.0.0.50"


class Curtain:
    """A tap that can be shut: a daemon that stays up must not collect what crosses for ever."""

    def __init__(self, behind: "Tap") -> None:
        self._behind: Tap | None = behind

    def __call__(self, crossing: "Crossing") -> None:
        if self._behind is not None:
            self._behind(crossing)

    def shut(self) -> None:
        """Nothing passes from now on."""
        self._behind = None


def run_all(agw_file: Path | None, alg_file: Path | None, *, call: bool) -> None:
    """Until Ctrl-C."""
    from imsedge.daemon.settings import AgwSettings, AlgSettings
    from imsedge.daemon.settings_file import load_settings

    agw = _modest(load_settings(AgwSettings, agw_file))
    asyncio.run(_run(agw, _modest(load_settings(AlgSettings, alg_file)), call=call))


def _modest(settings: "S") -> "S":
    """What nobody has set: one worker is enough for one call, and the ladder stands alone."""
    from imsedge.daemon.settings import AgwSettings, LogSection
    from imsedge.daemon.settings_types import LogLevel

    given = settings.model_fields_set
    changed: dict[str, object] = {}
    if "log" not in given:
        changed["log"] = LogSection(level=LogLevel.WARNING)
    if isinstance(settings, AgwSettings) and settings.media.workers == 0:
        changed["media"] = settings.media.model_copy(update={"workers": 1})
    return settings.model_copy(update=changed)


async def _run(agw: "AgwSettings", alg: "AlgSettings", *, call: bool) -> None:
    from imsedge.core.ids import RandomIds
    from imsedge.daemon.service import make_daemon, running, stop_requested
    from imsedge.play.flows import perform
    from imsedge.play.place import place_of
    from imsedge.play.stage import Stage

    place = place_of(alg, agw, UE_HOST, CORE_HOST)
    stage = Stage(place.cast)
    curtain = Curtain(stage)
    daemons = [make_daemon(alg, tap=curtain), make_daemon(agw)]
    async with stop_requested() as stop, running(daemons):
        if call:
            playing = asyncio.create_task(perform(FLOW, ANSWER, place, stage, RandomIds()))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if stop.is_set():
                playing.cancel()
                return
            _show(await playing)
        curtain.shut()
        _say_where(agw, alg)
        await stop.wait()


def _show(performance: "Performance") -> None:
    from imsedge.cli.play import show

    show(performance)


def _say_where(agw: "AgwSettings", alg: "AlgSettings") -> None:
    lines = {
        "SIP for user equipment": f"{alg.sip.access} (UDP, TCP)",
        "SIP for the core": f"{alg.sip.core} (UDP, TCP); next hop {alg.sip.next_hop}",
        "H.248 controller": alg.h248.listen,
        "H.248 gateway": agw.h248.listen,
        **{f"media, realm {name}": _ports(realm) for name, realm in agw.realms.by_name.items()},
        "controller's status": f"http://{alg.status.listen}/status",
        "gateway's status": f"http://{agw.status.listen}/status",
    }
    print()
    for what, where in lines.items():
        print(f"{what + ':':<24} {where}")
    print("\nUp.  imsedge status | contexts | calls look inside; Ctrl-C stops.", flush=True)


def _ports(realm: "Realm") -> str:
    addresses = ", ".join(realm.addresses)
    return f"{addresses} ports {realm.low_port} to {realm.high_port} (TCP)"
