"""``imsedge h248 send``: a whole call by hand at a real gateway, and what cannot be."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.daemon.agw import AgwDaemon
from kit.daemons import agw_settings
from kit.sockets import free_address

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]

CALL = """\
MEGACO/2 [127.0.0.1]
Transaction = 1 { Context = $ { Add = $ { Media { Stream = 1 {
  LocalControl { Mode = SendReceive, ipdc/realm = "access" },
  Local {
v=0
c=IN IP4 $
m=- $ TCP -
} } } } } }
---
!/2 [127.0.0.1] T=2{C=%CTX%{AV=%T1%{AT{M}}}}
---
!/2 [127.0.0.1] T=3{C=%CTX%{S=*}}
"""


@pytest.mark.system
@pytest.mark.parametrize(("transport", "encoding"), [("udp", "ber"), ("tcp", "compact")])
async def test_a_call_by_hand(tmp_path: Path, transport: str, encoding: str) -> None:
    (tmp_path / "call.txt").write_text(CALL)
    address = free_address(transport)
    words = ["h248", "send", str(tmp_path / "call.txt"), "--listen", str(address)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "imsedge", *words, "--transport", transport, "--encoding", encoding),
        stdout=pipe,
        stderr=pipe,
    )
    daemon = AgwDaemon(agw_settings(address, h248={"transport": transport}))
    await daemon.start()
    try:
        out, err = await asyncio.wait_for(process.communicate(), 15)
    finally:
        await daemon.stop()
    assert (process.returncode, err) == (0, b"")
    assert b"AuditValue = ip/access/1 {" in out
    assert out.startswith(b"; waiting for a gateway to register")
    assert b"m=- %" not in out


WRONG = {
    "no peer": ((), "name the peer with --to"),
    "a gateway without a controller": (("--as", "gateway"), "a gateway needs the address of its controller"),
    "no address": (("--to", "localhost"), "localhost is no address:port"),
}
NO_MESSAGE = {
    "no H.248": (b"INVITE", "-:1:1: 400 "),
    "a wrong descriptor": (b"!/1 <x>\nT=1{C=%CTX%{MF=%T1%{M{Foo}}}}", "-:2:23: 444 "),
    "the second": (b"!/1 <x> T=1{C=1{S=*}}\n---\n!/1 <x> T=1{C=?{S=*}}", "-:3:13: 422 "),
}


@pytest.mark.parametrize(("words", "sentence"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_sent(imsedge: Imsedge, words: tuple[str, ...], sentence: str) -> None:
    done = imsedge("h248", "send", "-", *words, stdin=b"!/1 <x> T=1{C=-{AV=ROOT{AT{}}}}")
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"imsedge: {sentence}")


@pytest.mark.parametrize(("message", "sentence"), NO_MESSAGE.values(), ids=NO_MESSAGE)
def test_nothing_is_sent_of_what_is_wrong(imsedge: Imsedge, message: bytes, sentence: str) -> None:
    done = imsedge("h248", "send", "-", "--to", "127.0.0.1:9", stdin=message)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"imsedge: {sentence}")


@pytest.mark.system
def test_no_reply_is_exit_1(imsedge: Imsedge) -> None:
    words = ("--to", str(TransportAddress("127.0.0.1", 9)), "--patience", "0.2")
    done = imsedge("h248", "send", "-", *words, stdin=b"!/1 <x> T=1{C=-{AV=ROOT{AT{}}}}")
    assert done.returncode == 1
    assert b"; no reply: " in done.stdout


@pytest.mark.system
def test_a_reader_who_had_enough_stops_no_requests(imsedge: Imsedge) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = ("h248", "send", "-", "--to", "127.0.0.1:9", "--patience", "0.2")
    done = imsedge(*words, stdin=b"!/1 <x> T=1{C=-{AV=ROOT{AT{}}}}", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
