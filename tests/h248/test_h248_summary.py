"""One line a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.h248.summary import summary_of

HEADER = "!/2 [192.0.2.1] "

CASES = {
    "T=101{C=${A=${M{ST=1{O{MO=SR}}}}}}": "Add $ (context $) #101",
    "T=7{C=1{MF=ip/core/1{SG{g/x}},S=ip/core/2},C=-{AV=ROOT{AT{}}}}": (
        "Modify ip/core/1, Subtract ip/core/2 (context 1), AuditValue ROOT (context -) #7"
    ),
    'T=1{C=-{SC=ROOT{SV{MT=RS,RE="901 Cold Boot"}}}}': "ServiceChange ROOT Restart 901 (context -) #1",
    "T=9{C=1{N=ip/core/1{OE=1{tcpbcc/BNCChange{Type=Cut}}}}}": (
        "Notify ip/core/1 tcpbcc/BNCChange (context 1) #9"
    ),
    "T=9{C=*{CA{EG}}}": "audit (context *) #9",
    "P=101{C=1{A=ip/core/1}}": "reply #101: Add ip/core/1 (context 1)",
    'P=101{C=1{A=ip/core/1{ER=430{"x"}}}}': "reply #101: Add ip/core/1 error 430 (context 1)",
    "P=101{C=1{ER=411{}}}": "reply #101: error 411 (context 1)",
    "P=101{ER=403{}}": "reply #101: error 403",
    "PN=5{}": "pending #5",
    "K{1,3-5}PN=6{}": "ack #1, #3-5; pending #6",
    "ER=400{}": "error 400",
    "T=5{}": "error 403 #5",
}


@pytest.mark.parametrize(("body", "summary"), CASES.items())
def test_a_message_in_one_line(body: str, summary: str) -> None:
    assert summary_of(f"{HEADER}{body}".encode()) == summary


def test_a_segment_acknowledgement_is_version_3() -> None:
    assert summary_of(b"!/3 [192.0.2.1] SM=5/2") == "segment 2 of #5"


@given(st.binary(max_size=60))
def test_never_raises(data: bytes) -> None:
    assert isinstance(summary_of(data), str)
