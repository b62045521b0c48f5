"""What every protocol machine looks like.

Bytes, wishes and *times* go in; outputs and the next deadline come out.  A machine opens no socket,
reads no clock, rolls no dice (identifiers come from an ``IdSource``) and keeps no reference to its
caller.  A driver feeds it, performs the outputs, and re-arms one timer at ``deadline``.
"""

from math import inf
from typing import Protocol, TypeVar

NEVER = inf

Input_contra = TypeVar("Input_contra", contravariant=True)
Output = TypeVar("Output")


class Machine(Protocol[Input_contra, Output]):
    """``now`` is in seconds on a clock that never goes back; ``deadline`` is on the same clock."""

    @property
    def deadline(self) -> float:
        """When ``Tick`` must be handed in next; ``NEVER`` when nothing is pending."""

    def handle(self, event: Input_contra, now: float) -> list[Output]:
        """Take one input; return what to do, in order.  A spurious ``Tick`` is harmless."""


class Tick:
    """The deadline may have passed."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tick)

    def __hash__(self) -> int:
        return hash(Tick)

    def __repr__(self) -> str:
        return "Tick()"
