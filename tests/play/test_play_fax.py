"""The T.38 flows on real sockets between real daemons (scene, steps, checks); tshark reads them."""

import asyncio
from pathlib import Path

import pytest

from imsedge.play import fax_checks, fax_scene  # noqa: F401 - proven here through the flow
from imsedge.play.fax_end import FaxEnd
from imsedge.play.fax_steps import FAX_FIGURES
from imsedge.play.flows import play
from imsedge.play.pcapng import write_capture
from imsedge.play.secure_end import Identity, MediaError
from imsedge.security.certificates import self_signed
from imsedge.security.tls import Role
from kit.peers import need, run

pytestmark = pytest.mark.system

ALICE, BOB = self_signed("alice"), self_signed("bob")


@pytest.mark.parametrize(("name", "answer"), FAX_FIGURES)
async def test_a_flow_is_as_it_should_be(name: str, answer: str, no_leaks: None) -> None:
    report = (await play(name, answer)).report
    assert [(check.name, check.detail) for check in report.checks if not check.ok] == []
    drawn = {step.number for step in FAX_FIGURES[name, answer]}
    assert drawn == {event.step for event in report.events if event.step}


@pytest.mark.interop
async def test_tshark_reads_both_legs(tmp_path: Path) -> None:
    performance = await play("t38-e2ae-originating", "active")
    file = tmp_path / "call.pcapng"
    file.write_bytes(write_capture(performance.crossings, performance.secrets))
    tshark = (need("tshark"), "-n", "-r", str(file))
    assert run(*tshark, "-Y", "_ws.malformed") == b""
    protocols = run(*tshark, "-T", "fields", "-e", "_ws.col.Protocol").decode().split()
    assert {"DTLSv1.2", "T.38"} <= set(protocols)
    assert run(*tshark, "-Y", "t38", "-T", "fields", "-e", "t38.t30_indicator").split() == [b"1", b"2"]


def ends(*, trusted: bool = True) -> tuple[FaxEnd, FaxEnd]:
    one, other = (
        FaxEnd("127.0.0.1", lambda _: None, Identity(who) if trusted else None) for who in (ALICE, BOB)
    )
    one.peer, other.peer = other.local, one.local
    return one, other


async def test_two_machines_over_dtls(no_leaks: None) -> None:
    one, other = ends()
    await asyncio.gather(
        one.secure(Role.CLIENT, (BOB.fingerprint(),)), other.secure(Role.SERVER, (ALICE.fingerprint(),))
    )
    await one.send(b"a")
    await one.send(b"b" * 900)
    assert [await other.receive(), await other.receive()] == [b"a", b"b" * 900]
    await one.close()
    with pytest.raises(MediaError, match="ended"):
        await other.receive()
    await other.close()


async def test_another_certificate_than_announced_is_not_trusted(no_leaks: None) -> None:
    one, other = ends()
    serving = asyncio.create_task(other.secure(Role.SERVER, (ALICE.fingerprint(),)))
    with pytest.raises(MediaError, match="does not match"):
        await one.secure(Role.CLIENT, (ALICE.fingerprint(),))
    await serving
    await one.close()
    await other.close()


async def test_an_end_needs_a_certificate_and_a_peer(no_leaks: None) -> None:
    one, other = ends(trusted=False)
    with pytest.raises(MediaError, match="no certificate"):
        await one.secure(Role.CLIENT, ())
    one.peer = None
    with pytest.raises(MediaError, match="nobody"):
        await one.send(b"x")
    await one.close()
    await other.close()
