"""What the media session of a call wants done, and what it thinks of a description."""

from msgspec import Struct

from imsedge.alg.procedures import Procedure


class Perform(Struct, frozen=True):
    """Ask the gateway.  Not ``awaited``: nothing depends on the result."""

    procedure: Procedure
    awaited: bool = True


class Forward(Struct, frozen=True):
    """The message that brought the description may go on, with this one in its place."""

    text: str


class Withhold(Struct, frozen=True):
    """The message may go on, but without its description."""


class Refuse(Struct, frozen=True):
    """The description cannot be served: refuse an offer with this status; an answer ends the call."""

    status: int
    reason: str


Verdict = Forward | Withhold | Refuse

Output = Perform | Verdict
