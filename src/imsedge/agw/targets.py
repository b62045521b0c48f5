"""Which terminations a command is for (H.248.1 clause 6.2.2): names, ``*`` and ``$``."""

from imsedge.agw.desk import Scope
from imsedge.agw.errors import fail
from imsedge.agw.names import is_root, matches
from imsedge.agw.state import Context, Termination
from imsedge.h248.model import ALL, CHOOSE, ROOT, CommandRequest


def single_choice(scope: Scope, command: CommandRequest) -> tuple[str, ...]:
    """Add: the gateway makes each termination; none exists before (430, 433)."""
    for name in command.terminations:
        if CHOOSE not in name:
            _refuse_existing(scope, name)
    return command.terminations


def elsewhere(scope: Scope, command: CommandRequest) -> tuple[str, ...]:
    """Move: terminations of other contexts; a wildcard stands for all that match there."""
    found: dict[str, None] = {}
    for pattern in command.terminations:
        if CHOOSE in pattern or is_root(pattern):
            fail(430, f"{pattern} cannot be moved")
        if ALL in pattern:
            here = scope.context.id if scope.context else None
            others = (t for t in scope.desk.registry.all_terminations() if t.context != here)
            found |= dict.fromkeys(t.name for t in others if matches(pattern, t.name))
        else:
            found[pattern] = None
    return tuple(found)


def matching(scope: Scope, command: CommandRequest) -> tuple[str, ...]:
    """The terminations of the context that are named or match; empty when wildcards match nothing."""
    found: dict[str, None] = {}
    for pattern in command.terminations:
        for name in _match(scope, pattern):
            found[name] = None
    return tuple(found)


def needed_context(scope: Scope) -> Context:
    """Raises 421 at the null context."""
    return scope.context or fail(421, "this needs a context")


def known_termination(scope: Scope, name: str) -> Termination:
    """Raises 430."""
    found = scope.desk.registry.termination(name)
    return found or fail(430, f"termination {name} is unknown")


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


def _refuse_existing(scope: Scope, name: str) -> None:
    if ALL in name or is_root(name):
        fail(430, f"{name} cannot be added")
    termination = scope.desk.registry.termination(name)
    if termination is not None:
        fail(433, f"termination {termination.name} is in context {termination.context}")
    fail(430, f"termination {name} is unknown; use $")
