"""A transaction under way: the steps that are left, and what was done."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from imsedge.agw.desk import Waiting
from imsedge.agw.messages import Handle
from imsedge.agw.state import Change, Context, Termination
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ContextProperties,
)


class Enter(NamedTuple):
    """``lenient``: one of many contexts, where a wildcard that matches nothing is no error."""

    request: ActionRequest
    lenient: bool = False


class Run(NamedTuple):
    """Find the terminations of a command."""

    command: CommandRequest


class RunOne(NamedTuple):
    """A command for one termination."""

    command: CommandRequest
    termination: str


class Merge(NamedTuple):
    """``W-``: the replies from ``start`` on become one."""

    command: CommandRequest
    start: int


class Leave(NamedTuple):
    """The commands of the action are done."""


class Visit(NamedTuple):
    """One action for each context that remains."""

    request: ActionRequest
    remaining: deque[int]


class LeaveAll(NamedTuple):
    """All contexts were visited; their replies stand from ``start`` on."""

    request: ActionRequest
    start: int


Step = Enter | Visit | Run | RunOne | Merge | Leave | LeaveAll


@dataclass(slots=True, eq=False)
class Execution:
    """``done``: finished actions; the fields behind it belong to the action being executed.

    ``borrowed``: the context that a Move takes its termination from; ``wants``: the one that it waits for.
    ``completed``: signals whose completion is told behind the answer.
    """

    number: int
    handle: Handle
    version: int
    steps: deque[Step]
    done: list[ActionReply] = field(default_factory=list)
    request: ActionRequest | None = None
    lenient: bool = False
    context: Context | None = None
    replies: list[CommandReply] = field(default_factory=list)
    properties: ContextProperties | None = None
    waiting: Waiting | None = None
    awaited: set[int] = field(default_factory=set)
    current: RunOne | None = None
    borrowed: int | None = None
    wants: int | None = None
    completed: list[tuple[Termination, Change]] = field(default_factory=list)
