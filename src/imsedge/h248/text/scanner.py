"""From text to items: one regular expression, one pass, nothing copied twice (H.248.1 Annex B.2).

Nearly everything in the text encoding is ``name [relation value] delimiter``::

    Transaction = 7 {        name "Transaction", relation "=", value "7", delimiter "{"
    Mode = SendReceive,      name "Mode",        relation "=", value "SendReceive", delimiter ","
    }                        delimiter "}" alone

so one item of the scan is that whole quadruple, and a message of 500 octets is 20 items, not 80 tokens.  A
word is a maximal run of SafeChars; what it means is decided by the grammar, not here: ``it`` is a package in
one place and the token Internal in another.

Only the bodies of Local, Remote and DigitMap are not made of words.  Their names are recognised where a name
stands (so a termination called ``L`` is no trouble: it stands where a value stands), and the body up to the
first brace that is not escaped becomes the value, with ``{`` or ``=...{`` as the relation.

White space and comments vanish, except in those bodies and in quoted strings.  A character that fits nowhere
comes out as a delimiter that no rule of the grammar accepts.  Items carry no offsets: they are found again by
a second scan in the rare case of an error (``offsets``).
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple

from imsedge.h248 import errors
from imsedge.h248.errors import H248Error
from imsedge.h248.model import AuthHeader, DeviceMid, DomainMid, IpMid, Mid, MtpMid

_BLANK = r"[\x20\t\r\n]*+"
_SPACE = rf"{_BLANK}(?:;[^\r\n]*+{_BLANK})*+"
_SAFE = r"[A-Za-z0-9+\-&!_/'?@^`~*$\\()%|.]"
_QUOTED = r'"[^"\x00-\x08\x0a-\x1f]*"'
_DOMAIN = r"<[^<>\s]+>(?::\d++)?"
_ADDRESS = r"\[(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\](?::\d++)?"


def _item(space: str) -> re.Pattern[str]:
    """The pattern of one item.

    It matches everywhere, if only a delimiter that fits nowhere, and looks at no character more than a few
    times: an opaque body that is not closed runs to the end of the text.
    """
    return re.compile(
        rf"""
        {space}
        (?:(?=[LlRrDd])(?=  (?i:L|R|Local|Remote) {space} \{{       # 1: an opaque body follows
                         | (?i:DM|DigitMap) {space} = {space} {_SAFE}*+ {space} \{{ )())?
        ({_SAFE}++ | {_QUOTED})? {space}                                  # 2: name
        (?: ((?(1) (?:=[^{{}}]*+)? \{{ | [=\#<>])) {space}                # 3: relation
            ((?(1) [^}}\\\x00]*+ (?:\\\}}? [^}}\\\x00]*+)*+               # 4: value: the body ...
                 | (?: {_QUOTED} | {_DOMAIN} | {_ADDRESS} | {_SAFE}++ )? ))  # ... or a word
            (?(1) \}}? ) {space}
        )?
        ([{{}}\[\],:] | [^\s{_SAFE[1:-1]}]?)                             # 5: delimiter, or what fits nowhere
        """,
        re.VERBOSE | re.ASCII,
    )


_ITEM = _item(_BLANK)
_ITEM_WITH_COMMENTS = _item(_SPACE)

_HEADER = re.compile(
    rf"""
    {_SPACE}
    (?: (?:Authentication|AU) {_SPACE} = {_SPACE}
        0x([0-9a-f]{{8}}) : 0x([0-9a-f]{{8}}) : 0x((?:[0-9a-f]{{2}}){{12,32}}) {_SPACE} )?
    (?:MEGACO|!) / (\d{{1,2}}) {_SPACE}
    ( <[^<>\s]+> (?: :\d{{1,5}} )? | \[[0-9a-f:.]+\] (?: :\d{{1,5}} )?
      | MTP {_SPACE} \{{ {_SPACE} [0-9a-f]{{4,8}} {_SPACE} \}} | [A-Z0-9_*$@./\-]++ )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)

_MID = re.compile(
    r"(?:<([A-Z0-9][A-Z0-9.-]{0,63})>|\[([0-9A-F:.]+)\])(?::(\d{1,5}))?", re.IGNORECASE | re.ASCII
)
_MTP = re.compile(r"MTP\s*\{\s*((?:[0-9A-F]{2}){2,4})\s*\}", re.IGNORECASE | re.ASCII)
_PATH_NAME = re.compile(r"\*?[A-Z0-9][A-Z0-9_*$@./-]{0,63}", re.IGNORECASE | re.ASCII)

Item = tuple[str, str, str, str, str]  # opaque mark (always ""), name, relation, value, delimiter


class Header(NamedTuple):
    """What stands before the body; ``end`` is where the body starts."""

    version: int
    mid: Mid
    auth: AuthHeader | None
    end: int


def _pattern(text: str) -> re.Pattern[str]:
    """Text without a semicolon has no comments, and is scanned faster without looking for them."""
    return _ITEM_WITH_COMMENTS if ";" in text else _ITEM


def scan(text: str, start: int) -> list[Item]:
    """All items from ``start`` on; the last one is empty."""
    return _pattern(text).findall(text, start)


def offsets(text: str, start: int) -> list[int]:
    """Where the items of ``scan`` start, in characters: the name, or else the delimiter."""
    return [
        match.start(2) if match.start(2) >= 0 else match.start(5)
        for match in _pattern(text).finditer(text, start)
    ]


def read_header(text: str) -> Header:
    """``[AU=..] MEGACO/2 [192.0.2.1]:2944``; blanks that peers forget are not missed."""
    match = _HEADER.match(text)
    if match is None:
        raise H248Error(errors.SYNTAX_MESSAGE, "no MEGACO/version and message identifier", offset=0)
    index, sequence, check, version, mid = match.groups()
    auth = AuthHeader(int(index, 16), int(sequence, 16), bytes.fromhex(check)) if index else None
    return Header(int(version), read_mid(mid), auth, match.end())


@lru_cache(maxsize=256)
def read_mid(text: str) -> Mid:
    """``<domain>:port``, ``[address]:port``, ``MTP{..}`` or a device name.

    Remembered, because a gateway hears the same few all day.
    """
    if match := _MID.fullmatch(text):
        domain, address, port = match.groups()
        number = int(port) if port else None
        if number is not None and number > 65_535:
            raise H248Error(errors.SYNTAX_MESSAGE, f"port {number} of a message identifier is above 65535")
        if domain:
            return DomainMid(domain, number)
        if not _is_ip(address):
            raise H248Error(errors.SYNTAX_MESSAGE, f"{address[:50]} is no IP address")
        return IpMid(address, number)
    if match := _MTP.fullmatch(text):
        return MtpMid(bytes.fromhex(match[1]))
    if _PATH_NAME.fullmatch(text):
        return DeviceMid(text)
    raise H248Error(errors.SYNTAX_MESSAGE, f"message identifier {text[:70]} is not one")


def is_address(text: str) -> bool:
    """Is this ``[192.0.2.1]`` or ``[2001:db8::1]``?  Some gateways write it without quotes as a value."""
    match = _MID.fullmatch(text)
    return match is not None and match[2] is not None and _is_ip(match[2])


def _is_ip(text: str) -> bool:
    try:
        IPv6Address(text) if ":" in text else IPv4Address(text)
    except AddressValueError:
        return False
    return True
