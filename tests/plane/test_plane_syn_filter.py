"""The filter programs, run in an interpreter of the few instructions they use, against ``link.passes``."""

import ipaddress
import socket
from errno import EPERM

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.bearer.messages import SourceFilter
from imsedge.core.address import TransportAddress
from imsedge.plane.link import passes
from imsedge.plane.syn_filter import DROP_ALL, Instruction, attach, program

_NET_OFF = -0x100000


def run(steps: tuple[Instruction, ...] | None, source: TransportAddress) -> bool:
    """Whether the kernel would let a segment from ``source`` through."""
    if steps is None:
        return True
    ip = bytearray(40 if source.is_ipv6 else 20)
    packed = ipaddress.ip_address(source.host).packed
    offset = 8 if source.is_ipv6 else 12
    ip[offset : offset + len(packed)] = packed
    tcp = source.port.to_bytes(2, "big") + bytes(18)
    accumulator, at = 0, 0
    while True:
        step = steps[at]
        at += 1
        match step.code:
            case 0x20:
                where = step.operand - (1 << 32) - _NET_OFF
                accumulator = int.from_bytes(ip[where : where + 4], "big")
            case 0x28:
                accumulator = int.from_bytes(tcp[step.operand : step.operand + 2], "big")
            case 0x54:
                accumulator &= step.operand
            case 0x15:
                at += step.if_true if accumulator == step.operand else step.if_false
            case 0x25:
                at += step.if_true if accumulator > step.operand else step.if_false
            case 0x35:
                at += step.if_true if accumulator >= step.operand else step.if_false
            case 0x06:
                return bool(step.operand)


PORTS = st.integers(0, 65_535)
V4 = st.ip_addresses(v=4).map(str)
V6 = st.ip_addresses(v=6).map(str)
NETWORKS = st.one_of(
    st.none(),
    st.tuples(V4, st.integers(0, 32)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    st.tuples(V6, st.integers(0, 128)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
)


@given(NETWORKS, PORTS, PORTS, st.one_of(V4, V6), PORTS)
def test_kernel_and_table_agree(network: str | None, low: int, high: int, host: str, port: int) -> None:
    source, wanted = TransportAddress(host, port), SourceFilter(network, low, high)
    steps = program(discard=False, source=wanted, ipv6=source.is_ipv6)
    assert run(steps, source) is passes(wanted, source)


@given(st.one_of(V4, V6), st.integers(0, 128), PORTS)
def test_a_source_passes_its_own_prefix(host: str, bits: int, port: int) -> None:
    source = TransportAddress(host, port)
    prefix = bits if source.is_ipv6 else bits % 33
    wanted = SourceFilter(f"{host}/{prefix}", port, port)
    assert run(program(discard=False, source=wanted, ipv6=source.is_ipv6), source)


def test_discard_drops_everybody() -> None:
    steps = program(discard=True, source=SourceFilter("192.0.2.7"), ipv6=False)
    assert not run(steps, TransportAddress("192.0.2.7", 1))


def test_nothing_to_filter_needs_no_program() -> None:
    assert program(discard=False, source=None, ipv6=False) is None
    assert program(discard=False, source=SourceFilter("0.0.0.0/0"), ipv6=False) is None


class Unprivileged(socket.socket):
    """A socket of a kernel that wants CAP_NET_ADMIN for filters (seen with Linux 6.18)."""

    def setsockopt(self, *_arguments: object) -> None:
        raise PermissionError(EPERM, "Operation not permitted")


def test_a_kernel_that_allows_no_filter_is_named_with_what_it_wants() -> None:
    with Unprivileged() as sock, pytest.raises(PermissionError, match="CAP_NET_ADMIN"):
        attach(sock, DROP_ALL)
