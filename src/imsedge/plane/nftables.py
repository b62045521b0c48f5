"""nftables through its own library, inside this process.

The program ``nft`` would keep the worker for 5 to 20 ms, most of it for its own start.  The library needs a
fifth of a millisecond, less than a TLS handshake, so rules are simply in force when ``run`` returns.
"""

import ctypes
import socket
from functools import cache

from imsedge.core.errors import ImsedgeError

_LIBRARY = "libnftables.so.1"
_NETLINK_NETFILTER = 12  # linux/netlink.h
_FUNCTIONS: tuple[tuple[str, object, tuple[object, ...]], ...] = (
    ("nft_ctx_new", ctypes.c_void_p, (ctypes.c_uint32,)),
    ("nft_ctx_free", None, (ctypes.c_void_p,)),
    ("nft_ctx_buffer_output", ctypes.c_int, (ctypes.c_void_p,)),
    ("nft_ctx_buffer_error", ctypes.c_int, (ctypes.c_void_p,)),
    ("nft_ctx_get_output_buffer", ctypes.c_char_p, (ctypes.c_void_p,)),
    ("nft_ctx_get_error_buffer", ctypes.c_char_p, (ctypes.c_void_p,)),
    ("nft_run_cmd_from_buffer", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)),
)


class RelayError(ImsedgeError):
    """The kernel does not take a rule; the text is what nftables says."""


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    for name, result, arguments in _FUNCTIONS:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def is_installed() -> bool:
    """Whether the library is there; every package of ``nft`` brings it."""
    return _library() is not None


def is_in_kernel() -> bool:
    """Whether the kernel has nftables; the library ends the whole process where it has not."""
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER).close()
    except OSError:
        return False
    return True


class Nftables:
    """A connection to the kernel's rules, made when first used."""

    def __init__(self) -> None:
        self._context: int | None = None

    def run(self, text: str) -> str:
        """Carry out commands, all or none; what they print.  ``RelayError`` when they are not taken."""
        library = _library()
        if library is None:
            raise RelayError(f"{_LIBRARY} is not installed")
        if self._context is None:
            if not is_in_kernel():
                raise RelayError("this kernel has no nftables")
            self._context = library.nft_ctx_new(0)
            library.nft_ctx_buffer_output(self._context)
            library.nft_ctx_buffer_error(self._context)
        failed = library.nft_run_cmd_from_buffer(self._context, text.encode())
        # Both buffers are emptied by being read.
        said: bytes = library.nft_ctx_get_output_buffer(self._context) or b""
        errors: bytes = library.nft_ctx_get_error_buffer(self._context) or b""
        if failed:
            first = next(iter(errors.decode(errors="replace").splitlines()), "no reason given")
            raise RelayError(f"nft: {first}")
        return said.decode(errors="replace")

    def close(self) -> None:
        """May be repeated; the next ``run`` connects anew."""
        library, context = _library(), self._context
        if library is not None and context is not None:
            library.nft_ctx_free(context)
        self._context = None
