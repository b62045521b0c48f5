"""The call benchmark: its agents speak what they should, and a short run measures something."""

import os
import subprocess

import pytest

from imsedge.bench.calls import CallsResult, Load, run
from imsedge.bench.processes import children, cpu_seconds
from imsedge.bench.sip_load import read_fields, with_body

MESSAGE = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=1\r\nRecord-Route: <sip:a>\r\n"
    b"Record-Route: <sip:b>\r\nCall-ID:  x\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\nVia: not a field\r\n"
)


def test_fields_end_where_the_body_begins() -> None:
    fields = read_fields(MESSAGE)
    assert fields.first == b"SIP/2.0 200 OK"
    assert fields.all(b"record-route") == [b"<sip:a>", b"<sip:b>"]
    assert fields.one(b"call-id") == b"x"
    assert len(fields.all(b"via")) == 1
    assert fields.one(b"nothing") == b""


def test_a_body_brings_its_type_and_length() -> None:
    assert with_body("ACK sip:x SIP/2.0\r\n", "") == b"ACK sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    assert b"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n" in with_body("", "v=0\r\n")


def test_the_result_in_words() -> None:
    lines = CallsResult(900, 1, 2.0, 450.0, 20.0, 80.0, {"alg": 2.0, "agw": 1.0}).lines()
    assert lines[0] == "calls: 450 set up and released a second (900 in 2.0 s, 1 failed)"
    assert lines[2] == "processor time per call: alg 2.00 ms, agw 1.00 ms"


@pytest.mark.system
def test_processor_time_of_a_process() -> None:
    assert cpu_seconds(os.getpid()) > 0
    with subprocess.Popen(["sleep", "60"]) as child:
        assert child.pid in children(os.getpid())
        child.kill()


@pytest.mark.system
def test_a_short_run_completes_calls_and_fails_none() -> None:
    result = run(Load(seconds=1.0, concurrent=4))
    assert result.calls > 20
    assert result.failed == 0
    assert set(result.cpu_ms) == {"alg", "agw", "worker0"}
