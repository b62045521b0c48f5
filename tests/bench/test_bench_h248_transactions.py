"""The transaction benchmark: real sockets, numbers that are numbers, and it does without Erlang."""

import shutil

import pytest

from imsedge.bench import h248_transactions
from imsedge.bench.h248_transactions import TransactionRate, run
from imsedge.core.errors import SettingError
from kit.peers import need_megaco

pytestmark = pytest.mark.system


def test_without_the_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    rows = run(0.05)
    assert [(row.transport, row.encoding) for row in rows] == [
        (transport, encoding) for transport in ("udp", "tcp") for encoding in ("pretty", "compact", "ber")
    ]
    assert all(row.ours > 0 and row.ours_wall > 0 and "no Erlang" in row.line() for row in rows)


@pytest.mark.interop
def test_beside_erlang_megaco() -> None:
    need_megaco()
    rows = run(0.05)
    assert all(row.peer and row.peer_wall and "ratio" in row.line() for row in rows)


def test_a_server_that_does_not_come_up_is_told() -> None:
    with pytest.raises(SettingError, match="true does not come up"), h248_transactions.serving(["true"]):
        pass


def test_a_row_for_people() -> None:
    row = TransactionRate("udp", "compact", 50, 40, 100, 90)
    assert row.line().endswith("50 transactions a processor second; Erlang megaco     100: ratio 0.50")
