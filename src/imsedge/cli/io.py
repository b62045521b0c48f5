"""Where commands read and write, and how they say what a user did wrong."""

import os
import sys
from pathlib import Path

from imsedge.core.errors import SettingError

# More than any message or SDP; a mistaken file name must not fill the memory.
MAX_INPUT_OCTETS = 16 << 20


def user_error(text: str) -> SettingError:
    """To be raised: ends the command with this sentence."""
    return SettingError(text)


def read_input(source: str) -> bytes:
    """The octets of a file, or of standard input for ``-``."""
    if source == "-":
        data = sys.stdin.buffer.read(MAX_INPUT_OCTETS + 1)
    else:
        try:
            with Path(source).open("rb") as file:
                data = file.read(MAX_INPUT_OCTETS + 1)
        except OSError as error:
            raise user_error(f"{source} cannot be read: {error.strerror}") from None
    if len(data) > MAX_INPUT_OCTETS:
        raise user_error(f"{source} is larger than {MAX_INPUT_OCTETS} octets")
    return data


def write_output(data: bytes) -> None:
    """Octets to standard output, unchanged."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def say_at_once(text: str) -> None:
    """To standard output while something goes on; whoever reads no more (``| head``) stops none of that."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
