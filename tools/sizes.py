"""Files of at most 400 lines, functions of at most 60: what is longer is split along its nouns."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 60

# Longer for a reason, with the reason.
EXCEPTIONS: dict[str, str] = {
    "src/imsedge/h248/model.py": "values only: the vocabulary of H.248.1, read from top to bottom",
}

ROOT = Path(__file__).resolve().parent.parent


def complaints(name: str, source: str) -> Iterator[str]:
    """One sentence for each thing in ``source`` that is too long."""
    lines = source.count("\n")
    if lines > FILE_LINES:
        yield f"{name}: {lines} lines, at most {FILE_LINES}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}"


def main() -> int:
    found = [
        complaint
        for folder in ("src", "tests", "tools")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (name := str(path.relative_to(ROOT))) not in EXCEPTIONS
        for complaint in complaints(name, path.read_text())
    ]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
