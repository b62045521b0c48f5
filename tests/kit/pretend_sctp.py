"""SCTP sockets for a kernel that has none: records of AF_UNIX under names made of addresses.

They keep borders and tell of a peer's end as SCTP does; what goes beside the octets is checked by
``PretendSocket`` itself, because an AF_UNIX socket passes it over.
"""

import errno
import socket
from collections.abc import Callable
from typing import Any

from imsedge.net.sctp import PAYLOAD_PROTOCOL, Ancillary, read_protocol, write_info

Opener = Callable[[str], "PretendSocket"]


class PretendKernel:
    """Opens sockets; ``protocol`` is what receivers are told about messages."""

    def __init__(self, unique: str) -> None:
        self.unique = unique
        self.protocol = PAYLOAD_PROTOCOL
        self.pieces = False  # deliver in pieces, as a kernel may that is short of memory
        self._ports = iter(range(40_000, 65_000))

    def open_socket(self, host: str) -> "PretendSocket":
        assert host
        return PretendSocket(self, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))

    def port(self, asked: int) -> int:
        return asked or next(self._ports)


class PretendSocket:
    def __init__(self, kernel: PretendKernel, inner: socket.socket) -> None:
        self._kernel = kernel
        self._inner = inner
        self._told = 0  # octets of the message at the head of the queue
        for name in ("fileno", "close", "listen", "setblocking"):
            setattr(self, name, getattr(inner, name))

    fileno: Callable[[], int]
    close: Callable[[], None]
    listen: Callable[[], None]
    setblocking: Callable[[bool], None]

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        assert (level, option) in {(132, 3), (132, 11)}
        assert value

    def getsockopt(self, level: int, option: int) -> int:
        return self._inner.getsockopt(level, option)

    def bind(self, address: tuple[str, int]) -> None:
        self._inner.bind(self._name(address[0], self._kernel.port(address[1])))

    def connect_ex(self, address: tuple[str, int]) -> int:
        code = self._inner.connect_ex(self._name(*address))
        return errno.ECONNREFUSED if code == errno.ENOENT else code

    def accept(self) -> tuple["PretendSocket", tuple[str, int]]:
        accepted, name = self._inner.accept()
        return PretendSocket(self._kernel, accepted), _address(name)

    def getsockname(self) -> tuple[str, int]:
        return _address(self._inner.getsockname())

    def sendmsg(self, buffers: list[bytes], ancillary: Ancillary) -> int:
        assert read_protocol(ancillary) == PAYLOAD_PROTOCOL
        return self._inner.sendmsg(buffers)

    def recvmsg(self, size: int, room: int) -> tuple[bytes, Ancillary, int, Any]:
        assert room >= socket.CMSG_SPACE(32)
        if self._kernel.pieces and not self._told:
            self._told = len(data := self._inner.recv(size, socket.MSG_PEEK)) // 2
            if self._told:
                return data[: self._told], [], 0, None
        data, self._told = self._inner.recv(size)[self._told :], 0
        return data, write_info(self._kernel.protocol), socket.MSG_EOR, None

    def _name(self, host: str, port: int) -> bytes:
        return f"\0{self._kernel.unique} {host} {port}".encode()


def _address(name: bytes | str) -> tuple[str, int]:
    text = name.decode() if isinstance(name, bytes) else name
    _, host, port = text.rsplit(" ", 2)
    return host, int(port)
