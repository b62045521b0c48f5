"""What crossed the wires of a namespace, segment by segment, as tshark tells it while it happens."""

import contextlib
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from kit.netns import Namespace
from kit.peers import need

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
_KINDS = {SYN: "SYN", SYN | ACK: "SYN-ACK", ACK: "ACK"}

_FIELDS = (
    *("frame.interface_name", "frame.time_epoch", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst"),
    *("tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.len"),
    *("tcp.window_size_value", "tcp.options", "tcp.payload", "ip.dsfield", "ipv6.tclass"),
    *("icmp.type", "icmp.code", "udp.payload"),
)
_PATIENCE = 20.0


class Segment(NamedTuple):
    """One TCP segment on one wire; ``octet`` is the DiffServ octet, ``options`` are hexadecimal digits."""

    wire: str
    time: float
    source: TransportAddress
    target: TransportAddress
    flags: int
    sequence: int
    acknowledged: int
    window: int
    options: str
    payload: bytes
    octet: int

    @property
    def kind(self) -> str:
        """SYN, SYN-ACK, ACK, DATA, FIN or RST."""
        if self.flags & RST:
            return "RST"
        if self.flags & FIN:
            return "FIN"
        return "DATA" if self.payload else _KINDS.get(self.flags & (SYN | ACK), "?")

    @property
    def ends(self) -> frozenset[TransportAddress]:
        """Which connection it belongs to."""
        return frozenset((self.source, self.target))

    def __str__(self) -> str:
        what = f"{self.kind:8}{len(self.payload):6}"
        return f"{self.time:.6f} {self.wire:9}{self.source!s:26} -> {self.target!s:26} {what}"


class Same(NamedTuple):
    """What no node between the ends may touch."""

    flags: int
    sequence: int
    acknowledged: int
    window: int
    options: str
    payload: bytes


def untouched(segments: list[Segment]) -> list[Same]:
    """In the order of the wire."""
    return [Same(*(getattr(segment, name) for name in Same._fields)) for segment in segments]


class Icmp(NamedTuple):
    """An ICMP message (RFC 792) on one wire."""

    wire: str
    type: int
    code: int


class Capture:
    """Made by ``capture``; each look shows what came since ``begin``."""

    def __init__(
        self, process: "subprocess.Popen[str]", mark: Callable[[bytes], None], wires: set[str]
    ) -> None:
        self._rows: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._mark, self._wires = mark, wires
        self._marks, self._since = 0, 0.0
        self._segments: list[Segment] = []
        self._past: set[frozenset[TransportAddress]] = set()
        self._icmp: list[Icmp] = []
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def begin(self) -> None:
        """Forget what has been, and what connections of before still have to say."""
        self._since = time.time()
        self._past |= {segment.ends for segment in self._segments}
        self._segments.clear()
        self._icmp.clear()

    def wait_until_ready(self) -> None:
        """Until something that is sent now is seen."""
        self._settle()

    def segments(self, *wires: str) -> list[Segment]:
        """In the order of time, of these wires or all."""
        self._settle()
        chosen = [segment for segment in self._segments if not wires or segment.wire in wires]
        return sorted(chosen, key=lambda segment: segment.time)

    def kinds(self, wire: str) -> list[str]:
        """``> SYN`` went into the gateway, ``< SYN-ACK`` came out of it; without plain ACKs."""
        return [
            f"{'<' if segment.source.host in OURS else '>'} {segment.kind}"
            for segment in self.segments(wire)
            if segment.kind != "ACK"
        ]

    def icmp(self) -> list[Icmp]:
        """Those of every wire."""
        self._settle()
        return self._icmp.copy()

    def __str__(self) -> str:
        return "\n" + "\n".join(map(str, self.segments()))

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):  # closed at the end
            for row in self._process.stdout:
                self._rows.put(row)

    def _settle(self) -> None:
        """Send a datagram over each wire; what came before it has been seen when it is seen."""
        self._marks += 1
        name = f"mark {self._marks}".encode()
        waiting, limit, next_mark = set(self._wires), time.monotonic() + _PATIENCE, 0.0
        while waiting:
            assert time.monotonic() < limit, f"tshark is silent about {waiting}; {self._process.poll()}"
            if time.monotonic() >= next_mark:  # the first ones come before tshark is ready
                self._mark(name)
                next_mark = time.monotonic() + 0.5
            with contextlib.suppress(queue.Empty):
                waiting -= self._take(self._rows.get(timeout=0.1), name.hex())

    def _take(self, row: str, mark: str) -> set[str]:
        """The wire that this row has marked."""
        fields = dict(zip(_FIELDS, row.rstrip("\n").split("\t"), strict=True))
        wire = fields["frame.interface_name"]
        if fields["udp.payload"] == mark:
            return {wire}
        if fields["icmp.type"]:
            if float(fields["frame.time_epoch"]) >= self._since:
                self._icmp.append(Icmp(wire, int(fields["icmp.type"]), int(fields["icmp.code"])))
        elif fields["tcp.flags"]:
            self._keep(_segment(wire, fields))
        return set()

    def _keep(self, segment: Segment) -> None:
        if segment.time < self._since:
            self._past.add(segment.ends)
        elif segment.kind == "SYN":
            self._past.discard(segment.ends)
        if segment.ends not in self._past:
            self._segments.append(segment)


# The addresses of the gateway, by which ``Capture.kinds`` tells directions.
OURS = frozenset({"203.0.113.1", "2001:db8:a::1", "10.0.0.1", "2001:db8:c::1"})


@contextmanager
def capture(
    namespace: Namespace, wires: dict[str, TransportAddress], network: str = "0.0.0.0/0 or ip6"
) -> Iterator[Capture]:
    """Record these wires of a machine; the address is that of somebody at the other end."""
    options = [word for wire in wires for word in ("-i", wire)]
    for field in _FIELDS:
        options += ["-e", field]
    sock = namespace.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def mark(name: bytes) -> None:
        for address in wires.values():
            sock.sendto(name, tuple(address))

    with (
        sock,
        subprocess.Popen(
            [
                *(
                    *namespace.prefix,
                    need("tshark"),
                    "-n",
                    "-l",
                    "-Q",
                    "-B",
                    "32",
                    "-T",
                    "fields",
                    "-E",
                    "occurrence=f",
                ),
                *("-f", f"(tcp or icmp or icmp6 or udp dst port 9) and (net {network})", *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        try:
            made = Capture(process, mark, set(wires))
            made.wait_until_ready()
            yield made
        finally:
            process.terminate()


def _segment(wire: str, fields: dict[str, str]) -> Segment:
    def number(name: str) -> int:
        return int(fields[name] or "0", 0)

    return Segment(
        wire=wire,
        time=float(fields["frame.time_epoch"]),
        source=TransportAddress(fields["ip.src"] or fields["ipv6.src"], number("tcp.srcport")),
        target=TransportAddress(fields["ip.dst"] or fields["ipv6.dst"], number("tcp.dstport")),
        flags=number("tcp.flags"),
        sequence=number("tcp.seq_raw"),
        acknowledged=number("tcp.ack_raw"),
        window=number("tcp.window_size_value"),
        options=fields["tcp.options"],
        payload=bytes.fromhex(fields["tcp.payload"]),
        octet=number("ip.dsfield") or number("ipv6.tclass"),
    )
