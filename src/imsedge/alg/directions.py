"""Who opens TCP on each side of the gateway, and what ``a=setup`` says about it (TS 23.334 clause 6.2.18).

Each side has an offer/answer exchange of its own: the gateway is the answerer towards the offerer, and the
offerer towards the answerer.  As a rule it copies ``a=setup`` and so keeps the direction (proxy, relay).  It
changes the direction, so that both parties call it (merge), when the UE cannot be called because of a NAT, or
when the operator wants it:

====================  ====================  ===================================  ============================
UE behind a NAT       its party offers      the offer leaves with                the answer says
====================  ====================  ===================================  ============================
offers                active                active                               passive
offers                actpass               actpass (end-to-end TLS: active)     passive: the UE calls
is offered            passive               passive                              active
is offered            actpass               passive (MSRP: actpass, RFC 6135)    what the UE answered
is offered            active                passive (MSRP: actpass)              passive: both call, merge
====================  ====================  ===================================  ============================

DTLS has the same roles (RFC 7345 clause 4.2) and is steered alike: a UE behind a NAT is made the client.  One
that insists on being the server opens the NAT with whatever it sends first; the gateway calls it there.

**Collision** (TR 29.828 annex D).  With TLS end to end the party that opens TCP is the TLS client (RFC 8122
clause 6.2; BFCP is safe: the offerer is, RFC 8856 clause 8).  If both open TCP there are two clients and no
server.  So such streams are not merged: a UE that offers ``actpass`` is made the only caller; a peer that
insists on calling a UE behind a NAT cannot be served.
"""

from enum import Enum
from typing import NamedTuple

from imsedge.alg.procedures import Side, TcpMode
from imsedge.sdp.attributes import Setup
from imsedge.sdp.errors import SdpError
from imsedge.sdp.offer_answer import Opener, who_opens

MIRRORED = {
    Setup.ACTIVE: Setup.PASSIVE,
    Setup.PASSIVE: Setup.ACTIVE,
    Setup.ACTPASS: Setup.ACTPASS,
}
"""What the gateway is towards a party with that setup (RFC 4145 clause 4.1)."""


class TcpStart(Enum):
    """What makes the gateway open the connection that it has to open."""

    TRIGGERED = "triggered"  # the connection at the other side
    ORDERED = "ordered"  # the controller, as soon as the answer is there (figure y.2.1 step 12)


class Steer(NamedTuple):
    """What decides about the directions of one line.

    ``natted``: the UE cannot be called.  ``mode``: what the operator wants where nothing speaks against it.
    ``collides``: TLS passes through, and its roles follow TCP.  ``polite``: nobody may be offered ``passive``
    (MSRP, RFC 6135 clause 4.2).
    """

    offerer: Side
    natted: bool = False
    mode: TcpMode = TcpMode.PROXY
    collides: bool = False
    polite: bool = False

    @property
    def merges(self) -> bool:
        """The operator wants both parties to call, and they can."""
        return self.mode is TcpMode.MERGE and not self.collides

    @property
    def ue_must_call(self) -> bool:
        return self.natted or self.merges

    def is_hopeless(self, offered: Setup) -> bool:
        """Annex D: the core's party only calls, and so must the UE."""
        core_calls = self.offerer is Side.CORE and offered is Setup.ACTIVE
        return core_calls and self.natted and self.collides


class Outlook(NamedTuple):
    """The directions of one line once they are known: what the offerer is told, whom the gateway calls."""

    told: Setup
    called: frozenset[Side]
    mode: TcpMode

    def calls(self, side: Side) -> bool:
        return side in self.called


def offered_on(offered: Setup, steer: Steer) -> Setup:
    """``a=setup`` of the offer as it leaves."""
    if steer.offerer is Side.ACCESS and not steer.merges:
        narrowed = steer.natted and steer.collides and offered is Setup.ACTPASS
        return Setup.ACTIVE if narrowed else offered
    if offered is Setup.PASSIVE or not steer.ue_must_call or steer.is_hopeless(offered):
        return offered
    return Setup.ACTPASS if steer.polite else Setup.PASSIVE


def waits_on(side: Side, offered: Setup, steer: Steer) -> bool:
    """Whether it is known with the offer that the gateway will be called, and only called, on ``side``."""
    offers = side is steer.offerer
    if offers and offered is Setup.ACTIVE:
        return True
    if steer.is_hopeless(offered) or (offers and offered is Setup.PASSIVE):
        return False
    return steer.merges or (steer.natted and side is Side.ACCESS)


def first_mode(offered: Setup, steer: Steer) -> TcpMode | None:
    """What can be said of the mode before there is an answer; ``None``: nothing."""
    if all(waits_on(side, offered, steer) for side in Side):
        return TcpMode.MERGE
    return TcpMode.RELAY if steer.mode is TcpMode.RELAY else None


def settle(offered: Setup, sent: Setup, answered: Setup, steer: Steer) -> Outlook:
    """The directions after the answer to ``sent``; ``SdpError`` 488 when it does not fit or calls nobody."""
    answerer = who_opens(sent, answered)
    if answerer is Opener.NOBODY:
        raise SdpError(488, "a=setup:holdconn cannot be served")
    told = _told(offered, answered, steer)
    offerer_calls = who_opens(offered, told) is Opener.OFFERER
    called = set[Side]()
    if answerer is Opener.OFFERER:
        called.add(steer.offerer.other)
    if not offerer_calls:
        called.add(steer.offerer)
    if not called:
        return Outlook(told, frozenset(), TcpMode.MERGE)
    mode = TcpMode.RELAY if steer.mode is TcpMode.RELAY and len(called) == 1 else TcpMode.PROXY
    return Outlook(told, frozenset(called), mode)


def _told(offered: Setup, answered: Setup, steer: Steer) -> Setup:
    """What the offerer reads; the answerer's own word as long as that fits the offer."""
    from_ue = steer.offerer is Side.ACCESS
    must_call = steer.merges or (steer.natted and from_ue)
    if must_call and offered is not Setup.PASSIVE:
        return Setup.PASSIVE
    if offered is Setup.ACTPASS or MIRRORED[offered] is answered:
        return answered
    return MIRRORED[offered]
