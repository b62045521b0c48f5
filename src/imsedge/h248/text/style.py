"""How the text looks: pretty (long tokens, one item a line) or compact (short tokens, no white space)."""

import re
from functools import lru_cache

from imsedge.core.errors import LocalError
from imsedge.h248.text.tokens import TOKENS

_SAFE = r"[A-Za-z0-9+\-&!_/'?@^`~*$\\()%|.]+"
_VALUE = re.compile(rf'{_SAFE}|"[^"\x00-\x08\x0a-\x1f]*"|\[[0-9A-Fa-f.:]+\](?::\d+)?', re.ASCII)
_QUOTABLE = re.compile(r'[^"\x00-\x08\x0a-\x1f]*')
_WORD = re.compile(_SAFE, re.ASCII)


class Style:
    """``spell[long token]`` is the token; ``pad`` arguments are a line end with its indentation."""

    __slots__ = ("equal", "pretty", "spell")

    def __init__(self, *, pretty: bool) -> None:
        self.pretty = pretty
        self.equal = " = " if pretty else "="
        self.spell = {token.long: token.long if pretty else token.short for token in TOKENS}

    def block(self, head: str, parts: list[str], pad: str) -> str:
        """``head{part,part}``; ``pad`` belongs to the line of the head."""
        if not self.pretty:
            return f"{head}{{{','.join(parts)}}}"
        inner = pad + "  "
        return f"{head} {{{inner}{f',{inner}'.join(parts)}{pad}}}"

    def assign(self, token: str, value: str) -> str:
        """``token = value``."""
        return f"{self.spell[token]}{self.equal}{value}"


@lru_cache(maxsize=4_096)
def checked_value(text: str) -> str:
    """``text`` if it can stand as a VALUE (SafeChars or a quoted string); ``LocalError`` otherwise."""
    if not _VALUE.fullmatch(text):
        raise LocalError(f"{text!r} cannot be a value in H.248 text")
    return text


@lru_cache(maxsize=4_096)
def checked_word(text: str) -> str:
    """``text`` if it can stand as a name; ``LocalError`` otherwise."""
    if not _WORD.fullmatch(text):
        raise LocalError(f"{text!r} cannot be a name in H.248 text")
    return text


def quoted(text: str) -> str:
    """``"text"``; a quote or a control character has no place in it."""
    if not _QUOTABLE.fullmatch(text):
        raise LocalError(f"{text!r} cannot be quoted in H.248 text")
    return f'"{text}"'
