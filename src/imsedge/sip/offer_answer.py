"""Which SIP message carries an offer and which its answer (RFC 3264, RFC 6337 table 1).

==  =======================  ==========================  ============
#   offer in                 answer in                   by
==  =======================  ==========================  ============
1   INVITE                   2xx to INVITE               RFC 3261
2   2xx to INVITE            ACK                         RFC 3261
3   INVITE                   reliable 1xx to INVITE      RFC 3262
4   reliable 1xx to INVITE   PRACK                       RFC 3262
5   PRACK                    2xx to PRACK                RFC 3262
6   UPDATE                   2xx to UPDATE               RFC 3311
==  =======================  ==========================  ============

Besides these: a description in an unreliable 1xx to an INVITE with an offer is a preview of the answer (RFC
3261 clause 13.2.1), and one in a later 1xx or 2xx to an INVITE that has been answered repeats the answer and
is to be ignored by the offerer (RFC 6337 clause 3.1.1).

``Negotiation`` is a value.  Forks: each early dialog goes on from the value after the INVITE.
"""

from enum import Enum, auto
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from imsedge.sip.bodies import description_of
from imsedge.sip.dialogs import Role
from imsedge.sip.errors import SipError
from imsedge.sip.fields import read_rack
from imsedge.sip.message import SipMessage, SipRequest
from imsedge.sip.routing import has_option


class Carrier(Enum):
    """The kinds of message that the table names."""

    INVITE = auto()
    EARLY_1XX = auto()  # unreliable
    RELIABLE_1XX = auto()
    INVITE_2XX = auto()
    ACK = auto()
    PRACK = auto()
    PRACK_2XX = auto()
    UPDATE = auto()
    UPDATE_2XX = auto()
    REFUSAL = auto()  # final response 300..699 to INVITE, PRACK or UPDATE
    OTHER = auto()


ANSWERS = {
    Carrier.INVITE: frozenset({Carrier.RELIABLE_1XX, Carrier.INVITE_2XX}),
    Carrier.INVITE_2XX: frozenset({Carrier.ACK}),
    Carrier.RELIABLE_1XX: frozenset({Carrier.PRACK}),
    Carrier.PRACK: frozenset({Carrier.PRACK_2XX}),
    Carrier.UPDATE: frozenset({Carrier.UPDATE_2XX}),
}
"""Offer in -> answer in."""

_REQUESTS = {method.name: method for method in (Carrier.INVITE, Carrier.ACK, Carrier.PRACK, Carrier.UPDATE)}
_SUCCESSES = {"INVITE": Carrier.INVITE_2XX, "PRACK": Carrier.PRACK_2XX, "UPDATE": Carrier.UPDATE_2XX}
_OF_INVITE = frozenset({Carrier.EARLY_1XX, Carrier.RELIABLE_1XX, Carrier.INVITE_2XX, Carrier.ACK})


class Meaning(Enum):
    """What a message does to the negotiation."""

    NOTHING = auto()
    OFFER = auto()
    PREVIEW = auto()  # of the answer, in an unreliable 1xx; the offer stays open
    ANSWER = auto()
    REPEAT = auto()  # of an answer already given
    REFUSED = auto()  # the open offer will not be answered
    MISSING = auto()  # the answer had to be here and is not


class Pending(NamedTuple):
    """An offer without its answer: who made it, in what, and the CSeq number of that exchange.

    ``cseq`` is that of the request; for an offer in a response, of the request that it answers.
    """

    offerer: Role
    carrier: Carrier
    cseq: int


class Negotiation(Struct, frozen=True, kw_only=True):
    """``pending``: the open offer.  ``settled``: CSeq number of the last INVITE whose offer, or whose
    response's offer, is through: descriptions in further responses to it are repeats."""

    pending: Pending | None = None
    settled: int | None = None

    def read(self, message: SipMessage, sender: Role) -> tuple[Meaning, "Negotiation"]:
        """What ``message`` from ``sender`` means, and the negotiation after it.

        ``SipError`` for a description that must not be here: 491 when the other end's offer is open, 500 when
        the sender's own is (RFC 3311 clause 5.2), 400 otherwise; 415 or 400 for a body that may hide one.
        Errors about responses cannot be answered; their code tells what went wrong.
        """
        carrier = carrier_of(message)
        cseq = self._number(message, carrier)
        if carrier is Carrier.REFUSAL or description_of(message) is None:
            return self._without_description(carrier, cseq, sender)
        if self._answers(carrier, cseq, sender):
            return Meaning.ANSWER, self._settle(cseq)
        if carrier is Carrier.EARLY_1XX and self.pending == Pending(sender.other, Carrier.INVITE, cseq):
            return Meaning.PREVIEW, self
        if self._repeats(carrier, cseq, sender):
            return Meaning.REPEAT, self
        if carrier not in ANSWERS:
            if carrier in {Carrier.EARLY_1XX, Carrier.OTHER}:
                return Meaning.NOTHING, self  # an offer in an unreliable 1xx is none (RFC 3262 clause 5)
            raise SipError(400, "a description where neither offer nor answer may be")
        self._check_free(sender)
        return Meaning.OFFER, replace(self, pending=Pending(sender, carrier, cseq))

    def _answers(self, carrier: Carrier, cseq: int, sender: Role) -> bool:
        pending = self.pending
        return (
            pending is not None
            and carrier in ANSWERS[pending.carrier]
            and pending.cseq == cseq
            and pending.offerer is not sender
        )

    def _number(self, message: SipMessage, carrier: Carrier) -> int:
        """CSeq number of the exchange: for a PRACK that answers a 1xx, of the INVITE that its RAck names."""
        awaited = self.pending is not None and self.pending.carrier is Carrier.RELIABLE_1XX
        if carrier is Carrier.PRACK and awaited:
            return read_rack(message.required("RAck")).cseq.number
        return message.cseq.number

    def _repeats(self, carrier: Carrier, cseq: int, sender: Role) -> bool:
        """2xx and its ACK are retransmitted end to end; answers are repeated in further responses."""
        return self.pending == Pending(sender, carrier, cseq) or (
            carrier in _OF_INVITE and self.settled == cseq
        )

    def _settle(self, cseq: int) -> "Negotiation":
        carrier = self.pending.carrier if self.pending is not None else None
        by_invite = carrier in {Carrier.INVITE, Carrier.INVITE_2XX, Carrier.RELIABLE_1XX}
        return Negotiation(settled=cseq if by_invite else self.settled)

    def _check_free(self, sender: Role) -> None:
        if self.pending is not None:
            own = self.pending.offerer is sender
            raise SipError(500 if own else 491, "another offer is still open")

    def _without_description(
        self, carrier: Carrier, cseq: int, sender: Role
    ) -> tuple[Meaning, "Negotiation"]:
        pending = self.pending
        if pending is None or pending.cseq != cseq:
            return Meaning.NOTHING, self
        if carrier is Carrier.REFUSAL and sender is not pending.offerer:
            return Meaning.REFUSED, replace(self, pending=None)
        late = carrier in ANSWERS[pending.carrier] and carrier is not Carrier.RELIABLE_1XX
        if late and sender is not pending.offerer:
            return Meaning.MISSING, replace(self, pending=None)
        return Meaning.NOTHING, self


def has_description(message: SipMessage) -> bool:
    """A session description, or a body that may hide one."""
    try:
        return description_of(message) is not None
    except SipError:
        return True


def is_reliable(message: SipMessage) -> bool:
    """A provisional response that asks for PRACK (RFC 3262 clause 3)."""
    return has_option(message.headers, "Require", "100rel") and "RSeq" in message.headers


def carrier_of(message: SipMessage) -> Carrier:
    """Which kind of message this is to the table."""
    method = message.cseq.method
    if isinstance(message, SipRequest):
        return _REQUESTS.get(method, Carrier.OTHER)
    if method not in _SUCCESSES:
        return Carrier.OTHER
    if message.status >= 200:
        return _SUCCESSES[method] if message.status < 300 else Carrier.REFUSAL
    if method != "INVITE":
        return Carrier.OTHER
    return Carrier.RELIABLE_1XX if is_reliable(message) else Carrier.EARLY_1XX
