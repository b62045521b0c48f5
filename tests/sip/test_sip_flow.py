"""Flows."""

from imsedge.sip.flow import Flow
from kit.sip import CORE


def test_tcp_and_tls_are_reliable() -> None:
    assert [Flow(name, CORE).is_reliable for name in ("udp", "tcp", "tls")] == [False, True, True]


def test_a_flow_is_shown_short() -> None:
    assert str(Flow("udp", CORE)) == "udp:198.51.100.9:5060"
