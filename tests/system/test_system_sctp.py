"""SCTP of a real kernel: everything that is marked ``sctp``, on a kernel that has it."""

from pathlib import Path

import pytest

from kit.guest import run_tests


@pytest.mark.interop
@pytest.mark.system
@pytest.mark.long
@pytest.mark.timeout(300)
def test_whatever_wants_sctp_passes_where_a_kernel_has_it(tmp_path: Path) -> None:
    # hmac: without it the kernel signs no cookies and refuses to listen
    outcome = run_tests(tmp_path, ("sctp", "hmac"), "-m", "sctp", "tests/net", "tests/interop")
    assert not outcome.bad, "\n".join(f"{name}: {why}" for name, why in outcome.bad.items())
    assert len(outcome.passed) > 9, outcome.console
