"""Write ``docs/conformance.md`` from ``docs/conformance.toml``, or check that it is current and true.

Every row names the tests that prove it.  This tool sees to it that these tests and the H.248 items of the
rows exist; ``tests/conftest.py`` sees to it that in a full run none of them failed or was skipped.  A row
without a test says so in the document.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from imsedge.h248.packages.listing import listing

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "docs" / "conformance.toml"
TARGET = ROOT / "docs" / "conformance.md"

_ITEM = re.compile(r"`([a-z0-9]+/[A-Za-z0-9]+)`")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the document.

    ``id``: of TR 29.828's work plan, or ours.  ``what``: the capability, or the open question.  ``source``:
    clause and status (M shall, O may, C conditional).  ``elements``: what carries it on H.248.  ``here``: how
    it was settled or where we differ.  ``proof``: tests, ``folder/file.py::name`` below ``tests`` without
    ``test_`` before the name.
    """

    id: str
    what: str
    source: str = ""
    elements: str = ""
    here: str = ""
    proof: tuple[str, ...] = ()


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of one kind.  ``columns``: names of the fields shown, with their headings."""

    title: str
    text: str
    columns: dict[str, str]
    row: tuple[Row, ...]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The source file."""

    head: str
    section: tuple[Section, ...]


def read(path: Path = SOURCE) -> Document:
    """The source; ``msgspec.ValidationError`` names the field that is wrong."""
    return msgspec.convert(tomllib.loads(path.read_text()), Document)


def proofs(document: Document) -> frozenset[str]:
    """The tests that rows name, as pytest names them (without parameters)."""
    return frozenset(test_id(name) for part in document.section for row in part.row for name in row.proof)


def test_id(proof: str) -> str:
    """``agw/test_a.py::b`` -> ``tests/agw/test_a.py::test_b``."""
    path, _, name = proof.partition("::")
    return f"tests/{path}::test_{name}"


def mistakes(document: Document) -> Iterator[str]:
    """What the rows name and nobody has."""
    known = {item.name.lower() for package in listing() for item in package.items}
    seen: set[str] = set()
    for row in (row for part in document.section for row in part.row):
        if row.id in seen:
            yield f"{row.id} stands twice"
        seen.add(row.id)
        for proof in row.proof:
            path, _, name = test_id(proof).partition("::")
            if name not in _tests(ROOT / path):
                yield f"{row.id}: there is no test {path}::{name}"
        for item in _ITEM.findall(row.elements):
            if item.lower() not in known:
                yield f"{row.id}: no package has {item}"


@cache
def _tests(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"def (test_\w+)\(", path.read_text())) if path.exists() else frozenset()


def write(document: Document) -> str:
    """The page."""
    rows = [row for part in document.section for row in part.row]
    open_ = [row.id for row in rows if not row.proof]
    count = f"{len(rows) - len(open_)} of {len(rows)} rows are proved by tests"
    rest = f"; without one: {', '.join(open_)}.\n" if open_ else ".\n"
    return document.head + "\n" + count + rest + "".join(map(_section, document.section))


def _section(part: Section) -> str:
    headings = (*part.columns.values(), "proved by")
    lines = [
        f"\n## {part.title}\n\n{part.text.strip()}\n",
        f"| {' | '.join(headings)} |",
        f"|{'---|' * len(headings)}",
        *(_line(row, tuple(part.columns)) for row in part.row),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Row, fields: tuple[str, ...]) -> str:
    proof = "<br>".join(map(_link, row.proof)) or "**no test**"
    cells = (*(getattr(row, field) for field in fields), proof)
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _link(proof: str) -> str:
    path, _, name = proof.partition("::")
    return f"[{name.replace('_', ' ')}](../tests/{path})"


def main() -> int:
    """0 when all is well."""
    document = read()
    wrong = list(mistakes(document))
    text = write(document)
    if sys.argv[1:] != ["--check"]:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        wrong.append("docs/conformance.md is not what docs/conformance.toml says; run tools/conformance.py")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
