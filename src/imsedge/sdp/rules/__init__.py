"""Which SDP rules apply: one row a treatment, direction and kind of message.

To add a rule, add a row to the file of its treatment; nothing registers itself.
"""

from enum import Enum

from imsedge.sdp.rules import e2ae, transparent
from imsedge.sdp.rules.model import Rule


class Treatment(Enum):
    """What the gateway does with a stream."""

    E2AE = "end-to-access-edge"
    E2E = "end-to-end"
    PLAIN = "plain"


class Towards(Enum):
    """Where the description goes."""

    CORE = "core"
    ACCESS = "access"


class Half(Enum):
    """Which half of the offer/answer exchange it is (RFC 3264)."""

    OFFER = "offer"
    ANSWER = "answer"


RULES: dict[tuple[Treatment, Towards, Half], tuple[Rule, ...]] = {
    (Treatment.E2AE, Towards.CORE, Half.OFFER): e2ae.TO_CORE,
    (Treatment.E2AE, Towards.CORE, Half.ANSWER): e2ae.TO_CORE,
    (Treatment.E2AE, Towards.ACCESS, Half.OFFER): e2ae.OFFER_TO_ACCESS,
    (Treatment.E2AE, Towards.ACCESS, Half.ANSWER): e2ae.ANSWER_TO_ACCESS,
    (Treatment.E2E, Towards.CORE, Half.OFFER): transparent.BOTH_WAYS,
    (Treatment.E2E, Towards.CORE, Half.ANSWER): transparent.BOTH_WAYS,
    (Treatment.E2E, Towards.ACCESS, Half.OFFER): transparent.BOTH_WAYS,
    (Treatment.E2E, Towards.ACCESS, Half.ANSWER): transparent.BOTH_WAYS,
    (Treatment.PLAIN, Towards.CORE, Half.OFFER): transparent.BOTH_WAYS,
    (Treatment.PLAIN, Towards.CORE, Half.ANSWER): transparent.BOTH_WAYS,
    (Treatment.PLAIN, Towards.ACCESS, Half.OFFER): transparent.BOTH_WAYS,
    (Treatment.PLAIN, Towards.ACCESS, Half.ANSWER): transparent.BOTH_WAYS,
}
