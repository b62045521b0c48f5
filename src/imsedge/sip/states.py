"""The four transaction machines of RFC 3261 clause 17 as tables, with the Accepted state of RFC 6026.

A row says: in this state, on this event, go to that state, do these acts in order, run these timers.
On a change of state, running timers that the row names go on and all others stop; in the same state the
named timers start anew and the others go on.  What has no row is absorbed.
"""

from enum import Enum, auto
from typing import NamedTuple

from msgspec import Struct


class State(Enum):
    CALLING = auto()
    ABANDONED = auto()  # CALLING, and CANCEL is to follow the first provisional response
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Happening(Enum):
    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    REQUEST = auto()  # again
    ACK = auto()
    CANCEL = auto()  # our user wants to
    TRANSPORT = auto()  # failed


class Timer(Enum):
    """Letters of RFC 3261 table 4 and RFC 6026; the last four have none there."""

    A = auto()
    B = auto()
    C = auto()
    D = auto()
    E = auto()
    F = auto()
    G = auto()
    H = auto()
    I = auto()  # noqa: E741 - the standard's letter
    J = auto()
    K = auto()
    L = auto()
    M = auto()
    PROCEEDING_E = auto()  # E once a provisional response came: every T2
    TRYING = auto()  # 100 when the user is slow (clause 17.2.1)
    LATE_TRYING = auto()  # 100 to a non-INVITE, when its client has slowed down to T2 (RFC 4320 clause 4.1)
    UNANSWERED = auto()  # the user never answered a non-INVITE; its client has given up (RFC 4320)


class Act(Enum):
    SEND = auto()  # what was sent last, again
    REPLY = auto()  # keep the response and send it
    DELIVER = auto()  # to our user
    ACK = auto()  # a non-2xx (clause 17.1.1.3)
    CANCEL = auto()
    TRYING = auto()  # 100
    TIMEOUT = auto()  # tell our user: 408
    FAIL = auto()  # tell our user: 503


class TimerValues(Struct, frozen=True, kw_only=True):
    """Seconds.  ``t1`` round trip, ``t2`` longest retransmission interval, ``t4`` life of a message in the
    network (RFC 3261 table 4); ``c`` proxy INVITE, over 3 minutes (clause 16.6 step 11)."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0
    c: float = 185.0
    trying: float = 0.2


class Duration(NamedTuple):
    """``factor`` times the value ``unit``.  ``grows_to``: repeats, doubling up to that value (``""``: without
    end).  ``reliable``: the factor on TCP and TLS; ``None`` = not run there."""

    unit: str
    factor: float
    reliable: float | None
    grows_to: str | None = None

    def seconds(self, values: TimerValues, *, reliable: bool) -> float | None:
        """First interval; ``None`` when this timer does not run."""
        factor = self.reliable if reliable else self.factor
        return None if factor is None else factor * float(getattr(values, self.unit))

    def next(self, interval: float, values: TimerValues) -> float | None:
        """The interval after ``interval``; ``None`` when it fires only once."""
        if self.grows_to is None:
            return None
        return min(2 * interval, float(getattr(values, self.grows_to))) if self.grows_to else 2 * interval


DURATIONS = {
    Timer.A: Duration("t1", 1, None, grows_to=""),
    Timer.B: Duration("t1", 64, 64),
    Timer.C: Duration("c", 1, 1),
    Timer.D: Duration("t1", 64, 0),
    Timer.E: Duration("t1", 1, None, grows_to="t2"),
    Timer.F: Duration("t1", 64, 64),
    Timer.G: Duration("t1", 1, None, grows_to="t2"),
    Timer.H: Duration("t1", 64, 64),
    Timer.I: Duration("t4", 1, 0),
    Timer.J: Duration("t1", 64, 0),
    Timer.K: Duration("t4", 1, 0),
    Timer.L: Duration("t1", 64, 64),
    Timer.M: Duration("t1", 64, 64),
    Timer.PROCEEDING_E: Duration("t2", 1, None, grows_to="t2"),
    Timer.TRYING: Duration("trying", 1, 1),
    Timer.LATE_TRYING: Duration("t1", 7, 7),  # timer E fires at 1, 3 and 7 times T1, then every T2
    Timer.UNANSWERED: Duration("t1", 80, 80),  # longer than F, by which a proxy's user hears of silence
}


class Row(NamedTuple):
    """One line of a table."""

    state: State
    acts: tuple[Act, ...] = ()
    timers: tuple[Timer, ...] = ()


Table = dict[tuple[State, Happening | Timer], Row]

_END = Row(State.TERMINATED)
_TIMED_OUT = Row(State.TERMINATED, (Act.TIMEOUT,))
_FAILED = Row(State.TERMINATED, (Act.FAIL,))
_INVITE_ACCEPTED = Row(State.ACCEPTED, (Act.DELIVER,), (Timer.M,))
_INVITE_REFUSED = Row(State.COMPLETED, (Act.ACK, Act.DELIVER), (Timer.D,))

CLIENT_INVITE: Table = {
    (State.CALLING, Happening.PROVISIONAL): Row(State.PROCEEDING, (Act.DELIVER,), (Timer.C,)),
    (State.CALLING, Happening.SUCCESS): _INVITE_ACCEPTED,
    (State.CALLING, Happening.FAILURE): _INVITE_REFUSED,
    (State.CALLING, Happening.CANCEL): Row(State.ABANDONED, (), (Timer.A, Timer.B)),
    (State.CALLING, Happening.TRANSPORT): _FAILED,
    (State.CALLING, Timer.A): Row(State.CALLING, (Act.SEND,)),
    (State.CALLING, Timer.B): _TIMED_OUT,
    (State.ABANDONED, Happening.PROVISIONAL): Row(State.PROCEEDING, (Act.DELIVER, Act.CANCEL), (Timer.B,)),
    (State.ABANDONED, Happening.SUCCESS): _INVITE_ACCEPTED,
    (State.ABANDONED, Happening.FAILURE): _INVITE_REFUSED,
    (State.ABANDONED, Happening.TRANSPORT): _FAILED,
    (State.ABANDONED, Timer.A): Row(State.ABANDONED, (Act.SEND,)),
    (State.ABANDONED, Timer.B): _TIMED_OUT,
    (State.PROCEEDING, Happening.PROVISIONAL): Row(State.PROCEEDING, (Act.DELIVER,), (Timer.C,)),
    (State.PROCEEDING, Happening.SUCCESS): _INVITE_ACCEPTED,
    (State.PROCEEDING, Happening.FAILURE): _INVITE_REFUSED,
    (State.PROCEEDING, Happening.CANCEL): Row(State.PROCEEDING, (Act.CANCEL,), (Timer.B,)),
    (State.PROCEEDING, Timer.B): _TIMED_OUT,  # cancelled, and no final response came (9.1)
    (State.PROCEEDING, Timer.C): Row(State.PROCEEDING, (Act.CANCEL,), (Timer.B,)),  # 16.8
    (State.ACCEPTED, Happening.SUCCESS): Row(State.ACCEPTED, (Act.DELIVER,)),
    (State.ACCEPTED, Timer.M): _END,
    (State.COMPLETED, Happening.FAILURE): Row(State.COMPLETED, (Act.ACK,)),
    (State.COMPLETED, Timer.D): _END,
    (State.COMPLETED, Happening.TRANSPORT): _END,
}

_ANSWERED = Row(State.COMPLETED, (Act.DELIVER,), (Timer.K,))

CLIENT_OTHER: Table = {
    (State.TRYING, Happening.PROVISIONAL): Row(
        State.PROCEEDING, (Act.DELIVER,), (Timer.PROCEEDING_E, Timer.F)
    ),
    (State.TRYING, Happening.SUCCESS): _ANSWERED,
    (State.TRYING, Happening.FAILURE): _ANSWERED,
    (State.TRYING, Happening.TRANSPORT): _FAILED,
    (State.TRYING, Timer.E): Row(State.TRYING, (Act.SEND,)),
    (State.TRYING, Timer.F): _TIMED_OUT,
    (State.PROCEEDING, Happening.PROVISIONAL): Row(State.PROCEEDING, (Act.DELIVER,)),
    (State.PROCEEDING, Happening.SUCCESS): _ANSWERED,
    (State.PROCEEDING, Happening.FAILURE): _ANSWERED,
    (State.PROCEEDING, Happening.TRANSPORT): _FAILED,
    (State.PROCEEDING, Timer.PROCEEDING_E): Row(State.PROCEEDING, (Act.SEND,)),
    (State.PROCEEDING, Timer.F): _TIMED_OUT,
    (State.COMPLETED, Timer.K): _END,
}

_INVITE_PROCEEDS = Row(State.PROCEEDING, (Act.REPLY,))
_ACCEPT = Row(State.ACCEPTED, (Act.REPLY,), (Timer.L,))
_REFUSE = Row(State.COMPLETED, (Act.REPLY,), (Timer.G, Timer.H))

SERVER_INVITE: Table = {
    (State.TRYING, Timer.TRYING): Row(State.PROCEEDING, (Act.TRYING,)),
    (State.TRYING, Happening.PROVISIONAL): _INVITE_PROCEEDS,
    (State.TRYING, Happening.SUCCESS): _ACCEPT,
    (State.TRYING, Happening.FAILURE): _REFUSE,
    (State.PROCEEDING, Happening.REQUEST): Row(State.PROCEEDING, (Act.SEND,)),
    (State.PROCEEDING, Happening.PROVISIONAL): _INVITE_PROCEEDS,
    (State.PROCEEDING, Happening.SUCCESS): _ACCEPT,
    (State.PROCEEDING, Happening.FAILURE): _REFUSE,
    (State.ACCEPTED, Happening.SUCCESS): Row(State.ACCEPTED, (Act.REPLY,)),
    (State.ACCEPTED, Happening.ACK): Row(State.ACCEPTED, (Act.DELIVER,)),
    (State.ACCEPTED, Timer.L): _END,
    (State.COMPLETED, Happening.REQUEST): Row(State.COMPLETED, (Act.SEND,)),
    (State.COMPLETED, Happening.ACK): Row(State.CONFIRMED, (), (Timer.I,)),
    (State.COMPLETED, Timer.G): Row(State.COMPLETED, (Act.SEND,)),
    (State.COMPLETED, Timer.H): _END,
    (State.CONFIRMED, Timer.I): _END,
}

_REPLIED = Row(State.COMPLETED, (Act.REPLY,), (Timer.J,))

SERVER_OTHER: Table = {
    (State.TRYING, Happening.PROVISIONAL): Row(State.PROCEEDING, (Act.REPLY,), (Timer.UNANSWERED,)),
    (State.TRYING, Happening.SUCCESS): _REPLIED,
    (State.TRYING, Happening.FAILURE): _REPLIED,
    (State.TRYING, Timer.LATE_TRYING): Row(State.PROCEEDING, (Act.TRYING,), (Timer.UNANSWERED,)),
    (State.TRYING, Timer.UNANSWERED): _END,
    (State.PROCEEDING, Happening.REQUEST): Row(State.PROCEEDING, (Act.SEND,)),
    (State.PROCEEDING, Happening.PROVISIONAL): Row(State.PROCEEDING, (Act.REPLY,)),
    (State.PROCEEDING, Happening.SUCCESS): _REPLIED,
    (State.PROCEEDING, Happening.FAILURE): _REPLIED,
    (State.PROCEEDING, Timer.UNANSWERED): _END,
    (State.COMPLETED, Happening.REQUEST): Row(State.COMPLETED, (Act.SEND,)),
    (State.COMPLETED, Timer.J): _END,
}


class Start(NamedTuple):
    """A kind of transaction: its table, and how it begins."""

    table: Table
    state: State
    timers: tuple[Timer, ...]


CLIENT_STARTS = {
    True: Start(CLIENT_INVITE, State.CALLING, (Timer.A, Timer.B)),
    False: Start(CLIENT_OTHER, State.TRYING, (Timer.E, Timer.F)),
}
"""By "is it an INVITE"."""

SERVER_STARTS = {
    True: Start(SERVER_INVITE, State.TRYING, (Timer.TRYING,)),
    False: Start(SERVER_OTHER, State.TRYING, (Timer.LATE_TRYING, Timer.UNANSWERED)),
}


def happening_of(status: int) -> Happening:
    """What a response with this status is to a transaction."""
    if status < 200:
        return Happening.PROVISIONAL
    return Happening.SUCCESS if status < 300 else Happening.FAILURE
