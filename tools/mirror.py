"""Each source module has its own test file.

``src/imsedge/h248/text/scanner.py`` is proven by a file in ``tests/h248/`` (or below) whose name ends in
``_scanner.py``: ``test_scanner.py``, ``test_h248_scanner.py``.  A module that another file proves, or that
holds nothing to prove, is listed here with the reason.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "imsedge"
TESTS = ROOT / "tests"

EXCEPTIONS: dict[str, str] = {
    "__init__.py": "the version number",
    "__main__.py": "one call of cli.main, run by tests/cli",
    "core/machine.py": "the shape of a machine, proven by every machine",
    "core/trace.py": "values without behaviour",
    "bearer/messages.py": "values; their wire form is proven by tests/bearer/test_bearer_wire.py",
    "alg/procedures.py": "values without behaviour",
    "h248/model.py": "values; proven by every codec test",
}


def holds_code(path: Path) -> bool:
    """Whether there is more in the file than a docstring and imports of names to pass on."""
    body = ast.parse(path.read_text()).body
    return any(not isinstance(node, ast.Expr | ast.Import | ast.ImportFrom) for node in body)


def proven(module: Path) -> bool:
    """``module`` is relative to the package: ``h248/text/scanner.py``."""
    noun = module.parent.name if module.name == "__init__.py" else module.stem.lstrip("_")
    folder = TESTS / module.parts[0] if len(module.parts) > 1 else TESTS
    return any(
        path.stem == f"test_{noun}" or path.stem.endswith(f"_{noun}") for path in folder.rglob("test_*.py")
    )


def complaints() -> list[str]:
    modules = {path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if holds_code(path)}
    unproven = [
        f"src/imsedge/{module} has no test file of its own"
        for module in sorted(modules)
        if str(module) not in EXCEPTIONS and not proven(module)
    ]
    stale = [
        f"tools/mirror.py: exception {name} names no module"
        for name in EXCEPTIONS
        if not (SOURCE / name).exists()
    ]
    return unproven + stale


def main() -> int:
    found = complaints()
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
