"""Each flow, played on real sockets between real daemons, is the figure's; foreign judges read it."""

import subprocess
from pathlib import Path

import pytest

from imsedge.alg.policy import Securing
from imsedge.core.errors import SettingError
from imsedge.core.ids import RandomIds
from imsedge.core.trace import Kind
from imsedge.daemon.service import make_daemon, running
from imsedge.h248.codec import encoding_of
from imsedge.play.flows import Performance, perform, play
from imsedge.play.pcapng import write_capture
from imsedge.play.place import Wire, own_place
from imsedge.play.scenes import CORE_WORDS, UE_WORDS
from imsedge.play.stage import Stage
from imsedge.play.steps import FIGURES
from kit.megaco import judge
from kit.peers import need

pytestmark = pytest.mark.system

EVERY = [(name, answer) for name, answer in FIGURES]


@pytest.mark.parametrize(("name", "answer"), EVERY)
async def test_a_flow_is_what_its_figure_draws(name: str, answer: str, no_leaks: None) -> None:
    report = (await play(name, answer)).report
    assert [(check.name, check.detail) for check in report.checks if not check.ok] == []
    assert report.ok
    drawn = {step.number for step in FIGURES[name, answer]}
    assert drawn == {event.step for event in report.events if event.step}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("encoding", ["pretty", "compact", "ber"])
@pytest.mark.parametrize("name", ["msrp-e2ae-originating", "msrp-e2ae-terminating"])
async def test_a_flow_is_the_same_on_every_wire(name: str, encoding: str, transport: str) -> None:
    performance = await play(name, "active", wire=Wire(encoding, transport))
    assert [(check.name, check.detail) for check in performance.report.checks if not check.ok] == []
    messages = [crossing for crossing in performance.crossings if crossing.kind is Kind.H248]
    assert {crossing.transport for crossing in messages} == {transport}
    assert {encoding_of(crossing.data).value for crossing in messages} == {encoding}


@pytest.fixture(params=EVERY, ids="-".join)
async def performance(request: pytest.FixtureRequest) -> Performance:
    return await play(*request.param)


@pytest.mark.interop
def test_tshark_reads_the_capture_without_a_malformed_packet(
    performance: Performance, tmp_path: Path
) -> None:
    file = tmp_path / "call.pcapng"
    file.write_bytes(write_capture(performance.crossings, performance.secrets))

    def tshark(*options: str) -> str:
        command = [need("tshark"), "-n", "-r", str(file), *options]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    assert tshark("-Y", "_ws.malformed") == ""
    protocols = tshark("-T", "fields", "-e", "_ws.col.Protocol")
    assert {"SIP/SDP", "MEGACO/SDP", "TCP", "TLSv1.3", "MSRP"} <= set(protocols.split("\n"))
    followed = tshark(
        "-q", "-z", f"follow,tls,ascii,{tls_stream(tshark('-Y', 'tls', '-T', 'fields', '-e', 'tcp.stream'))}"
    )
    assert UE_WORDS in followed
    assert CORE_WORDS in followed


def tls_stream(numbers: str) -> str:
    """The TCP stream that TLS is on."""
    return numbers.split("\n", 1)[0]


@pytest.mark.interop
def test_the_erlang_decoder_takes_every_message(performance: Performance, tmp_path: Path) -> None:
    messages = [crossing.data for crossing in performance.crossings if crossing.kind is Kind.H248]
    assert len(messages) >= 12
    assert [verdict.reason for verdict in judge("text", messages, tmp_path) if not verdict.again] == []


async def test_a_call_that_is_refused_fails_the_flow_and_says_why(no_leaks: None) -> None:
    own = own_place(RandomIds())
    never = own.alg.policy.securing.model_copy(update={"msrp": Securing.NEVER})
    policy = own.alg.policy.model_copy(update={"securing": never})
    stage = Stage(own.place.cast)
    daemons = [make_daemon(own.alg.model_copy(update={"policy": policy}), tap=stage), make_daemon(own.agw)]
    async with running(daemons):
        refused = await perform("msrp-e2ae-originating", "active", own.place, stage, RandomIds())
    assert not refused.report.ok
    first = refused.report.checks[0]
    assert (first.name, first.ok) == ("the call went through", False)
    assert "488" in first.detail


async def test_a_flow_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    with pytest.raises(SettingError, match="msrp-e2ae-originating"):
        await play("msrp-e2ae-sideways")
    with pytest.raises(SettingError, match="active or passive"):
        await play("msrp-e2ae-originating", "both")
