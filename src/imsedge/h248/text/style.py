"""How the text looks: pretty (long tokens, one item a line) or compact (short tokens, no white space)."""

import re
from functools import lru_cache

from imsedge.core.errors import LocalError
from imsedge.h248.dialect import PLAIN, Dialect
from imsedge.h248.limits import HIGHEST_VERSION
from imsedge.h248.text.tokens import SINCE, TOKENS

_SAFE = r"[A-Za-z0-9+\-&!_/'?@^`~*$\\()%|.]+"
_VALUE = re.compile(rf'{_SAFE}|"[^"\x00-\x08\x0a-\x1f]*"|\[[0-9A-Fa-f.:]+\](?::\d+)?', re.ASCII)
_QUOTABLE = re.compile(r'[^"\x00-\x08\x0a-\x1f]*')
_WORD = re.compile(_SAFE, re.ASCII)


class _Spelling(dict[str, str]):
    """Tokens of one version; a later one is our own mistake: the peer could not read it."""

    def __missing__(self, token: str) -> str:
        raise LocalError(f"{token} came with version {SINCE[token]} of H.248.1, the message has a lower one")


class Style:
    """``spell[long token]`` is the token; ``pad`` arguments are a line end with its indentation.

    ``version``: of the message; what came later cannot be written.  ``dialect``: how items are called.
    """

    __slots__ = ("_names", "equal", "pretty", "spell", "version")

    def __init__(self, *, pretty: bool, version: int = HIGHEST_VERSION, dialect: Dialect = PLAIN) -> None:
        self._names = dialect.written
        self.pretty = pretty
        self.version = version
        self.equal = " = " if pretty else "="
        self.spell = _Spelling(
            {token.long: token.long if pretty else token.short for token in TOKENS if token.since <= version}
        )

    def item(self, name: str) -> str:
        """A name of the form ``package/item``, as the peer calls it."""
        return checked_word(self._names.get(name.lower(), name) if self._names else name)

    def need(self, version: int, what: str) -> None:
        """``what`` has no token of its own, but came with ``version``."""
        if self.version < version:
            raise LocalError(f"{what} came with version {version} of H.248.1, the message has {self.version}")

    def filled(self, head: str, parts: list[str], pad: str) -> str:
        """The same, but there must be something to write: empty braces mean nothing in H.248."""
        if not parts:
            raise LocalError(f"{head} needs something in its braces")
        return self.block(head, parts, pad)

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
