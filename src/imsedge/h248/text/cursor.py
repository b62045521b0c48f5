"""Walking over the items of a scan: expectations, errors with their place, and recovery by brace matching."""

from imsedge.h248 import errors
from imsedge.h248.dialect import PLAIN, Dialect
from imsedge.h248.errors import H248Error
from imsedge.h248.text.scanner import Item, offsets, scan

_ENDS = {",": True, "}": False}


class Cursor:
    """``items[at]`` is next.  The scan ends with an empty item, which no rule accepts."""

    __slots__ = ("_offsets", "_start", "_text", "at", "items")

    def __init__(self, text: str, start: int, dialect: Dialect = PLAIN) -> None:
        self.items: list[Item] = scan(text, start)
        if names := dialect.read:
            self.items = [(m, names.get(n.lower(), n), r, v, d) for m, n, r, v, d in self.items]
        self.at = 0
        self._text = text
        self._start = start
        self._offsets: list[int] | None = None

    def take(self) -> Item:
        """The next item."""
        item = self.items[self.at]
        self.at += 1
        return item

    def more(self, delimiter: str) -> bool:
        """After the last part of an element: ``,`` = another one follows, ``}`` = the list is over.

        ``delimiter`` is the one of the element's last item.
        """
        if delimiter == ",":
            return True
        if delimiter == "}":
            return False
        raise self.fail(errors.SYNTAX_COMMAND, "a comma or a closing brace is missing")

    def more_after_block(self) -> bool:
        """The same after a block ``{...}``: the comma or brace is the next item, alone."""
        _, name, relation, _, delimiter = self.items[self.at]
        self.at += 1
        if name or relation:
            raise self.fail(errors.SYNTAX_COMMAND, "a comma or a closing brace is missing")
        return self.more(delimiter)

    def opened(self, item: Item) -> None:
        """``item`` must open a block."""
        if item[4] != "{":
            raise self.fail(errors.SYNTAX_COMMAND, f"an opening brace is missing after {item[1]}")

    def words(self, closing: str, code: int = errors.SYNTAX_COMMAND) -> tuple[str, ...]:
        """``a, b, c`` up to ``closing``; at least one."""
        found = []
        while True:
            _, name, relation, _, delimiter = self.take()
            if not name or relation:
                raise self.fail(code, "a list needs values")
            found.append(name)
            if delimiter == closing:
                return tuple(found)
            if delimiter != ",":
                raise self.fail(code, "a list is not closed")

    def fail(self, code: int, reason: str) -> H248Error:
        """The error to raise about the item taken last."""
        index = max(self.at - 1, 0)
        return H248Error(code, f"{reason} (octet {self.offset(index)})", offset=self.offset(index))

    def offset(self, index: int) -> int:
        """Octets before item ``index``."""
        if self._offsets is None:
            self._offsets = offsets(self._text, self._start)
        return len(self._text[: self._offsets[index]].encode("utf-8", "surrogateescape"))

    def skip(self, start: int) -> bool:
        """Move behind the element that starts at item ``start``; is there another one in its list?

        An element ends at a comma or a closing brace outside of its own braces.  ``H248Error`` (403) when the
        braces do not match up to the end of the message.
        """
        depth = 0
        bracket = False
        for index in range(start, len(self.items)):
            delimiter = self.items[index][4]
            if delimiter == "{":
                depth += 1
            elif delimiter == "}":
                depth -= 1
            bracket = delimiter == "[" or (bracket and delimiter in {",", ":"})
            if depth < 0 or (depth == 0 and delimiter == "," and not bracket):
                self.at = index + 1
                return delimiter == ","
        self.at = len(self.items) - 1
        raise self.fail(errors.SYNTAX_TRANSACTION, "the braces do not match")

    def skip_block(self, start: int) -> None:
        """Move behind the block that item ``start`` or a later one opens; the end of the message will do."""
        depth = 0
        for index in range(start, len(self.items)):
            delimiter = self.items[index][4]
            if delimiter == "{":
                depth += 1
            elif delimiter == "}":
                depth -= 1
                if depth <= 0:
                    self.at = index + 1
                    return
        self.at = len(self.items) - 1


def read_number(cursor: Cursor, text: str, highest: int, code: int = errors.SYNTAX_COMMAND) -> int:
    """Decimal digits (leading zeros allowed), at most ``highest``."""
    if text.isdecimal() and text.isascii() and len(text) <= 20:
        number = int(text)
        if number <= highest:
            return number
    raise cursor.fail(code, f"{text[:24] or 'nothing'} is not a number up to {highest}")
