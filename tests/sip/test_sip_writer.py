"""Fields keep their place and spelling; the length is right."""

import pytest

from imsedge.core.errors import LocalError
from imsedge.sip.message import Headers, SipRequest, SipResponse
from imsedge.sip.writer import write_message


def test_content_length_is_corrected_in_its_place() -> None:
    headers = Headers([("v", "x"), ("l", "99"), ("Content-Length", "7"), ("X", "y\udcff")])
    made = SipRequest(method="INFO", uri="sip:a", headers=headers, body=b"four")
    assert write_message(made) == b"INFO sip:a SIP/2.0\r\nv: x\r\nl: 4\r\nX: y\xff\r\n\r\nfour"


def test_content_length_is_added() -> None:
    made = SipResponse(status=200, reason="OK", headers=Headers())
    assert write_message(made) == b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("bad", ["a\r\nInjected: yes", "a\nb", "a\rb"])
def test_a_line_end_in_a_value_is_our_own_mistake(bad: str) -> None:
    with pytest.raises(LocalError):
        write_message(SipRequest(method="INFO", uri="sip:a", headers=Headers([("X", bad)])))
