"""The SIP side of a call: its dialogs, and the requests that were sent on in them.

Roles (caller, callee) are of the call, sides (access, core) of the network; the caller may be on either.
"""

from typing import NamedTuple

from msgspec.structs import replace

from imsedge.alg.messages import with_reason
from imsedge.alg.outputs import Log, Output
from imsedge.alg.procedures import Side
from imsedge.alg.router import Routed, Router
from imsedge.sip.dialogs import Dialog, Role, open_dialog
from imsedge.sip.errors import SipError
from imsedge.sip.events import ClientKey, ServerKey
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import SipRequest, SipResponse
from imsedge.sip.offer_answer import Negotiation

MAX_FORKS = 16
"""Early dialogs of one INVITE; proxies fork to the contacts of one user."""

MAX_FINISHED = 8
"""Answered INVITEs of one call whose 2xx may come again; each is repeated for 32 s at most."""


class Relay(NamedTuple):
    """A request on its way.

    ``server``: ``None`` when nobody waits for its response, because it is ours or we have answered it.
    ``tag``: the callee's tag of its dialog, empty for the INVITE that makes the call.
    """

    server: ServerKey | None
    received: SipRequest
    sender: Role
    tag: str


class Leg:
    """One dialog of the call.

    ``passed``: the 2xx that confirms it went on to the caller.  ``closed``: we have sent BYE.
    """

    __slots__ = ("closed", "dialog", "negotiation", "passed")

    def __init__(self, dialog: Dialog, negotiation: Negotiation) -> None:
        self.dialog = dialog
        self.negotiation = negotiation
        self.passed = False
        self.closed = False

    @property
    def tag(self) -> str:
        """The callee's tag, which names the dialog within the call."""
        return self.dialog.id.callee_tag


class Arrived(NamedTuple):
    """A request inside the call that has been read: from whom, in which dialog (``None``: it makes them)."""

    key: ServerKey
    request: SipRequest
    routed: Routed
    sender: Role
    leg: Leg | None
    now: float

    @property
    def tag(self) -> str:
        return self.leg.tag if self.leg is not None else ""

    @property
    def relay(self) -> Relay:
        return Relay(self.key, self.request, self.sender, self.tag)


class Legs:
    """``side`` is where the caller is; ``invite`` its INVITE, which came over ``flow``.

    ``relays``: what was sent on, by its client transaction; ``pending``: those whose final response was not
    passed on; ``answered``: those of them where it has come and waits for the gateway.
    ``first``: the INVITE itself, once it was sent on.  ``negotiation``: what every new dialog starts from.
    """

    def __init__(self, side: Side, router: Router, invite: SipRequest, flow: Flow) -> None:
        self.side = side
        self.invite = invite
        self.relays: dict[ClientKey, Relay] = {}
        self.pending: set[ClientKey] = set()
        self.answered: set[ClientKey] = set()
        self.first: ClientKey | None = None
        self.negotiation = Negotiation()
        self._router = router
        self._flow = flow
        self._by_tag: dict[str, Leg] = {}
        self._recorded = 0  # Record-Route entries of the INVITE as it was sent on

    def side_of(self, role: Role) -> Side:
        """Where that party is."""
        return self.side if role is Role.CALLER else self.side.other

    def all(self) -> list[Leg]:
        """Every dialog, oldest first."""
        return list(self._by_tag.values())

    def any_passed(self) -> bool:
        """Whether a dialog is confirmed on both sides."""
        return any(leg.passed for leg in self._by_tag.values())

    def find(self, request: SipRequest, flow: Flow) -> tuple[Role, Leg | None]:
        """Who sent a request inside the call, and in which dialog."""
        sender = Role.CALLER if self._router.side_of(flow) is self.side else Role.CALLEE
        tag = request.to.tag if sender is Role.CALLER else request.from_.tag
        return sender, self._by_tag.get(tag or "")

    def remove(self, leg: Leg) -> None:
        """The dialog has ended."""
        self._by_tag.pop(leg.tag, None)

    def request_seen(self, leg: Leg, request: SipRequest, sender: Role, flow: Flow) -> Dialog:
        """The dialog after a request in it; ``SipError`` when it does not fit."""
        return leg.dialog.after_request(request, self._kept(flow, sender))

    def response_seen(self, relay: Relay, response: SipResponse, flow: Flow | None) -> Leg | None:
        """The dialog of a response, brought up to date; a new To tag to the INVITE makes a new one."""
        leg = self._by_tag.get(relay.tag) if relay.tag else self._opened(response, flow)
        if leg is not None:
            sender = relay.sender.other
            leg.dialog = leg.dialog.after_response(response, sender, self._kept(flow, sender))
        return leg

    def route(self, leg: Leg, request: SipRequest, sender: Role) -> Routed:
        """A request of ``sender`` on its way to the other end."""
        receiver = sender.other
        return self._router.inside(request, leg.dialog.parties[receiver], self.side_of(receiver))

    def send_on(self, relay: Relay, routed: Routed) -> list[Output]:
        """Send a request and remember whose it is."""
        sent = self._router.send(routed)
        key = client_key(sent.request)
        self.relays[key] = relay
        self.pending.add(key)
        if self.first is None:
            self.first = key
            self._recorded = len(sent.request.headers.all("Record-Route"))
        return [sent]

    def finished(self, key: ClientKey) -> None:
        """The final response is through.  Only a 2xx to INVITE may come again."""
        self.pending.discard(key)
        self.answered.discard(key)
        if key.method != "INVITE":
            self.relays.pop(key, None)
        done = [other for other in self.relays if other not in self.pending]
        for old in done[:-MAX_FINISHED]:
            del self.relays[old]

    def hang_up(self, leg: Leg, status: int, reason: str) -> list[Output]:
        """BYE both ways; to the callee alone, after an ACK, when the caller never heard of its 2xx."""
        if not leg.dialog.confirmed:
            return []
        outputs = [] if leg.passed else self._originate(leg, Role.CALLEE, "ACK", status, reason)
        if leg.closed:
            return outputs
        leg.closed = True
        for role in (Role.CALLER, Role.CALLEE) if leg.passed else (Role.CALLEE,):
            outputs += self._originate(leg, role, "BYE", status, reason)
        return outputs

    def _originate(self, leg: Leg, receiver: Role, method: str, status: int, reason: str) -> list[Output]:
        number = self.invite.cseq.number if method == "ACK" else None
        leg.dialog, request = leg.dialog.request_to(receiver, method, number=number)
        try:
            routed = self._router.along(request, leg.dialog.parties[receiver], self.side_of(receiver))
        except SipError as error:
            return [Log(f"no {method} to the {receiver.value}: {error}", self.invite.call_id)]
        if method == "ACK":
            return [self._router.send(routed)]
        routed = routed._replace(request=with_reason(routed.request, status, reason))
        return self.send_on(Relay(None, request, receiver.other, leg.tag), routed)

    def _opened(self, response: SipResponse, flow: Flow | None) -> Leg | None:
        tag = response.to.tag
        if tag is None or response.status >= 300 or flow is None:
            return None
        if tag not in self._by_tag and (len(self._by_tag) < MAX_FORKS or response.status >= 200):
            caller, callee = self._kept(self._flow, Role.CALLER), self._kept(flow, Role.CALLEE)
            dialog = open_dialog(self.invite, response, self._router.is_ours, caller, callee)
            self._by_tag[tag] = Leg(self._routed(dialog, response), self.negotiation)
        return self._by_tag.get(tag)

    def _routed(self, dialog: Dialog, response: SipResponse) -> Dialog:
        """With the route to the callee: what was recorded above the entries that left with the INVITE.

        Our own entry alone does not tell: a call between two UEs of ours has us in it twice.
        """
        entries = response.headers.all("Record-Route")
        beyond = entries[: max(0, len(entries) - self._recorded)]
        callee = replace(dialog.callee, route=tuple(reversed(beyond)))
        return replace(dialog, parties={**dialog.parties, Role.CALLEE: callee})

    def _kept(self, flow: Flow | None, role: Role) -> Flow | None:
        """User equipment is reached over its flow only; the core by its addresses."""
        return flow if self.side_of(role) is Side.ACCESS else None
