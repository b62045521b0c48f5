"""NAT traversal: ``ipnapt/latch`` and what ``adr/rsac`` tells about it (H.248.37).

LATCH: the first allowed source is the peer, whatever Remote says.  RELATCH: the next one takes its place.
OFF: Remote counts again.
"""

from msgspec.structs import replace

from imsedge.agw.desk import Desk
from imsedge.agw.errors import fail
from imsedge.agw.state import StreamState, Termination
from imsedge.bearer.messages import Relatch
from imsedge.h248.model import Signal
from imsedge.h248.packages import ipnapt

_LATCH, _RELATCH = "LATCH", "RELATCH"


def check_latch(signal: Signal) -> None:
    """Raises ``H248Error`` 446, 449 or 457."""
    for parameter in signal.parameters:
        if not ipnapt.NAPT.named(parameter.name):
            fail(446, f"{signal.name} has no parameter {parameter.name} here")
    if ipnapt.NAPT.find(signal.parameters) is None:
        fail(457, f"{signal.name} needs {ipnapt.NAPT.name}")


def latch(desk: Desk, termination: Termination, stream: StreamState, signal: Signal) -> bool:
    """Obey; ``check_latch`` has been there.  True: it was given."""
    wanted = ipnapt.NAPT.find(signal.parameters)
    control = replace(stream.terms.control, latching=wanted in (_LATCH, _RELATCH))
    desk.configure(termination, stream, replace(stream.terms, control=control))
    if wanted == _RELATCH:
        desk.order(Relatch(stream.endpoint))
    return True
