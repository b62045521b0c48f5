"""Each source module with behaviour is proven by a test file of its package.

``src/imsedge/h248/text/scanner.py`` is proven by a file in ``tests/h248/`` (or below) whose name ends in
``_scanner.py``, or by one there that imports the module by name.  Values without functions prove
nothing and need no proof.  What is proven elsewhere is listed here with the reason.
"""

import ast
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "imsedge"
TESTS = ROOT / "tests"

EXCEPTIONS: dict[str, str] = {
    "__main__.py": "one call of cli.main, run by tests/cli",
    "core/machine.py": "the shape of a machine, proven by every machine",
    "core/trace.py": "values and the shape of a tap",
}


def has_behaviour(path: Path) -> bool:
    """Whether there is a function in the file."""
    tree = ast.parse(path.read_text())
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def is_proven(module: Path) -> bool:
    """``module`` is relative to the package: ``h248/text/scanner.py``."""
    noun = module.parent.name if module.name == "__init__.py" else module.stem.lstrip("_")
    dotted = ".".join(("imsedge", *module.with_suffix("").parts)).removesuffix(".__init__")
    folder = TESTS / module.parts[0] if len(module.parts) > 1 else TESTS
    return any(
        path.stem.endswith(f"_{noun}") or dotted in imported(path) for path in folder.rglob("test_*.py")
    )


@cache
def imported(path: Path) -> frozenset[str]:
    """Modules that a file imports, also as ``from package import module``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def complaints() -> list[str]:
    modules = {path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if has_behaviour(path)}
    unproven = [
        f"src/imsedge/{module} is proven by no test file of its package"
        for module in sorted(modules)
        if str(module) not in EXCEPTIONS and not is_proven(module)
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
