"""Compile the hot modules from their own source (mypyc) into ``build/compiled``, beside a copy of the rest.

    tools/compile.py               build, unless what is there is current
    tools/compile.py --path        print where it is, if it is there and current, for PYTHONPATH
    tools/compile.py --background  build at the lowest priority, as long as the parent process lives

Without a C compiler or the headers of this Python it says so and changes nothing: the programs run from the
source as they are.  mypyc is installed from ``requirements-compile.lock`` where it is missing.  A build of
another source or another Python is never used.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE, TARGET = ROOT / "src", ROOT / "build" / "compiled"
LOCK = ROOT / "requirements-compile.lock"
STAMP = "stamp"
_LOOK_EVERY = 0.5  # seconds, whether the parent is still there

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
    """What is missing that cannot be installed from here, in one sentence."""
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        return "there is no C compiler"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return None if header.exists() else f"the headers of this Python are not installed ({header})"


def install() -> str | None:
    """mypyc and what it needs, if missing; one sentence when that fails."""
    if find_spec("mypyc") is not None and find_spec("setuptools") is not None:
        return None
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    done = run([*command, "--require-hashes", "-r", str(LOCK)], ROOT)
    return None if done.returncode == 0 else f"mypyc cannot be installed: {_last(done, 1)}"


def build(source: Path, target: Path, patterns: tuple[str, ...] = HOT) -> str | None:
    """Build ``target``, all or nothing; the last words of the compiler when it fails."""
    stamp, work = stamp_of(source), target.with_name(f"{target.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source, work, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    try:
        done = run([sys.executable, "-m", "mypyc", "--strict", *hot_modules(work, patterns)], work)
    except BaseException:
        shutil.rmtree(work)
        raise
    if done.returncode != 0:
        shutil.rmtree(work)
        return _last(done, 5)
    shutil.rmtree(work / "build", ignore_errors=True)
    (work / STAMP).write_text(stamp)
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    return None


def run(command: list[str], where: Path) -> "subprocess.CompletedProcess[str]":
    """Run ``command`` to its end; when our parent goes away before, it goes too, with all that it started."""
    parent = os.getppid()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=where, text=True, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
        while True:
            try:
                said, _ = process.communicate(timeout=_LOOK_EVERY)
            except subprocess.TimeoutExpired:
                if os.getppid() == parent:
                    continue
                os.killpg(process.pid, signal.SIGKILL)
                sys.exit(1)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
            return subprocess.CompletedProcess(command, process.returncode, said)


def _last(done: "subprocess.CompletedProcess[str]", lines: int) -> str:
    return "\n".join(done.stdout.splitlines()[-lines:])


def make(*, background: bool) -> str:
    """Build if need be; what there is to say."""
    if reason := why_not():
        return f"not compiled: {reason}; running from the source"
    try:
        TARGET.parent.mkdir(exist_ok=True)
        opened = (TARGET.parent / "compile.lock").open("w")
    except OSError as error:
        return f"not compiled: {TARGET.parent} cannot be written: {error.strerror}"
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if background else 0))
        except BlockingIOError:
            return "not compiled: somebody else is doing it"
        if is_current(SOURCE, TARGET):
            return f"compiled: {TARGET}"
        if background:
            os.nice(19)
        print("compiling the H.248 modules: a minute or two, once for each change of the source", flush=True)
        start = time.monotonic()
        reason = install() or build(SOURCE, TARGET)
    if reason:
        return f"not compiled: {reason}"
    return f"compiled in {time.monotonic() - start:.0f} s: {TARGET}"


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--path", action="store_true")
    options.add_argument("--background", action="store_true")
    given = options.parse_args()
    if given.path:
        if is_current(SOURCE, TARGET):
            print(TARGET)
        return 0
    signal.signal(signal.SIGINT, stop)  # a shell starts its background jobs deaf to Ctrl-C
    signal.signal(signal.SIGTERM, stop)
    print(make(background=given.background), flush=True)
    return 0


def stop(number: int, _: object) -> None:
    """Leave, which ends what was started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
