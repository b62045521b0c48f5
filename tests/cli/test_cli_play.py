"""``imsedge play``: every flow as a user starts it, and what it leaves behind."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from imsedge.play.flows import FLOWS

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]


def test_the_list_names_every_flow(imsedge: Imsedge) -> None:
    listed = imsedge("play", "--list").stdout.decode().splitlines()
    assert [line for line in listed if not line.startswith(" ")] == list(FLOWS)
    assert max(map(len, listed)) <= 80


WRONG = {
    "no such mode": (("tcp-bearer", "--mode", "route"), "Invalid value for '--mode'"),
    "no sense": (("tcp-bearer", "--delayed-tcp", "--answer", "passive"), "so it needs --answer active"),
    "no flow": ((), "name a flow, or say --list"),
    "no such flow": (("nonsense",), "there is no flow nonsense; choose one of msrp-e2ae-originating"),
}


@pytest.mark.parametrize(("arguments", "sentence"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_played(imsedge: Imsedge, arguments: tuple[str, ...], sentence: str) -> None:
    done = imsedge("play", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr.decode()


SECURED = [flow for flow in FLOWS if flow.startswith("msrp-e2ae")]


@pytest.mark.system
@pytest.mark.parametrize("flow", SECURED)
@pytest.mark.parametrize(
    "options",
    [
        ("--answer", "active"),
        ("--answer", "passive"),
        ("--h248", "text"),
        ("--h248", "ber"),
        ("--transport", "tcp"),
    ],
    ids=" ".join,
)
def test_a_flow_is_as_its_figure_says(imsedge: Imsedge, flow: str, options: tuple[str, ...]) -> None:
    done = imsedge("play", flow, *options, "--json")
    report = msgspec.json.decode(done.stdout)
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert done.returncode == 0
    assert report["flow"] == flow
    assert {event["kind"] for event in report["events"]} == {"sip", "h248", "tcp", "tls", "msrp"}
    assert set(report["events"][0]) == {"t", "from", "to", "kind", "summary", "step"}


@pytest.mark.system
@pytest.mark.parametrize("answer", ["active", "passive"])
@pytest.mark.parametrize("flow", [flow for flow in FLOWS if flow.startswith("bfcp-e2ae")])
def test_floor_control_is_as_its_figure_says(imsedge: Imsedge, flow: str, answer: str) -> None:
    done = imsedge("play", flow, "--answer", answer, "--json")
    report = msgspec.json.decode(done.stdout)
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert done.returncode == 0
    assert {event["kind"] for event in report["events"]} == {"sip", "h248", "tcp", "tls", "bfcp"}


@pytest.mark.system
@pytest.mark.parametrize("flow", [flow for flow in FLOWS if flow.startswith("t38-e2ae")])
def test_fax_is_as_it_should_be(imsedge: Imsedge, flow: str) -> None:
    done = imsedge("play", flow, "--answer", "passive", "--json")
    report = msgspec.json.decode(done.stdout)
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert done.returncode == 0
    assert {event["kind"] for event in report["events"]} == {"sip", "h248", "dtls", "udptl"}


BEARERS = ("", "--answer active", "--nat --answer active", "--simultaneous-open")


@pytest.mark.system
@pytest.mark.parametrize("options", BEARERS)
def test_tcp_is_as_its_figure_says(imsedge: Imsedge, options: str) -> None:
    done = imsedge("play", "tcp-bearer", *options.split(), "--json")
    report = msgspec.json.decode(done.stdout)
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert done.returncode == 0
    assert {event["kind"] for event in report["events"]} == {"sip", "h248", "tcp", "msrp"}


@pytest.mark.system
def test_the_ladder_the_capture_and_the_picture(imsedge: Imsedge, tmp_path: Path) -> None:
    pcap, svg = tmp_path / "call.pcapng", tmp_path / "call.svg"
    done = imsedge("play", "msrp-e2ae-originating", "--pcap", str(pcap), "--svg", str(svg))
    assert done.returncode == 0
    assert done.stdout.decode().startswith("msrp-e2ae-originating: the phone calls")
    assert "──── REGISTER ────▶" in done.stdout.decode()
    assert pcap.read_bytes().startswith(b"\x0a\x0d\x0d\x0a")  # the section header block of pcapng
    assert ET.fromstring(svg.read_text()).tag.endswith("svg")  # noqa: S314 - our own file


@pytest.mark.system
def test_a_file_that_cannot_be_written_is_said(imsedge: Imsedge, tmp_path: Path) -> None:
    done = imsedge("play", "msrp-e2ae-originating", "--pcap", str(tmp_path / "none" / "x.pcapng"))
    assert done.returncode == 1
    assert done.stderr.decode().endswith("x.pcapng: No such file or directory\n")
