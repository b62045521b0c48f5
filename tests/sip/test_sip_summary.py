"""One short line for any octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sip.summary import summary_of
from imsedge.sip.writer import write_message
from kit.sip import request, response


@pytest.mark.parametrize(
    ("data", "summary"),
    [
        (write_message(request()), "INVITE"),
        (write_message(request(sdp=True)), "INVITE +SDP"),
        (write_message(response(request(), 180)), "180 Ringing (INVITE)"),
        (write_message(response(request(), 200, sdp=True)), "200 OK (INVITE) +SDP"),
        (b"", ""),
        (b"\xff\xfe garbage", "\ufffd\ufffd"),
    ],
)
def test_summary(data: bytes, summary: str) -> None:
    assert summary_of(data) == summary


@given(st.binary(max_size=100))
def test_it_never_raises(data: bytes) -> None:
    summary_of(data)
    summary_of(b"SIP/2.0 " + data)
