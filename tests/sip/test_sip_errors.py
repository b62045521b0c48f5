"""Blame, with what is needed to answer."""

from imsedge.sip.errors import SipError
from kit.sip import request


def test_an_error_keeps_its_request_when_it_moves_inwards() -> None:
    error = SipError(400, "bad", ("tag",), request=request()).inside("From")
    assert (error.path, error.request) == (("From", "tag"), request())
    assert str(error) == "400 bad in From / tag"
