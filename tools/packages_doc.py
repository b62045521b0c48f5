"""Write ``docs/packages.md`` from the tables in ``imsedge.h248.packages``, or check that it is current."""

import sys
from collections.abc import Iterator
from pathlib import Path

from imsedge.h248.packages.listing import Item, Listed, listing

TARGET = Path(__file__).resolve().parent.parent / "docs" / "packages.md"

HEAD = """\
# H.248 packages

Written by `tools/packages_doc.py` from the tables in `src/imsedge/h248/packages/`; do not edit. The same on
the command line: `imsedge h248 packages [NAME]`.

Package names and numbers are from the IANA registry. The last column says how far the name and number of an
item can be trusted. What a peer has otherwise is a setting, not code. `h248.numbers` is for binary: a key is
the kind and the name, such as `property gm/saf` or `event hangterm/thb timerx`. `h248.names` is for text: our
name stands for the peer's, such as `"tcpbcc/EstBNC" = "xtcp/start"`.
"""


def document() -> str:
    """The whole page."""
    return HEAD + "".join(map("".join, map(section, listing())))


def section(package: Listed) -> Iterator[str]:
    """Heading and table of one package."""
    base = f", extends `{package.extends}`" if package.extends else ""
    yield f"\n## `{package.name}`: {package.title}\n\n"
    yield f"0x{package.number:04x}, version {package.version}, {package.source}{base}.\n\n"
    if package.items:
        yield "| what | name | number | type | notes | trust |\n|---|---|---|---|---|---|\n"
        yield from map(row, package.items)


def row(item: Item) -> str:
    """One line of the table."""
    cells = (item.what, f"`{item.name}`", f"0x{item.number:04x}", item.type, item.notes, item.trust)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def main() -> int:
    """0 when all is well."""
    text = document()
    if sys.argv[1:] != ["--check"]:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    print("docs/packages.md is not what the tables say; run tools/packages_doc.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
