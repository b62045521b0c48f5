"""One call, two dialogs: how each network knows its parties (RFC 7092, RFC 3261 clause 12).

The call is led as if we were a proxy, under the names that the *caller's* network uses.  The other network
knows the same call by a Call-ID and tags of ours.  A tag of the callee is likewise known to the caller by one
of ours; forks have one each.
"""

from imsedge.alg.messages import M
from imsedge.alg.procedures import Side
from imsedge.core.ids import IdSource
from imsedge.sip.dialogs import Role
from imsedge.sip.fields import read_name_address
from imsedge.sip.grammar import Params
from imsedge.sip.message import SipRequest

MAX_TAGS = 32
"""Tags of one callee: a fork each, and what else a callee may make up."""


class Guise:
    """``caller``, ``callee``: From and To of the INVITE as seen on each side; that of the caller has its tag.

    ``call_id`` and ``caller_tag`` are the caller's own; ``hidden_id`` and ``hidden_tag`` stand for them on
    the other side.
    """

    def __init__(self, request: SipRequest, caller_side: Side, ids: IdSource) -> None:
        self.caller_side = caller_side
        self.call_id, self.hidden_id = request.call_id, ids.token(16)
        self.caller_tag, self.hidden_tag = request.from_.tag or "", ids.token(6)
        self.caller = {caller_side: request.required("From")}
        self.callee = {caller_side: request.required("To")}
        self._ids = ids
        self._shown: dict[str, str] = {}  # the callee's tag -> ours
        self._own: dict[str, str] = {}  # ours -> the callee's tag

    @property
    def callee_side(self) -> Side:
        return self.caller_side.other

    def sender_of(self, request: SipRequest) -> Role:
        """Of a request under the caller's names."""
        return Role.CALLER if (request.from_.tag or "") == self.caller_tag else Role.CALLEE

    def show_tag(self, own: str) -> str | None:
        """What the caller is told instead of a callee's tag; ``None`` when there are too many."""
        if own not in self._shown:
            if len(self._shown) >= MAX_TAGS:
                return None
            shown = self._ids.token(6)
            self._shown[own], self._own[shown] = shown, own
        return self._shown[own]

    def own_tag(self, shown: str) -> str:
        """The callee's own; a tag that we never gave stays as it is, and fits nothing."""
        return self._own.get(shown, shown)

    def from_callee(self, request: SipRequest) -> SipRequest:
        """A request that arrived where the callee is, under the caller's names."""
        theirs, to_us = request.from_.tag or "", request.to.tag
        headers = request.headers.replaced("Call-ID", self.call_id)
        headers = headers.replaced(
            "From", with_tag(request.required("From"), self._shown.get(theirs, theirs))
        )
        if to_us == self.hidden_tag:
            headers = headers.replaced("To", with_tag(request.required("To"), self.caller_tag))
        return request.with_headers(headers)


def with_tag(value: str, tag: str) -> str:
    """From or To with another tag, or with none."""
    party = read_name_address(value)
    params = party.params.put("tag", tag) if tag else party.params.without("tag")
    return f"{party.display} <{party.uri}>{Params(params)}".strip()


def with_dialog(message: M, *, call_id: str, from_: str, to: str) -> M:
    """The same message in another dialog."""
    headers = message.headers.replaced("Call-ID", call_id).replaced("From", from_).replaced("To", to)
    return message.with_headers(headers)
