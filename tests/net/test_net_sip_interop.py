"""SIPp's own scenarios against a user agent and a proxy made of our SIP layer; tshark reads what crossed."""

import asyncio
import json
import socket
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing
from kit.peers import need, run
from kit.sip_peer import Answerer, Forwarder, running

pytestmark = [pytest.mark.interop, pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

MODES = {"udp": "u1", "tcp": "t1"}
CALLS = 20


def free_port(transport: str) -> int:
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sipp(scenario: str, transport: str, port: int, *more: str) -> "subprocess.Popen[bytes]":
    """SIPp with one of its built-in scenarios, for ``CALLS`` calls, 50 a second."""
    return subprocess.Popen(
        [
            *(need("sipp"), "-sn", scenario, "-t", MODES[transport], "-i", "127.0.0.1", "-p", str(port)),
            *("-m", str(CALLS), "-r", "50", "-d", "50", "-nostdin", "-timeout", "25", "-timeout_error"),
            *more,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"TERM": "dumb", "PATH": "/usr/bin:/bin"},
    )


async def finished(process: "subprocess.Popen[bytes]") -> None:
    _, errors = await asyncio.to_thread(process.communicate, None, 40)
    assert process.returncode == 0, errors.decode(errors="replace")


@pytest.mark.parametrize("transport", MODES)
async def test_sipp_calls_our_user_agent(transport: str, tmp_path: Path) -> None:
    callee = Answerer()
    async with running(callee):
        await callee.listen(transport)
        caller = sipp("uac", transport, free_port(transport), str(callee.bound[transport]))
        await finished(caller)
    counts = Counter(crossing.summary for crossing in callee.crossings)
    assert counts["ACK"] == counts["BYE"] == counts["200 OK (BYE)"] == CALLS
    judge(callee.crossings, tmp_path)


@pytest.mark.parametrize("transport", MODES)
async def test_sipp_calls_sipp_through_our_proxy(transport: str, tmp_path: Path) -> None:
    proxy = Forwarder()
    async with running(proxy):
        await proxy.listen(transport)
        port = free_port(transport)
        proxy.target = TransportAddress("127.0.0.1", port)
        callee = sipp("uas", transport, port)
        await listening(transport, port)
        edge = str(proxy.bound[transport])
        caller = sipp("uac", transport, free_port(transport), "-rsa", edge, f"127.0.0.1:{port}")
        await finished(caller)
        await finished(callee)
    counts = Counter(crossing.summary for crossing in proxy.crossings)
    assert counts["180 Ringing (INVITE)"] == 2 * CALLS
    assert counts["ACK"] >= 2 * CALLS
    assert counts["200 OK (BYE)"] >= 2 * CALLS
    judge(proxy.crossings, tmp_path)


async def listening(transport: str, port: int) -> None:
    """Until SIPp has bound its port."""
    flags = "-Hln" + transport[0]
    async with asyncio.timeout(10):
        while f":{port} " not in run(need("ss"), flags).decode():  # noqa: ASYNC110 - SIPp tells nobody
            await asyncio.sleep(0.05)


def judge(crossings: Iterable[Crossing], folder: Path) -> None:
    """tshark finds SIP in every message, and nothing malformed or wrong in any."""
    text, capture, count = folder / "sip.txt", folder / "sip.pcap", 0
    with text.open("w") as out:
        for count, crossing in enumerate(crossings, 1):  # noqa: B007 - the number of the last is wanted
            lines = [crossing.data[at : at + 16] for at in range(0, len(crossing.data), 16)]
            out.writelines(f"{16 * n:06x} {line.hex(' ')}\n" for n, line in enumerate(lines))
            out.write("\n")
    run(need("text2pcap"), "-q", "-u", "5060,5060", str(text), str(capture))
    told = run(
        need("tshark"),
        "-r",
        str(capture),
        "-T",
        "json",
        "-e",
        "sip.Call-ID",
        "-e",
        "_ws.malformed",
        "-e",
        "_ws.expert.severity",
    )
    packets = [packet["_source"]["layers"] for packet in json.loads(told)]
    assert len(packets) == count
    assert all("sip.Call-ID" in packet for packet in packets)
    assert not any("_ws.malformed" in packet for packet in packets)
    errors = [p for p in packets if str(0x00800000) in p.get("_ws.expert.severity", [])]
    assert errors == []
