"""Item names that a peer spells otherwise than we do, in text.

Names of some packages are recalled or our own (``packages.weak``); a peer of another make may call the same
thing something else.  ``Dialect({"tcpbcc/EstBNC": "tcpbcc/estab"})`` puts the peer's words on the wire and
ours into the model.  Properties, events, signals and statistics have names of this form.
"""

import re
from collections.abc import Mapping

from imsedge.core.errors import LocalError
from imsedge.h248.model import fold

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}/[A-Za-z0-9_]{1,64}", re.ASCII)


class Dialect:
    """``names``: ours -> the peer's.  ``LocalError`` says which cannot be, or that two would be the same."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        given = names or {}
        for name in (*given, *given.values()):
            if not _NAME.fullmatch(name):
                raise LocalError(f"{name!r} is no package/item name")
        self.written = {fold(ours): theirs for ours, theirs in given.items()}
        self.read = {fold(theirs): ours for ours, theirs in given.items()}
        if len(self.read) != len(self.written):
            raise LocalError("two items cannot have the same name on the wire")


PLAIN = Dialect()
