"""Fax machines that are spandsp's: T.30 and IFP packets are its own, UDPTL and the way out are ours.

spandsp has no clock: ``step`` tells it that 20 ms have passed, so a page of half a minute takes a second.
"""

import ctypes as c
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEP_MS = 20
_SAMPLES = 8 * STEP_MS
_REDUNDANT = 3
_TRANSMIT = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.POINTER(c.c_uint8), c.c_int, c.c_int)
_PHASE_E = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_int)

WIDTH, ROWS = 1728, 300


def libraries() -> tuple[Any, Any] | None:
    """spandsp and the libtiff that it brings; ``None`` where they are not installed."""
    try:
        spandsp, tiff = c.CDLL("libspandsp.so.2"), c.CDLL("libtiff.so.6")
    except OSError:
        return None
    for name in ("t38_terminal_init", "t38_terminal_get_t30_state", "t38_terminal_get_t38_core_state"):
        getattr(spandsp, name).restype = c.c_void_p
    for name in ("TIFFOpen",):
        getattr(tiff, name).restype = c.c_void_p
    return spandsp, tiff


def draw_page(tiff: Any, file: Path) -> None:
    """A page with a pattern (TIFF class F)."""
    opened = c.c_void_p(tiff.TIFFOpen(str(file).encode(), b"w"))
    whole, real = c.c_int, c.c_double
    tags = (
        (256, whole(WIDTH)),
        (257, whole(ROWS)),
        (258, whole(1)),
        (277, whole(1)),
        (259, whole(4)),
        (262, whole(0)),
        (266, whole(1)),
        (278, whole(ROWS)),
        (296, whole(2)),
        (282, real(204.0)),
        (283, real(98.0)),
        (284, whole(1)),
    )
    for tag, value in tags:
        tiff.TIFFSetField(opened, whole(tag), value)
    for row in range(ROWS):
        octets = bytes(0xF0 if (row // 20 + x) % 7 == 0 else 0 for x in range(WIDTH // 8))
        line = c.create_string_buffer(octets, len(octets))
        tiff.TIFFWriteScanline(opened, line, c.c_uint32(row), c.c_uint16(0))
    tiff.TIFFClose(opened)


def read_page(tiff: Any, file: Path) -> list[bytes]:
    """Its rows."""
    opened = c.c_void_p(tiff.TIFFOpen(str(file).encode(), b"r"))
    line = c.create_string_buffer(WIDTH // 8)
    rows: list[bytes] = []
    while tiff.TIFFReadScanline(opened, line, c.c_uint32(len(rows)), c.c_uint16(0)) == 1:
        rows.append(line.raw)
        if len(rows) >= ROWS:
            break
    tiff.TIFFClose(opened)
    return rows


class FaxMachine:
    """``send`` gets each UDPTL datagram; give those that come to ``take``.  ``outcome``: 0 is success."""

    def __init__(self, spandsp: Any, page: Path, send: Callable[[bytes], None], *, calls: bool) -> None:
        self.outcome: int | None = None
        self._lib = spandsp
        self._send = send
        self._sequence, self._heard = 0, -1
        self._sent: list[bytes] = []
        self._callbacks = (_TRANSMIT(self._transmit), _PHASE_E(self._finished))
        self._terminal = c.c_void_p(spandsp.t38_terminal_init(None, c.c_int(calls), self._callbacks[0], None))
        t30 = c.c_void_p(spandsp.t38_terminal_get_t30_state(self._terminal))
        self._core = c.c_void_p(spandsp.t38_terminal_get_t38_core_state(self._terminal))
        spandsp.t38_set_t38_version(self._core, 0)
        spandsp.t30_set_ecm_capability(t30, 1)
        spandsp.t30_set_phase_e_handler(t30, self._callbacks[1], None)
        if calls:
            spandsp.t30_set_tx_file(t30, str(page).encode(), -1, -1)
        else:
            spandsp.t30_set_rx_file(t30, str(page).encode(), -1)

    def step(self) -> None:
        """20 ms have passed."""
        self._lib.t38_terminal_send_timeout(self._terminal, c.c_int(_SAMPLES))

    def take(self, datagram: bytes) -> None:
        """A datagram of the peer; what was lost before comes from the redundant copies in it."""
        for number, packet in reversed(_read_udptl(datagram)):
            if number > self._heard:
                self._heard = number
                self._lib.t38_core_rx_ifp_packet(
                    self._core, packet, c.c_int(len(packet)), c.c_uint16(number & 0xFFFF)
                )

    def _transmit(self, _core: Any, _data: Any, octets: Any, length: int, count: int) -> int:
        packet = c.string_at(octets, length)
        copies = b"".join(_open_type(old) for old in self._sent)
        datagram = struct.pack("!H", self._sequence & 0xFFFF) + _open_type(packet)
        datagram += bytes((0, len(self._sent))) + copies
        self._sequence += 1
        self._sent = [packet, *self._sent][:_REDUNDANT]
        for _ in range(max(1, count)):
            self._send(datagram)
        return 0

    def _finished(self, _t30: Any, _data: Any, code: int) -> None:
        self.outcome = code


def _open_type(octets: bytes) -> bytes:
    length = len(octets)
    return (bytes((length,)) if length < 128 else struct.pack("!H", 0x8000 | length)) + octets


def _read_udptl(datagram: bytes) -> list[tuple[int, bytes]]:
    def read(at: int) -> tuple[bytes, int]:
        length, at = datagram[at], at + 1
        if length & 0x80:
            length, at = (length & 0x3F) << 8 | datagram[at], at + 1
        return datagram[at : at + length], at + length

    number = int.from_bytes(datagram[:2], "big")
    primary, at = read(2)
    found = [(number, primary)]
    for back in range(1, datagram[at + 1] + 1 if at + 1 < len(datagram) else 1):
        copy, at = read(at + 2 if back == 1 else at)
        found.append((number - back, copy))
    return found
