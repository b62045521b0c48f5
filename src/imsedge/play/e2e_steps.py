"""The order of an e2e call: figure y.2.1, as for any TCP, then TLS from one UE to the other.

TS 23.334 clause 6.2.10A draws no more of it; the numbers after 24 are ours.
"""

from imsedge.core.trace import Kind
from imsedge.play.bearer_steps import bearer_call
from imsedge.play.border_steps import border_call
from imsedge.play.steps import AGW, CORE, UE, Step
from imsedge.play.variants import BFCP_E2E, PASSIVE, Variant

_HELLO = "ClientHello"


def e2e_figure(name: str, answer: str, variant: Variant) -> tuple[Step, ...]:
    """The steps of one variant, whose mode is known."""
    floor = name == BFCP_E2E
    # The offerer of BFCP is the TLS client, the opener of MSRP (RFC 8856 clause 8, RFC 6135 clause 6).
    client, server = (UE, CORE) if floor or answer == PASSIVE else (CORE, UE)
    payload, word = (Kind.BFCP, "Hello") if floor else (Kind.MSRP, "SEND")
    return (
        *(border_call if variant.ix else bearer_call)(answer, variant),
        Step("25", Kind.TLS, client, AGW, _HELLO, after=("16", "21")),
        Step("26", Kind.TLS, AGW, server, _HELLO, after=("25",)),
        Step("27", payload, UE, AGW, word, after=("26",)),
    )
