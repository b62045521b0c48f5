"""Compile the hot modules from their own source (mypyc) into ``build/compiled``, beside a copy of the rest.

    tools/compile.py            build, unless what is there is current
    tools/compile.py --path     print where it is, if it is there and current, for PYTHONPATH

Without mypyc (``scripts/setup dev`` installs it) or a C compiler it says so and changes nothing: the programs
run from the source as they are.  A build of another source or another Python is never used.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE, TARGET = ROOT / "src", ROOT / "build" / "compiled"
STAMP = "stamp"

# Modules with classes that are made by msgspec, and empty ones, gain nothing or cannot be compiled.
HOT = (
    "imsedge/core/timers.py",
    "imsedge/h248/codec.py",
    "imsedge/h248/framing.py",
    "imsedge/net/driver.py",
    "imsedge/net/h248.py",
    "imsedge/h248/text/*.py",
    "imsedge/h248/binary/*.py",
    "imsedge/h248/transactions/*.py",
)
COLD = frozenset({"__init__.py", "events.py", "settings.py"})
COLD_IN = "transactions"


def hot_modules(source: Path, patterns: tuple[str, ...] = HOT) -> list[str]:
    """What is compiled, relative to ``source``."""
    found = (path.relative_to(source) for pattern in patterns for path in sorted(source.glob(pattern)))
    return [str(path) for path in found if not (path.name == "__init__.py" or is_cold(path))]


def is_cold(path: Path) -> bool:
    """Declarations of messages, which msgspec compiles in its own way."""
    return path.parent.name == COLD_IN and path.name in COLD


def stamp_of(source: Path) -> str:
    """Changes with every source file, with the Python that runs and with what is done here."""
    digest = hashlib.sha256(sys.version.encode() + Path(__file__).read_bytes())
    for path in sorted(source.rglob("*.py")):
        digest.update(str(path.relative_to(source)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_current(source: Path, target: Path) -> bool:
    """Whether ``target`` was built from ``source``."""
    stamp = target / STAMP
    return stamp.exists() and stamp.read_text() == stamp_of(source)


def why_not() -> str | None:
    """What is missing, in one sentence."""
    if find_spec("mypyc") is None or find_spec("setuptools") is None:
        return "mypyc is not installed (scripts/setup dev); running from the source"
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        return "there is no C compiler; running from the source"
    return None


def build(source: Path, target: Path, patterns: tuple[str, ...] = HOT) -> str | None:
    """Build ``target``, all or nothing; the last words of the compiler when it fails."""
    stamp, work = stamp_of(source), target.with_name(f"{target.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source, work, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    command = [sys.executable, "-m", "mypyc", "--strict", *hot_modules(work, patterns)]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(work)
        return "\n".join((done.stdout + done.stderr).splitlines()[-5:])
    shutil.rmtree(work / "build", ignore_errors=True)
    (work / STAMP).write_text(stamp)
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    return None


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--path", action="store_true")
    given = options.parse_args()
    if given.path:
        if is_current(SOURCE, TARGET):
            print(TARGET)
        return 0
    reason = None if is_current(SOURCE, TARGET) else why_not() or build(SOURCE, TARGET)
    print(f"not compiled: {reason}" if reason else f"compiled: {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
