"""SIP messages as short texts, and the two ends of a transaction layer on a virtual clock."""

from textwrap import dedent
from typing import TypeVar

from imsedge.core.address import TransportAddress
from imsedge.core.machine import Tick
from imsedge.sip.events import Input, Output, Received, Transmit
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipMessage, SipRequest, SipResponse, make_response
from imsedge.sip.parser import read_message
from imsedge.sip.transactions import TransactionLayer

T = TypeVar("T")

UE = TransportAddress("192.0.2.7", 5062)
EDGE = TransportAddress("192.0.2.1", 5060)
CORE = TransportAddress("198.51.100.9", 5060)


def wire(text: str, body: str = "") -> bytes:
    """``text``: start line and fields, indented as one likes; line ends become CRLF."""
    lines = dedent(text).strip("\n").split("\n")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


def message(text: str, body: str = "") -> SipMessage:
    return read_message(wire(text, body))


def request(
    method: str = "INVITE",
    *extra: str,
    uri: str = "sip:bob@home.example",
    branch: str = "z9hG4bKue1",
    transport: str = "UDP",
    to_tag: str = "",
    cseq: int = 1,
    sdp: bool = False,
) -> SipRequest:
    """What a UE at ``UE`` would send; ``extra`` are further header lines."""
    to = f";tag={to_tag}" if to_tag else ""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {UE};branch={branch};rport",
        "Max-Forwards: 70",
        "From: Alice <sip:alice@home.example>;tag=a1",
        f"To: <sip:bob@home.example>{to}",
        "Call-ID: c1@192.0.2.7",
        f"CSeq: {cseq} {method}",
        f"Contact: <sip:alice@{UE}>",
        *extra,
        *(["Content-Type: application/sdp"] if sdp else []),
    ]
    made = message("\n".join(lines), "v=0\r\n" if sdp else "")
    assert isinstance(made, SipRequest)
    return made


def response(to: SipRequest, status: int, *extra: str, to_tag: str = "b1", sdp: bool = False) -> SipResponse:
    """What Bob would answer."""
    fields = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in extra)]
    if sdp:
        fields.append(("Content-Type", "application/sdp"))
    tag = None if status == 100 else to_tag
    return make_response(to, status, to_tag=tag, headers=fields, body=b"v=0\r\n" if sdp else b"")


class Clocked:
    """A layer whose timers fire in virtual time."""

    def __init__(self, layer: TransactionLayer) -> None:
        self.layer = layer
        self.now = 0.0

    def take(self, event: Input) -> list[Output]:
        return self.layer.handle(event, self.now)

    def hear(self, data: bytes, source: TransportAddress = UE, transport: str = "udp") -> list[Output]:
        return self.take(Received(data, Flow(transport, source, EDGE)))

    def until(self, end: float) -> list[tuple[float, Output]]:
        """Let time pass; what came out, and when."""
        seen: list[tuple[float, Output]] = []
        while self.layer.deadline <= end:
            self.now = self.layer.deadline
            seen.extend((self.now, output) for output in self.layer.handle(Tick(), self.now))
        self.now = end
        return seen


def only(outputs: list[Output], kind: type[T]) -> T:
    """The one output of that kind."""
    (found,) = [output for output in outputs if isinstance(output, kind)]
    return found


def first_lines(outputs: list[Output]) -> list[str]:
    """Start lines of what is transmitted, names of all other outputs."""
    return [
        output.data.split(b"\r\n", 1)[0].decode() if isinstance(output, Transmit) else type(output).__name__
        for output in outputs
    ]
