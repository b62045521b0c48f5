"""Floods, refusals and peers that misbehave: what the wires show, and that the other streams go on."""

import socket
import struct
import time
from errno import ECONNRESET

import pytest

from imsedge.core.address import TransportAddress
from kit.networks import CORE, CORE_PORTS, NOWHERE, PARTY, PHONE, STRANGER, World, until
from kit.peers import need
from kit.procfs import processor_seconds, resident_kilobytes

pytestmark = pytest.mark.system

REPORT = ", Events = 1 { tcpbcc/BNCChange }"
FLOOD = 3_000
# Of the worker, for all that the flood sends: to wake up for each SYN would take several times as much.
FLOOD_SECONDS = 0.05
MEGABYTE = 1 << 20


class Pair:
    """Phone and party, joined by the gateway."""

    def __init__(self, net: World, more: str = "") -> None:
        listener, party = net.listen(net.core, PARTY)
        self.access = net.controller.add("access", more=more)
        self.core = net.controller.add("core", context=self.access.context, remote=party, more=more)
        self.phone = net.call(net.phone, PHONE, self.access.local, wait=True)
        self.party = net.accept(listener)

    def is_well(self) -> bool:
        """One octet there, one back."""
        self.phone.sendall(b"?")
        there = self.party.recv(1)
        self.party.sendall(b"!")
        return there + self.phone.recv(1) == b"?!"


def flood(net: World, target: TransportAddress, count: int) -> None:
    """SYNs of a stranger, each from another port; the stranger's kernel knows nothing of them."""
    raw = net.stranger.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP))
    ends = socket.inet_aton(STRANGER) + socket.inet_aton(target.host) + struct.pack("!HH", 6, 20)
    with raw:
        for number in range(count):
            header = struct.pack("!HHIIBBHHH", 1024 + number, target.port, number, 0, 5 << 4, 2, 1024, 0, 0)
            total = sum(struct.unpack("!16H", ends + header))
            checksum = ~(total % 0xFFFF) & 0xFFFF
            raw.sendto(header[:16] + struct.pack("!H", checksum) + header[18:], (target.host, 0))
            if number % 100 == 0:
                time.sleep(0.05)  # tshark buffers a thousand a half second


def test_a_flood_of_syns_at_a_gate_wakes_nobody(net: World) -> None:
    pair = Pair(net)
    gated = net.controller.add("access", control="tcpbcc/incoming = discard")
    net.wires.begin()
    (worker,) = net.daemon.workers
    before = processor_seconds(worker)
    flood(net, gated.local, FLOOD)
    spent = processor_seconds(worker) - before
    assert pair.is_well()
    assert net.wires.kinds("stranger") == ["> SYN"] * FLOOD
    assert spent <= FLOOD_SECONDS
    assert f"gm/dp = {FLOOD}" in net.controller.subtract(gated)


def test_a_flood_of_syns_at_a_source_filter_wakes_nobody(net: World) -> None:
    filtered = net.controller.add("access", control=f'gm/saf = ON, gm/sam = "[{PHONE}]"')
    (worker,) = net.daemon.workers
    before = processor_seconds(worker)
    flood(net, filtered.local, FLOOD)
    phone = net.call(net.phone, PHONE, filtered.local, wait=True)
    phone.sendall(b"here")
    assert processor_seconds(worker) - before <= FLOOD_SECONDS
    assert set(net.wires.kinds("stranger")) == {"> SYN"}
    assert net.wires.kinds("phone") == ["> SYN", "< SYN-ACK", "> DATA"]


@pytest.mark.parametrize(
    ("remote", "cause", "answer"),
    [
        (TransportAddress(PARTY, 4), "connection refused", ["< SYN", "> RST"]),
        (TransportAddress(NOWHERE, 4), "unreachable", ["< SYN"]),
    ],
)
def test_a_party_that_cannot_be_reached_is_reported(
    net: World, remote: TransportAddress, cause: str, answer: list[str]
) -> None:
    access = net.controller.add("access", more=REPORT)
    core = net.controller.add("core", context=access.context, remote=remote, more=REPORT)
    phone = net.call(net.phone, PHONE, access.local)
    net.controller.report(core.name, "Mfail", cause)
    assert net.end_of(phone) == ECONNRESET
    net.controller.report(access.name, "Cut", "the other leg was lost")
    assert net.wires.kinds("core") == answer, str(net.wires)
    assert net.wires.kinds("phone") == ["> SYN", "< SYN-ACK", "< RST"]
    unreachable = [(3, 1)] if remote.host == NOWHERE else []
    assert [(message.type, message.code) for message in net.wires.icmp()] == unreachable


def test_a_peer_that_never_reads_is_waited_for_and_harms_nobody(net: World) -> None:
    well, stuck = Pair(net), Pair(net)
    (worker,) = net.daemon.workers
    before = resident_kilobytes(worker)
    stuck.phone.setblocking(False)
    sent = _send_until_stuck(stuck.phone)
    assert sent < 64 * MEGABYTE, "the gateway stops reading"
    assert resident_kilobytes(worker) - before < 2 * 1024
    assert well.is_well()
    stuck.party.setblocking(True)
    got = 0
    while got < sent:
        got += len(stuck.party.recv(MEGABYTE))
    assert got == sent


def test_one_octet_at_a_time_arrives_whole_and_harms_nobody(net: World) -> None:
    well, slow = Pair(net), Pair(net)
    slow.phone.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    text = bytes(range(256)) * 4
    for octet in text:
        slow.phone.sendall(bytes((octet,)))
    got = b""
    while len(got) < len(text):
        got += slow.party.recv(len(text))
    assert got == text
    assert well.is_well()


def test_a_reset_in_the_middle_reaches_the_other_end_and_nobody_else(net: World) -> None:
    well, broken = Pair(net), Pair(net, REPORT)
    broken.phone.sendall(bytes(100_000))
    assert broken.party.recv(1)
    broken.phone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    broken.phone.close()
    net.controller.report(broken.access.name, "Mfail", "reset by peer")
    net.controller.report(broken.core.name, "Cut", "the other leg was lost")
    with pytest.raises(ConnectionResetError):
        _read_to_the_end(broken.party)
    assert well.is_well()
    resets = [one for one in net.wires.segments("core") if one.kind == "RST"]
    assert {one.source for one in resets} == {broken.core.local}


def test_ports_that_are_used_up_are_an_error_and_nothing_leaks(net: World) -> None:
    taken = [net.controller.add("core") for _ in range(CORE_PORTS)]
    assert len({termination.local.port for termination in taken}) == CORE_PORTS
    local = "Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n}"
    wanted = f'Media {{ Stream = 1 {{ LocalControl {{ ipdc/realm = "core" }}, {local} }} }}'
    assert "Error = 510" in net.controller.ask(f"Context = $ {{ Add = $ {{ {wanted} }} }}")
    assert len(listening(net, CORE)) == CORE_PORTS
    net.controller.subtract(taken[0])
    assert net.controller.add("core").local.port == taken[0].local.port
    net.controller.subtract_all()
    # Nothing was asked of the terminations, so the answer does not wait for the media plane.
    until(lambda: not listening(net, CORE), "ports that are free again")


def listening(net: World, host: str) -> list[str]:
    """The ports that are open there, as the gateway's kernel says."""
    return net.gateway.run(need("ss"), "-Htln", "src", host).decode().splitlines()


def _send_until_stuck(sock: socket.socket) -> int:
    """How much went before nothing went for a while."""
    sent, last = 0, time.monotonic()
    while time.monotonic() - last < 0.3:
        try:
            sent += sock.send(bytes(65_536))
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    return sent


def _read_to_the_end(sock: socket.socket) -> None:
    while sock.recv(MEGABYTE):
        pass
