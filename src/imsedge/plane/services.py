"""What every endpoint of a worker shares."""

from collections.abc import Callable
from typing import NamedTuple

from imsedge.bearer.messages import AnyEvent
from imsedge.bearer.wire import WorkerSettings
from imsedge.plane.buffer import Buffer
from imsedge.plane.contexts import TlsContexts
from imsedge.plane.knocks import Knocks
from imsedge.plane.loop import Loop
from imsedge.plane.ports import PortPool
from imsedge.plane.relays import Relays


class Services(NamedTuple):
    """``buffer`` is filled and emptied within one call, so one is enough."""

    settings: WorkerSettings
    loop: Loop
    contexts: TlsContexts
    pools: dict[str, PortPool]
    buffer: Buffer
    knocks: Knocks
    relays: Relays
    emit: Callable[[AnyEvent], None]
