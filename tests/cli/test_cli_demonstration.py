"""``imsedge run`` as a newcomer types it: up, one call, the ladder, Ctrl-C."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imsedge.cli.demonstration import Curtain
from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing, Kind

HERE = TransportAddress("127.0.0.1", 5060)
CROSSING = Crossing(0.0, Kind.SIP, HERE, HERE, "udp", "INVITE")


def test_nothing_is_collected_once_the_curtain_is_shut() -> None:
    seen: list[Crossing] = []

    def tap(crossing: Crossing) -> None:
        seen.append(crossing)

    curtain = Curtain(tap)
    curtain(CROSSING)
    curtain.shut()
    curtain(CROSSING)
    assert seen == [CROSSING]


@pytest.fixture
def settings(tmp_path: Path) -> list[str]:
    """Files that move everything to a network of the test's own: the defaults may be in use here."""
    net = f"127.77.{time.monotonic_ns() // 1000 % 250 + 1}"
    agw = tmp_path / "agw.toml"
    agw.write_text(
        f'[h248]\nlisten = "{net}.41:2944"\ncontrollers = ["{net}.40:2944"]\n'
        f'[realms.access]\naddresses = ["{net}.30"]\n[realms.core]\naddresses = ["{net}.31"]\n'
        f'[status]\nlisten = "{net}.41:8246"\n'
    )
    alg = tmp_path / "alg.toml"
    alg.write_text(
        f'[h248]\nlisten = "{net}.40:2944"\n[status]\nlisten = "{net}.40:8244"\n'
        f'[sip]\naccess = "{net}.20:5060"\ncore = "{net}.21:5060"\nnext_hop = "{net}.50:5060"\n'
    )
    return ["--agw-config", str(agw), "--alg-config", str(alg)]


@pytest.fixture
def running(settings: list[str]) -> Iterator["subprocess.Popen[str]"]:
    process = start("run", *settings)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "imsedge", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: "subprocess.Popen[str]", word: str) -> str:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if word in line:
            return text
    assert process.stderr is not None
    raise AssertionError(f"ended without saying {word}: {text}{process.stderr.read()}")


@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_call_then_up_until_a_signal(running: "subprocess.Popen[str]", number: signal.Signals) -> None:
    text = read_until(running, "Ctrl-C stops")
    assert "good the call went through" in text
    assert "BAD" not in text
    assert re.search(r"gateway's status: +http://127\.77\.\d+\.41:8246/status", text)
    assert running.poll() is None
    asked = time.monotonic()
    running.send_signal(number)
    assert running.wait(5) == 0
    assert time.monotonic() - asked < 1.0
    assert running.stderr is not None
    assert "Traceback" not in running.stderr.read()


@pytest.mark.system
def test_a_second_one_says_which_address_is_taken(
    running: "subprocess.Popen[str]", settings: list[str]
) -> None:
    read_until(running, "Ctrl-C stops")
    second = start("run", *settings)
    _, errors = second.communicate(timeout=20)
    assert second.returncode == 2
    assert re.search(r"imsedge: sip\.access: 127\.77\.\d+\.20:5060 cannot be used: ", errors)
    assert running.poll() is None


@pytest.mark.system
def test_ctrl_c_during_the_call_stops_at_once(running: "subprocess.Popen[str]") -> None:
    time.sleep(0.45)
    asked = time.monotonic()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=5)
    assert time.monotonic() - asked < 1.5
