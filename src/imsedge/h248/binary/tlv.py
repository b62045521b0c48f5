"""Tag, length, value: one element of BER (ITU-T X.690), definite and indefinite lengths."""

from functools import cache

from imsedge.h248 import errors
from imsedge.h248.errors import H248Error

CONSTRUCTED = 0x20
CONTEXT = 0x80
HIGH_TAG = 0x1F  # the tag number follows in octets of its own: nothing in the module has that many components
SEQUENCE = 0x30
MAX_LENGTH_OCTETS = 4  # of a long form length: no message is longer than 2**32


def wrong(reason: str, offset: int) -> H248Error:
    """A syntax error; whoever knows the level gives it the code of that level."""
    return H248Error(errors.SYNTAX_MESSAGE, f"{reason} (octet {offset})", offset=offset)


def header(data: bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """Identifier octet, start and stop of the contents, and where the next element starts."""
    if end - at < 2:
        raise wrong("an element is cut off", at)
    tag = data[at]
    length = data[at + 1]
    start = at + 2
    if length < 0x80:
        stop = start + length
    elif length == 0x80:
        if not tag & CONSTRUCTED:
            raise wrong("a primitive element of indefinite length", at)
        stop = _end_of_contents(data, start, end)
        return tag, start, stop, stop + 2
    else:
        start += length - 0x80
        if length > 0x80 + MAX_LENGTH_OCTETS or start > end:
            raise wrong("a length is too long", at)
        if length == 0x82:  # the outer elements of nearly every message
            stop = start + (data[start - 2] << 8 | data[start - 1])
        else:
            stop = start + int.from_bytes(data[at + 2 : start], "big")
    if stop > end or tag & HIGH_TAG == HIGH_TAG:
        raise wrong("an element is longer than what holds it", at)
    return tag, start, stop, stop


def _end_of_contents(data: bytes, at: int, end: int) -> int:
    """Where the two zero octets stand that close contents of indefinite length; nested ones are counted."""
    open_elements = 1
    while True:
        if end - at < 2:
            raise wrong("contents of indefinite length do not end", at)
        length = data[at + 1]
        if data[at] == 0 and length == 0:
            open_elements -= 1
            if not open_elements:
                return at
            at += 2
        elif length == 0x80:
            open_elements += 1
            at += 2
        elif length < 0x80:
            at += 2 + length
        else:
            _, _, _, at = header(data, at, end)


@cache
def heads(tag: int) -> list[bytes]:
    """Identifier and length octets of ``tag`` with 0 to 127 contents octets."""
    return [bytes((tag, size)) for size in range(0x80)]


def element(tag: int, contents: bytes) -> bytes:
    """One element with the shortest definite length."""
    size = len(contents)
    if size < 0x80:
        return heads(tag)[size] + contents
    if size < 0x100:
        return bytes((tag, 0x81, size)) + contents
    if size < 0x1_0000:
        return bytes((tag, 0x82, size >> 8, size & 0xFF)) + contents
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents
