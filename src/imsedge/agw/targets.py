"""Which terminations a command is for (H.248.1 clause 6.2.2): names, ``*`` and ``$``."""

from imsedge.agw.desk import Scope
from imsedge.agw.errors import fail
from imsedge.h248.model import ALL, CHOOSE, ROOT, CommandRequest, fold


def is_root(name: str) -> bool:
    return fold(name) == fold(ROOT)


def single_choice(scope: Scope, command: CommandRequest) -> tuple[str, ...]:
    """Add: the gateway makes each termination; none exists before (430, 433)."""
    for name in command.terminations:
        if CHOOSE not in name:
            _refuse_existing(scope, name)
    return command.terminations


def no_choice(_scope: Scope, command: CommandRequest) -> tuple[str, ...]:
    """As they stand."""
    return command.terminations


def matching(scope: Scope, command: CommandRequest) -> tuple[str, ...]:
    """The terminations of the context that are named or match; empty when wildcards match nothing."""
    found: dict[str, None] = {}
    for pattern in command.terminations:
        for name in _match(scope, pattern):
            found[name] = None
    return tuple(found)


def _match(scope: Scope, pattern: str) -> list[str]:
    if CHOOSE in pattern:
        fail(430, f"$ cannot be chosen in this command: {pattern}")
    if is_root(pattern):
        return [ROOT] if scope.context is None else fail(435, "ROOT is in no context")
    in_context = scope.context.terminations.values() if scope.context else ()
    if ALL in pattern:
        return [t.name for t in in_context if matches(pattern, t.name)]
    termination = scope.desk.registry.termination(pattern)
    if termination is None:
        fail(430, f"termination {pattern} is unknown")
    if scope.context is None or termination.context != scope.context.id:
        fail(435, f"termination {termination.name} is in context {termination.context}")
    return [termination.name]


def matches(pattern: str, name: str) -> bool:
    """``*`` stands for anything, also across levels; time is linear in both lengths for each part."""
    first, *parts = fold(pattern).split(ALL)
    text = fold(name)
    if not parts:
        return text == first
    *middle, last = parts
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _refuse_existing(scope: Scope, name: str) -> None:
    if ALL in name or is_root(name):
        fail(430, f"{name} cannot be added")
    termination = scope.desk.registry.termination(name)
    if termination is not None:
        fail(433, f"termination {termination.name} is in context {termination.context}")
    fail(430, f"termination {name} is unknown; use $")
