"""The BFCP flows on real sockets between real daemons (scene, talk, steps, checks); tshark reads them."""

import asyncio
from pathlib import Path

import pytest

from imsedge.bfcp.floors import FloorServer
from imsedge.bfcp.model import ErrorCode
from imsedge.core.errors import RemoteError
from imsedge.core.trace import Kind
from imsedge.play import floor_checks, floor_scene  # noqa: F401 - proven here through the flow
from imsedge.play.floor_steps import FLOOR_DELAYED, FLOOR_FIGURES
from imsedge.play.floor_talk import CONFERENCE, FLOOR, USER, FloorLine, serve, take_part
from imsedge.play.flows import Performance, play
from imsedge.play.media_end import MediaEnd
from imsedge.play.pcapng import write_capture
from imsedge.play.secure_end import MediaError
from imsedge.play.variants import PLAIN, Variant
from kit.peers import need, run

EVERY = [(name, answer, PLAIN) for name, answer in FLOOR_FIGURES]
EVERY += [(name, "active", Variant(delayed=True)) for name in FLOOR_DELAYED]


def tls_clients(performance: Performance) -> list[str]:
    return [e.source for e in performance.report.events if e.summary.startswith("ClientHello")]


@pytest.mark.system
@pytest.mark.parametrize(("name", "answer", "variant"), EVERY)
async def test_a_flow_is_what_its_figure_draws(
    name: str, answer: str, variant: Variant, no_leaks: None
) -> None:
    performance = await play(name, answer, variant=variant)
    report = performance.report
    assert [(check.name, check.detail) for check in report.checks if not check.ok] == []
    steps = FLOOR_DELAYED[name] if variant.delayed else FLOOR_FIGURES[name, answer]
    assert {step.number for step in steps} == {event.step for event in report.events if event.step}
    # RFC 8856 clause 8: who offered, whoever opened TCP.
    assert tls_clients(performance) == ["ue" if "originating" in name else "agw"]


@pytest.mark.system
@pytest.mark.interop
async def test_tshark_reads_the_clear_leg_as_bfcp(tmp_path: Path) -> None:
    performance = await play("bfcp-e2ae-terminating", "active")
    file = tmp_path / "call.pcapng"
    file.write_bytes(write_capture(performance.crossings, performance.secrets))
    clear = next(c for c in performance.crossings if c.kind is Kind.BFCP and c.data)
    tshark = (need("tshark"), "-n", "-r", str(file), "-d", f"tcp.port=={clear.source.port},bfcp")
    assert run(*tshark, "-Y", "_ws.malformed") == b""
    fields = ("primitive", "conference_id", "user_id", "request_status", "floor_id")
    options = [option for field in fields for option in ("-e", f"bfcp.{field}")]
    read = run(*tshark, "-Y", "bfcp", "-T", "fields", "-E", "separator=,", *options).decode().split()
    assert read == [
        f"11,{CONFERENCE},{USER},,",
        f"12,{CONFERENCE},{USER},,",
        f"1,{CONFERENCE},{USER},,{FLOOR}",
        f"4,{CONFERENCE},{USER},3,{FLOOR}",
        f"2,{CONFERENCE},{USER},,",
        f"4,{CONFERENCE},{USER},6,{FLOOR}",
    ]


async def connected() -> tuple[MediaEnd, MediaEnd]:
    one, other = (MediaEnd("127.0.0.1", lambda _: None) for _ in range(2))
    await asyncio.gather(one.connect(other.local), other.accept())
    return one, other


@pytest.mark.system
async def test_a_participant_and_a_server_over_a_socket(no_leaks: None) -> None:
    phone, core = await connected()
    serving = asyncio.create_task(serve(FloorLine(core), FloorServer(CONFERENCE, frozenset({FLOOR}))))
    assert await take_part(FloorLine(phone)) == floor_checks.HEARD
    await phone.close()
    with pytest.raises(MediaError, match="ended"):
        await serving
    await core.close()


@pytest.mark.system
async def test_a_server_that_refuses_ends_the_talk(no_leaks: None) -> None:
    phone, core = await connected()
    serving = asyncio.create_task(serve(FloorLine(core), FloorServer(CONFERENCE, frozenset())))
    with pytest.raises(RemoteError) as caught:
        await take_part(FloorLine(phone))
    assert caught.value.code == ErrorCode.INVALID_FLOOR
    serving.cancel()
    await asyncio.wait({serving})
    await phone.close()
    await core.close()
