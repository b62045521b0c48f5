"""Two SIP user agents that do as little as a benchmark can: text is filled in, few fields are looked for.

They speak correct SIP towards a controller that is correct as well; they are no judges of it.
"""

import asyncio
import re
from itertools import count
from typing import NamedTuple

from imsedge.core.address import TransportAddress

FINGERPRINT = ":".join(["AB"] * 32)
T1, T2 = 0.5, 4.0  # RFC 3261 clause 17.1.1.1
# A call that has not ended after this long counts as failed and is replaced by the next.
PATIENCE = 64 * T1

_FIELD = re.compile(rb"^([A-Za-z-]+)[ \t]*:[ \t]*(.*?)\r?$", re.MULTILINE)
_MIRRORED = (b"via", b"record-route", b"from", b"call-id", b"cseq")

_OFFER = """\
v=0\r
o=- 1 1 IN IP4 {host}\r
s=-\r
c=IN IP4 {host}\r
t=0 0\r
m=message 7000 TCP/TLS/MSRP *\r
a=accept-types:text/plain\r
a=setup:actpass\r
a=msrp-cema\r
a=path:msrps://{host}:7000/s;tcp\r
a=fingerprint:sha-256 {fingerprint}\r
a=3ge2ae:requested\r
"""
_ANSWER = """\
v=0\r
o=- 2 2 IN IP4 {host}\r
s=-\r
c=IN IP4 {host}\r
t=0 0\r
m=message 7000 TCP/MSRP *\r
a=accept-types:text/plain\r
a=setup:passive\r
a=msrp-cema\r
a=path:msrp://{host}:7000/s;tcp\r
"""


class Fields(NamedTuple):
    """First line and header fields of a message, names in lower case."""

    first: bytes
    values: list[tuple[bytes, bytes]]

    def all(self, name: bytes) -> list[bytes]:
        """In the order in which they stand."""
        return [value for found, value in self.values if found == name]

    def one(self, name: bytes) -> bytes:
        """The first, or nothing."""
        return next(iter(self.all(name)), b"")


def read_fields(data: bytes) -> Fields:
    """Good enough for messages of our own controller."""
    head = data.partition(b"\r\n\r\n")[0]
    first, _, rest = head.partition(b"\r\n")
    return Fields(first, [(name.lower(), value) for name, value in _FIELD.findall(rest)])


def with_body(head: str, body: str) -> bytes:
    """Content-Length and body behind a head that ends with a line end."""
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return f"{head}{kind}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class Callee(asyncio.DatagramProtocol):
    """The core: registrar, and a UE that answers every call at once, again and again until its ACK comes."""

    def __init__(self) -> None:
        self._unconfirmed: dict[bytes, asyncio.TimerHandle] = {}
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        self._contact = f"Contact: <sip:core@{host}:{port}>\r\n".encode()
        answer = _ANSWER.format(host=host).encode()
        self._answer = b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%b" % (
            len(answer),
            answer,
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        fields = read_fields(data)
        method, call_id = data.partition(b" ")[0], fields.one(b"call-id")
        if method in {b"ACK", b"BYE"} and call_id in self._unconfirmed:
            self._unconfirmed.pop(call_id).cancel()
        if method in {b"ACK", b"SIP/2.0"} or call_id in self._unconfirmed:
            return
        mirrored = b"".join(
            b"%b: %b\r\n" % (name, value) for name, value in fields.values if name in _MIRRORED
        )
        to, tail, contact = fields.one(b"to"), b"Content-Length: 0\r\n\r\n", self._contact
        if method == b"INVITE":
            to, tail = to + b";tag=core", self._answer
        elif method == b"REGISTER":
            contact = b"Contact: %b;expires=3600\r\n" % fields.one(b"contact")
        response = b"SIP/2.0 200 OK\r\n%bTo: %b\r\n%b%b" % (mirrored, to, contact, tail)
        if method == b"INVITE":
            self._answer_until_confirmed(call_id, response, addr)
        else:
            self._transport.sendto(response, addr)

    def close(self) -> None:
        """Free the port."""
        for timer in self._unconfirmed.values():
            timer.cancel()
        self._transport.close()

    def _answer_until_confirmed(self, call_id: bytes, response: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(response, addr)
        self._unconfirmed[call_id] = self._loop.call_later(
            T1, self._answer_until_confirmed, call_id, response, addr
        )


class _Call:
    """One call of the caller: what it waits for an answer to, and until when; ``ack``: of its 200."""

    __slots__ = ("ack", "began", "ends", "repeat")

    def __init__(self, now: float) -> None:
        self.began = now
        self.ends = now + PATIENCE
        self.ack = b""
        self.repeat: asyncio.TimerHandle | None = None


class Caller(asyncio.DatagramProtocol):
    """One registered UE that keeps a number of calls going; ``setups``: seconds from INVITE to 200."""

    def __init__(self, proxy: TransportAddress) -> None:
        self.completed = 0
        self.failed = 0
        self.setups: list[float] = []
        self._proxy = proxy
        self._calls: dict[bytes, _Call] = {}
        self._numbers = count(1)
        self._registered = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._finishing = False

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self._local = TransportAddress(*transport.get_extra_info("sockname")[:2])
        self._offer = _OFFER.format(host=self._local.host, fingerprint=FINGERPRINT)

    async def register(self) -> None:
        """Announce ``msrp-tls``; until the 200 comes."""
        head = self._head("REGISTER", "sip:bench.test", "reg", 1, "<sip:ue@bench.test>")
        security = "Security-Client: msrp-tls;mediasec\r\nExpires: 3600\r\n"
        self._send(with_body(head + security, ""))
        await asyncio.wait_for(self._registered.wait(), PATIENCE)

    def begin(self, concurrent: int) -> None:
        """From now on keep so many calls going."""
        for _ in range(concurrent):
            self._invite()

    def finish(self) -> None:
        """Begin no more calls; those that run go on to their end."""
        self._finishing = True

    def close(self) -> None:
        """Leave the calls as they are and free the port."""
        self._finishing = True
        for call in self._calls.values():
            if call.repeat is not None:
                call.repeat.cancel()
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's name
        if not data.startswith(b"SIP/2.0 ") or data.startswith(b"SIP/2.0 1"):
            return
        fields = read_fields(data)
        call_id, method = fields.one(b"call-id"), fields.one(b"cseq").split()[-1]
        if method == b"REGISTER":
            self._registered.set()
        elif call_id in self._calls:
            self._answered(call_id, method, fields)

    def _answered(self, call_id: bytes, method: bytes, fields: Fields) -> None:
        call = self._calls[call_id]
        good = fields.first.startswith(b"SIP/2.0 200")
        if good and method == b"INVITE":
            if call.ack:
                self._send(call.ack)
            else:
                self.setups.append(self._loop.time() - call.began)
                self._confirm_and_end(call_id, call, fields)
            return
        self.failed += not good
        self.completed += good
        self._next(call_id)

    def _invite(self) -> None:
        call_id = f"bench-{next(self._numbers)}".encode()
        self._calls[call_id] = _Call(self._loop.time())
        head = self._head("INVITE", "sip:core@bench.test", call_id.decode(), 1, "<sip:core@bench.test>")
        self._send_until_answered(call_id, with_body(head, self._offer))

    def _confirm_and_end(self, call_id: bytes, call: _Call, fields: Fields) -> None:
        """ACK, which is kept for a 200 that comes again, and BYE."""
        routes = b"".join(
            b"Route: %b\r\n" % value for value in reversed(fields.all(b"record-route"))
        ).decode()
        target = fields.one(b"contact").partition(b"<")[2].partition(b">")[0].decode()
        call.ack, bye = (
            with_body(
                self._head(method, target, call_id.decode(), number, fields.one(b"to").decode()) + routes, ""
            )
            for method, number in (("ACK", 1), ("BYE", 2))
        )
        self._send(call.ack)
        self._send_until_answered(call_id, bye)

    def _send_until_answered(self, call_id: bytes, data: bytes, wait: float = T1) -> None:
        call = self._calls[call_id]
        if call.repeat is not None:
            call.repeat.cancel()
        if self._loop.time() > call.ends:
            self.failed += 1
            self._next(call_id)
            return
        again = min(2 * wait, T2)
        call.repeat = self._loop.call_later(wait, self._send_until_answered, call_id, data, again)
        self._send(data)

    def _next(self, call_id: bytes) -> None:
        call = self._calls.pop(call_id)
        if call.repeat is not None:
            call.repeat.cancel()
        if not self._finishing:
            self._invite()

    def _head(self, method: str, target: str, call_id: str, number: int, remote: str) -> str:
        branch = f"z9hG4bK{call_id}-{method}"
        return (
            f"{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {self._local};branch={branch};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:ue@bench.test>;tag=ue\r\nTo: {remote}\r\nCall-ID: {call_id}\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:ue@{self._local}>\r\n"
        )

    def _send(self, data: bytes) -> None:
        self._transport.sendto(data, tuple(self._proxy))
