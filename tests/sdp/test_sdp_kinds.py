"""Which row an m= line belongs to."""

import pytest

from imsedge.sdp.kinds import KINDS, Medium, classify
from imsedge.sdp.model import Line, Media

CASES = {
    "message 9 TCP/MSRP *": (Medium.MSRP, False),
    "message 9 TCP/TLS/MSRP *": (Medium.MSRP, True),
    "application 9 TCP/BFCP *": (Medium.BFCP, False),
    "application 9 tcp/tls/bfcp *": (Medium.BFCP, True),
    "application 9 UDP/BFCP *": (Medium.OTHER, False),
    "application 9 TCP/TLS/MSRP *": (Medium.TCP, True),
    "image 9 udptl t38": (Medium.T38, False),
    "image 9 UDPTL t38": (Medium.T38, False),
    "image 9 UDP/TLS/UDPTL t38": (Medium.T38, True),
    "image 9 TCP t38": (Medium.TCP, False),
    "audio 9 RTP/AVP 0": (Medium.OTHER, False),
    "audio 9 RTP/SAVP 0": (Medium.OTHER, True),
    "audio 9 UDP/TLS/RTP/SAVPF 0": (Medium.OTHER, True),
    "- $ TCP/TLS -": (Medium.TCP, True),
}


@pytest.mark.parametrize(("line", "expected"), CASES.items())
def test_classify(line: str, expected: tuple[Medium, bool]) -> None:
    found = classify(Media((Line("m", line),)))
    assert (found.medium, found.secure) == expected


def test_each_mechanism_names_one_row() -> None:
    assert [row.mechanism for row in KINDS] == ["msrp-tls", "bfcp-tls", "udptl-dtls"]
