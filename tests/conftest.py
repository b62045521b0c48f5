"""Profiles, leak guards and the list of missing peers, for every test; their order."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import conformance
import hypothesis
import pytest

from kit.peers import ELSEWHERE

hypothesis.settings.register_profile("fast", max_examples=60, deadline=None, derandomize=True)
hypothesis.settings.register_profile("deep", max_examples=5_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def open_descriptors() -> dict[int, str]:
    """What this process has open, by number."""
    found: dict[int, str] = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[int(entry.name)] = str(entry.readlink())
        except OSError:  # the descriptor that listed the folder
            continue
    return found


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """The test gives back every socket, pipe and file that it, or what it started, opened here."""
    gc.collect()
    before = open_descriptors()
    yield
    gc.collect()
    left = {number: name for number, name in open_descriptors().items() if before.get(number) != name}
    assert not left, f"left open: {left}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remembers which tests did not pass; behind the ``@`` stands the group that shares a process."""
    if not report.passed:
        _not_passed.add(report.nodeid.partition("[")[0].partition("@")[0])


_not_passed: set[str] = set()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where no peer may be missing, no row of docs/conformance.md may be without its proof."""
    if os.environ.get("IMSEDGE_REQUIRE_PEERS") and unproved() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def unproved() -> list[str]:
    """Tests that rows of the conformance document name, and that were run here in vain."""
    return sorted(conformance.proofs(conformance.read()) & _not_passed)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves to other runs what belongs there (``kit.peers.ELSEWHERE``); puts ``long`` first."""
    absent = {mark for mark, is_here in ELSEWHERE.items() if not is_here()}
    others = [item for item in items if any(item.get_closest_marker(mark) for mark in absent)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]
    items.sort(key=lambda item: "long" not in item.keywords)


def pytest_collection_finish() -> None:
    """Thousands of tests stay: ``no_leaks`` need not look through them for garbage each time."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the peers whose judgement is missing from this run, and the rows that it did not prove."""
    for name in unproved():
        terminalreporter.write_line(f"docs/conformance.md has this as a proof, and it did not pass: {name}")
    missing: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        if "peer missing: " in reason:
            name = reason.partition("peer missing: ")[2]
            missing[name] = missing.get(name, 0) + 1
    for name, count in sorted(missing.items()):
        terminalreporter.write_line(f"not judged by {name}: {count} tests skipped")
