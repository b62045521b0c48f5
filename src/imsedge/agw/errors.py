"""How a command fails: ``H248Error`` with a code of H.248.8, which becomes its Error descriptor."""

from typing import NoReturn

from imsedge.h248.errors import H248Error


def fail(code: int, text: str) -> NoReturn:
    """End the command; ``text`` says what exactly was wrong, behind the standard text of the code."""
    raise H248Error(code, text)
