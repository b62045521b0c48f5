"""What the kernel says of processes and sockets: /proc, read where a test must not believe the daemons."""

import os
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from imsedge.core.address import TransportAddress

_LISTEN = 0x0A
_TABLES = ("tcp", "tcp6", "udp", "udp6")
_SOCKET = "socket:["


class KernelSocket(NamedTuple):
    """One row of /proc/net/tcp and its sisters; ``inode`` is 0 when no process holds it any more."""

    protocol: str
    local: TransportAddress
    listening: bool
    inode: int


def kernel_sockets() -> list[KernelSocket]:
    """Every TCP and UDP socket of this network namespace; a UDP socket that is not connected "listens"."""
    return [row for table in _TABLES for row in _read_table(table)]


def held_in(hosts: set[str]) -> list[KernelSocket]:
    """Sockets bound to one of these addresses that a process still holds (TIME-WAIT is the kernel's own)."""
    return [row for row in kernel_sockets() if row.local.host in hosts and row.inode]


def sockets_of(*pids: int) -> list[KernelSocket]:
    """What these processes listen on."""
    inodes = {inode for pid in pids for inode in _inodes(pid)}
    return [row for row in kernel_sockets() if row.inode in inodes and row.listening]


def descriptors(pid: int) -> Counter[str]:
    """What the process has open, by kind: ``socket``, ``pipe``, a path."""
    links = (_target(entry) for entry in Path(f"/proc/{pid}/fd").iterdir())
    return Counter(link.partition(":[")[0] for link in links if link)


def watched(pid: int) -> int:
    """Descriptors that the process waits for in its epoll instances."""
    found = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        if "eventpoll" in _target(entry):
            found += Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text().count("tfd:")
    return found


def resident_kilobytes(pid: int) -> int:
    """Memory that the process keeps in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def processor_seconds(pid: int) -> float:
    """Time that the process has had, its own and in the kernel; to a hundredth."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Processes that it has started and that are there."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    """Running: neither gone nor a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _read_table(protocol: str) -> Iterator[KernelSocket]:
    path = Path("/proc/net") / protocol
    if not path.exists():
        return
    for line in path.read_text().splitlines()[1:]:
        fields = line.split()
        local, remote, state, inode = fields[1], fields[2], int(fields[3], 16), int(fields[9])
        unconnected = protocol.startswith("udp") and set(remote.partition(":")[2]) == {"0"}
        yield KernelSocket(protocol, _address(local), state == _LISTEN or unconnected, inode)


def _address(text: str) -> TransportAddress:
    """Words of 32 bits, each in the machine's own order."""
    digits, _, port = text.partition(":")
    raw = b"".join(bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    return TransportAddress(socket.inet_ntop(family, raw), int(port, 16))


def _inodes(pid: int) -> Iterator[int]:
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        if (target := _target(entry)).startswith(_SOCKET):
            yield int(target[len(_SOCKET) : -1])


def _target(entry: Path) -> str:
    """Empty when the descriptor was closed meanwhile."""
    try:
        return str(entry.readlink())
    except OSError:
        return ""
