"""The key log: secrets of TLS and DTLS sessions for a packet analyser, in NSS's format (SSLKEYLOGFILE).

Whoever reads it can read all media.  It is written only when a setting names the file, only the owner may be
able to read it, and a daemon that writes it says so at its start.
"""

import os
import stat
from pathlib import Path

from imsedge.core.errors import SettingError
from imsedge.security.tls import KeyLog

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def check_key_log(path: Path) -> None:
    """Make the file if there is none; ``SettingError`` when it is not safe."""
    os.close(_open(path))


def open_key_log(path: Path) -> KeyLog:
    """What appends one line; several processes may share the file.  ``SettingError`` when it is not safe."""
    descriptor = _open(path)

    def write(line: bytes) -> None:
        os.write(descriptor, line + b"\n")

    return write


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise SettingError(f"the key log {path} cannot be written: {error.strerror}") from None
    found = os.fstat(descriptor)
    is_ours = found.st_uid == os.geteuid()  # somebody else may have put a file there, to read it
    if not stat.S_ISREG(found.st_mode) or found.st_mode & _OTHERS or not is_ours:
        os.close(descriptor)
        raise SettingError(
            f"the key log {path} must be a file of ours that only its owner can read;"
            " chmod 600 it or name another"
        )
    return descriptor
