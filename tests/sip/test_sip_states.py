"""The tables are complete: every state can be reached and left, every timer is stopped or heard."""

import pytest

from imsedge.sip.states import (
    CLIENT_STARTS,
    DURATIONS,
    SERVER_STARTS,
    Happening,
    Start,
    State,
    Timer,
    TimerValues,
    happening_of,
)

STARTS = {
    "client INVITE": CLIENT_STARTS[True],
    "client other": CLIENT_STARTS[False],
    "server INVITE": SERVER_STARTS[True],
    "server other": SERVER_STARTS[False],
}


def running_in(start: Start) -> dict[State, set[Timer]]:
    """Which timers can run in which state, by walking the table."""
    seen: dict[State, set[Timer]] = {start.state: set(start.timers)}
    todo = [start.state]
    while todo:
        state = todo.pop()
        for (origin, event), row in start.table.items():
            if origin is not state or (isinstance(event, Timer) and event not in seen[state]):
                continue
            added = set(row.timers) - seen.get(row.state, set())
            if row.state not in seen or added:
                seen.setdefault(row.state, set()).update(added)
                todo.append(row.state)
    return seen


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_every_state_of_the_table_is_reached_and_ends(start: Start) -> None:
    seen = running_in(start)
    assert {state for state, _ in start.table} == set(seen) - {State.TERMINATED}
    assert State.TERMINATED in seen


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_every_running_timer_is_heard(start: Start) -> None:
    for state, timers in running_in(start).items():
        for timer in timers:
            assert (state, timer) in start.table, f"{timer} in {state} is not heard"


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_only_a_server_waiting_for_its_user_has_no_timer(start: Start) -> None:
    for state, timers in running_in(start).items():
        waiting = start is SERVER_STARTS[True] and state is State.PROCEEDING
        assert timers or waiting or state is State.TERMINATED, f"nothing ends {state}"


@pytest.mark.parametrize(
    ("timer", "unreliable", "reliable"),
    [
        (Timer.A, [0.5, 1, 2, 4, 8], None),
        (Timer.B, [32, None], 32),
        (Timer.D, [32, None], 0),
        (Timer.E, [0.5, 1, 2, 4, 4], None),
        (Timer.PROCEEDING_E, [4, 4], None),
        (Timer.F, [32, None], 32),
        (Timer.G, [0.5, 1, 2, 4, 4], None),
        (Timer.H, [32, None], 32),
        (Timer.I, [5, None], 0),
        (Timer.J, [32, None], 0),
        (Timer.K, [5, None], 0),
        (Timer.L, [32, None], 32),
        (Timer.M, [32, None], 32),
        (Timer.C, [185, None], 185),
        (Timer.TRYING, [0.2, None], 0.2),
        (Timer.LATE_TRYING, [3.5, None], 3.5),
        (Timer.UNANSWERED, [40, None], 40),
    ],
)
def test_durations_are_those_of_table_4(
    timer: Timer, unreliable: list[float | None], reliable: float | None
) -> None:
    values, row = TimerValues(), DURATIONS[timer]
    assert row.seconds(values, reliable=True) == reliable
    interval = row.seconds(values, reliable=False)
    for expected in unreliable:
        assert interval == expected
        interval = row.next(interval, values) if interval is not None else None


def test_every_timer_has_a_duration() -> None:
    assert set(DURATIONS) == set(Timer)


@pytest.mark.parametrize(
    ("status", "happening"),
    [
        (100, Happening.PROVISIONAL),
        (199, Happening.PROVISIONAL),
        (200, Happening.SUCCESS),
        (299, Happening.SUCCESS),
        (300, Happening.FAILURE),
        (699, Happening.FAILURE),
    ],
)
def test_status_classes(status: int, happening: Happening) -> None:
    assert happening_of(status) is happening
