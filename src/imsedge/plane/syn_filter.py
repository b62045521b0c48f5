"""Which segments reach a listening socket, as a classic BPF program for ``SO_ATTACH_FILTER``.

The kernel drops what the program turns down without an answer, neither SYN-ACK nor RST, and the peer
repeats its SYN after 1, 3, 7 ... seconds.  So "discard" now and "accept" later loses nothing but time
(TR 29.828 clause 4.4) and costs nothing once a connection is up.  Most kernels ask no privilege for it, some
want CAP_NET_ADMIN.  The same program
passes one source only (H.248.43 ``gm`` source address and port filtering).

In a filter on a TCP socket offset 0 is the TCP header; ``SKF_NET_OFF`` reaches back to the IP header.
"""

import ipaddress
import socket
from ctypes import addressof, create_string_buffer
from struct import Struct as Layout
from typing import NamedTuple

from imsedge.bearer.messages import SourceFilter

_SO_ATTACH_FILTER = getattr(socket, "SO_ATTACH_FILTER", 26)
_SO_DETACH_FILTER = getattr(socket, "SO_DETACH_FILTER", 27)

_LOAD_WORD, _LOAD_HALF, _LOAD_OCTET, _AND, _RETURN = 0x20, 0x28, 0x30, 0x54, 0x06
_LOAD_IPV4_LENGTH, _LOAD_HALF_INDEXED, _LOAD_OCTET_INDEXED = 0xB1, 0x48, 0x50
_JUMP_EQUAL, _JUMP_GREATER, _JUMP_AT_LEAST = 0x15, 0x25, 0x35

_SKF_NET_OFF = -0x100000 & 0xFFFF_FFFF
_PASS, _DROP = 0xFFFF_FFFF, 0
_IPV4_SOURCE, _IPV6_SOURCE, _TCP_SOURCE_PORT = 12, 8, 0
_TCP_FLAGS, _SYN, _RST, _ACK = 13, 0x02, 0x04, 0x10
_FULL_WORD = 0xFFFF_FFFF

_INSTRUCTION = Layout("=HBBI")  # struct sock_filter
_PROGRAM = Layout("@HP")  # struct sock_fprog


class Instruction(NamedTuple):
    """One step of the program; ``if_true`` and ``if_false`` skip that many instructions."""

    code: int
    operand: int
    if_true: int = 0
    if_false: int = 0


DROP_ALL = (Instruction(_RETURN, _DROP),)


class _Test(NamedTuple):
    """Load, then compare; the program goes on while the comparison gives ``wanted``."""

    load: tuple[Instruction, ...]
    code: int
    operand: int
    wanted: bool


def program(*, discard: bool, source: SourceFilter | None, ipv6: bool) -> tuple[Instruction, ...] | None:
    """The program, or ``None`` when everything may pass.  An unreadable ``network`` is a ``ValueError``."""
    if discard:
        return DROP_ALL
    tests = _source_tests(source, ipv6=ipv6) if source is not None else ()
    if tests is None:
        return DROP_ALL
    return _assemble(tests) if tests else None


def syn_program(low_port: int, high_port: int, *, ipv6: bool) -> tuple[Instruction, ...]:
    """Pass only the SYNs of TCP for these ports, inclusive; for a packet socket that sees IP headers."""
    header, port, octet = 40 if ipv6 else 0, _LOAD_HALF_INDEXED, _LOAD_OCTET_INDEXED
    if ipv6:
        port, octet = _LOAD_HALF, _LOAD_OCTET
    to_port: tuple[Instruction, ...] = (Instruction(port, header + 2),)
    if not ipv6:
        to_port = (Instruction(_LOAD_IPV4_LENGTH, 0), *to_port)
    flags = (Instruction(octet, header + _TCP_FLAGS), Instruction(_AND, _SYN | _ACK | _RST))
    return _assemble(
        (
            _Test(
                (Instruction(_LOAD_OCTET, 6 if ipv6 else 9),), _JUMP_EQUAL, socket.IPPROTO_TCP, wanted=True
            ),
            _Test(to_port, _JUMP_AT_LEAST, low_port, wanted=True),
            _Test((), _JUMP_GREATER, high_port, wanted=False),
            _Test(flags, _JUMP_EQUAL, _SYN, wanted=True),
        )
    )


def _source_tests(source: SourceFilter, *, ipv6: bool) -> tuple[_Test, ...] | None:
    """``None`` when no segment of this address family can match."""
    tests: list[_Test] = []
    if source.network is not None:
        network = ipaddress.ip_network(source.network, strict=False)
        if (network.version == 6) is not ipv6:
            return None
        tests += _network_tests(network)
    port = (Instruction(_LOAD_HALF, _TCP_SOURCE_PORT),)
    if source.low_port > 0:
        tests.append(_Test(port, _JUMP_AT_LEAST, source.low_port, wanted=True))
    if source.high_port < 65_535:
        tests.append(_Test(port, _JUMP_GREATER, source.high_port, wanted=False))
    return tuple(tests)


def _network_tests(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> list[_Test]:
    """Compare the source address word by word, as far as the prefix reaches."""
    offset = _IPV6_SOURCE if network.version == 6 else _IPV4_SOURCE
    address, mask = network.network_address.packed, network.netmask.packed
    tests = []
    for at in range(0, len(address), 4):
        bits = int.from_bytes(mask[at : at + 4], "big")
        if not bits:
            break
        load: tuple[Instruction, ...] = (Instruction(_LOAD_WORD, _SKF_NET_OFF + offset + at),)
        if bits != _FULL_WORD:
            load += (Instruction(_AND, bits),)
        tests.append(_Test(load, _JUMP_EQUAL, int.from_bytes(address[at : at + 4], "big"), wanted=True))
    return tests


def _assemble(tests: tuple[_Test, ...]) -> tuple[Instruction, ...]:
    """Every test that fails jumps to the drop at the end."""
    length = sum(len(test.load) + 1 for test in tests)
    steps: list[Instruction] = []
    for test in tests:
        steps += test.load
        to_drop = length - len(steps)
        skips = (0, to_drop) if test.wanted else (to_drop, 0)
        steps.append(Instruction(test.code, test.operand, *skips))
    return (*steps, Instruction(_RETURN, _PASS), Instruction(_RETURN, _DROP))


def can_screen() -> bool:
    """Whether this process may have filters at TCP sockets."""
    with socket.socket() as sock:
        try:
            attach(sock, DROP_ALL)
        except OSError:
            return False
    return True


def attach(sock: socket.socket, steps: tuple[Instruction, ...] | None) -> None:
    """Replace the filter of ``sock``; ``None`` takes it away.  ``OSError`` when the kernel refuses."""
    if steps is None:
        detach(sock)
        return
    code = create_string_buffer(
        b"".join(_INSTRUCTION.pack(step.code, step.if_true, step.if_false, step.operand) for step in steps),
        len(steps) * _INSTRUCTION.size,
    )
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM.pack(len(steps), addressof(code)))
    except PermissionError as error:
        reason = "this kernel lets nobody without CAP_NET_ADMIN drop SYNs at a socket"
        raise PermissionError(error.errno, reason) from error


def detach(sock: socket.socket) -> None:
    """Let everything pass: also for accepted sockets, which inherit the filter of their listener."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
    except FileNotFoundError:
        return  # ENOENT: there was none
