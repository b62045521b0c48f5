"""ROOT: the gateway as a whole (H.248.1 Annex E.2 and clause 7.2.2).

The timers of package ``root`` belong to the transaction layer; what the controller sets goes up as ``Tuned``.
"""

from imsedge.agw import items
from imsedge.agw.audits import check_audit, describe
from imsedge.agw.descriptors import read_changes
from imsedge.agw.desk import Scope
from imsedge.agw.detection import Place, arm_root, check_events
from imsedge.agw.errors import fail
from imsedge.agw.messages import Tuned
from imsedge.h248.model import CommandReply, CommandRequest, Parameter, Relation, fold


def modify_root(scope: Scope, command: CommandRequest, name: str) -> CommandReply:
    """Raises ``H248Error`` 447 for what ROOT does not have, 445, 449, 456, 534 for properties."""
    changes, desk = read_changes(command.descriptors), scope.desk
    if changes.streams or changes.signals or changes.statistics or changes.event_buffer:
        fail(447, "ROOT has no streams, signals, statistics and event buffer")
    state = changes.state
    if state is not None and (state.service_state is not None or state.buffer is not None):
        fail(501, "ROOT has no ServiceStates and no Buffer here; use ServiceChange")
    values = _read_values(state.properties if state else ())
    check_events(changes.events, Place.ROOT, {}, desk.settings.limits.events_per_termination)
    check_audit(changes.audit)
    arm_root(desk, changes.events)
    if values:
        desk.registry.root_values |= values
        desk.outputs.append(Tuned(dict(desk.registry.root_values)))
    result = describe(scope, None, changes.audit) if changes.audit else ()
    return CommandReply(command.verb, (name,), result)


def _read_values(parameters: tuple[Parameter, ...]) -> dict[str, int]:
    values: dict[str, int] = {}
    for parameter in parameters:
        key = items.ROOT_TIMERS.get(fold(parameter.name))
        if key is None:
            items.refuse_property(parameter.name)
        if key.name in values:
            fail(456, f"{parameter.name} appears twice")
        if parameter.relation is not Relation.EQUAL:
            fail(449, f"{parameter.name} needs one value")
        values[key.name] = key.read(parameter)
    return values
