"""Dialogs as a proxy in the middle sees them: enough to send requests of its own in both directions.

RFC 3261 clause 12 describes a dialog from one end.  A record-routing proxy knows both ends: each ``Party`` is
kept as the *other* end would address it.  When the gateway is lost, the controller releases the call with a
BYE to each party, written as if the other one had sent it.
"""

from enum import Enum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from imsedge.sip.errors import SipError
from imsedge.sip.fields import CSeq, read_name_address
from imsedge.sip.flow import Flow
from imsedge.sip.message import Headers, SipRequest, SipResponse
from imsedge.sip.routing import IsOurs
from imsedge.sip.uri import SipUri

TARGET_REFRESH = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})
"""Methods whose Contact moves the remote target (clause 12.2, RFC 3311, RFC 6665)."""


class Role(Enum):
    """Who sent the INVITE that made the dialog."""

    CALLER = "caller"
    CALLEE = "callee"

    @property
    def other(self) -> "Role":
        return Role.CALLEE if self is Role.CALLER else Role.CALLER


class DialogId(NamedTuple):
    """The same for both directions: tags by role, not by local and remote."""

    call_id: str
    caller_tag: str
    callee_tag: str

    @property
    def reversed(self) -> "DialogId":
        return DialogId(self.call_id, self.callee_tag, self.caller_tag)


def dialog_id(message: SipRequest | SipResponse) -> DialogId | None:
    """From the sender of the *request*: caller's if it is the caller (else look up ``reversed`` too).

    ``None`` while there is no To tag.
    """
    to_tag = message.to.tag
    if to_tag is None:
        return None
    return DialogId(message.call_id, message.from_.tag or "", to_tag)


class Party(Struct, frozen=True, kw_only=True):
    """One end.

    ``address``: its From or To value, tag included.
    ``target``: its Contact URI, where requests to it are aimed.
    ``route``: Route entries from us to it, nearest first.
    ``cseq``: the highest CSeq number that it sent; 0 before its first request.
    ``flow``: where it was last heard, the hop next to us; ``None`` when unknown.
    """

    address: str
    target: str
    route: tuple[str, ...] = ()
    cseq: int = 0
    flow: Flow | None = None


class Dialog(Struct, frozen=True, kw_only=True):
    """Both ends of one dialog.  ``confirmed`` once a 2xx to the INVITE was seen."""

    id: DialogId
    parties: dict[Role, Party]
    confirmed: bool = False

    @property
    def caller(self) -> Party:
        return self.parties[Role.CALLER]

    @property
    def callee(self) -> Party:
        return self.parties[Role.CALLEE]

    def sender_of(self, request: SipRequest) -> Role:
        """Who sent a request inside this dialog, told by its From tag."""
        return Role.CALLER if (request.from_.tag or "") == self.id.caller_tag else Role.CALLEE

    def after_request(self, request: SipRequest, flow: Flow | None = None) -> "Dialog":
        """Takes in CSeq, flow and, of a target refresh, the Contact.

        ``SipError`` 500 when the CSeq went back (clause 12.2.2); ACK and CANCEL repeat that of their INVITE.
        """
        role = self.sender_of(request)
        party = self.parties[role]
        number = request.cseq.number
        if request.method not in {"ACK", "CANCEL"}:
            if number < party.cseq:
                raise SipError(500, "CSeq went back", ("CSeq",), request=request)
            party = replace(party, cseq=number)
        if flow is not None:
            party = replace(party, flow=flow)
        return self._with(role, _retargeted(party, request, request.method))

    def after_response(self, response: SipResponse, sender: Role, flow: Flow | None = None) -> "Dialog":
        """Takes in flow and, of a 2xx, the Contact of the ``sender``; a 2xx to INVITE confirms the dialog."""
        party = self.parties[sender]
        if flow is not None:
            party = replace(party, flow=flow)
        if not 200 <= response.status < 300:
            return self._with(sender, party)
        dialog = self._with(sender, _retargeted(party, response, response.cseq.method))
        return replace(dialog, confirmed=self.confirmed or response.cseq.method == "INVITE")

    def request_to(
        self, role: Role, method: str, *, number: int | None = None
    ) -> tuple["Dialog", SipRequest]:
        """A request to ``role`` as if the other end had sent it, without Via; and the dialog after it.

        ``number``: the CSeq number of an ACK (that of its INVITE); otherwise the next one.
        """
        receiver, sender = self.parties[role], self.parties[role.other]
        used = sender.cseq + 1 if number is None else number
        fields = [
            ("Max-Forwards", "70"),
            *(("Route", entry) for entry in receiver.route),
            ("From", sender.address),
            ("To", receiver.address),
            ("Call-ID", self.id.call_id),
            ("CSeq", str(CSeq(used, method))),
        ]
        request = SipRequest(method=method, uri=receiver.target, headers=Headers(fields))
        return self._with(role.other, replace(sender, cseq=max(sender.cseq, used))), request

    def _with(self, role: Role, party: Party) -> "Dialog":
        return replace(self, parties={**self.parties, role: party})


def open_dialog(
    invite: SipRequest,
    response: SipResponse,
    is_ours: IsOurs,
    caller_flow: Flow | None = None,
    callee_flow: Flow | None = None,
) -> Dialog:
    """The dialog that a 1xx or 2xx with a To tag makes (clause 12.1).

    ``invite`` and ``response`` as they arrived here: the Record-Route of the INVITE leads back to the caller;
    that of the response, read from its top down to our own entry, leads to the callee in reverse.
    ``SipError`` 400 when the response has no To tag.
    """
    made = dialog_id(response)
    if made is None:
        raise SipError(400, "no To tag", ("To",))
    caller = Party(
        address=invite.required("From"),
        target=_contact(invite) or read_name_address(invite.required("From")).uri,
        route=invite.headers.all("Record-Route"),
        cseq=invite.cseq.number,
        flow=caller_flow,
    )
    callee = Party(
        address=response.required("To"),
        target=_contact(response) or invite.uri,
        route=tuple(reversed(_beyond_us(response, is_ours))),
        flow=callee_flow,
    )
    confirmed = 200 <= response.status < 300
    return Dialog(id=made, parties={Role.CALLER: caller, Role.CALLEE: callee}, confirmed=confirmed)


def _beyond_us(response: SipResponse, is_ours: IsOurs) -> list[str]:
    """Record-Route entries above the first that is ours; none when we are not in the list."""
    entries: list[str] = []
    for entry in response.headers.all("Record-Route"):
        uri = read_name_address(entry).parsed
        if isinstance(uri, SipUri) and is_ours(uri):
            return entries
        entries.append(entry)
    return []


def _contact(message: SipRequest | SipResponse) -> str | None:
    contact = message.contact
    return None if contact is None else contact.uri


def _retargeted(party: Party, message: SipRequest | SipResponse, method: str) -> Party:
    contact = _contact(message) if method in TARGET_REFRESH else None
    return party if contact is None else replace(party, target=contact)
