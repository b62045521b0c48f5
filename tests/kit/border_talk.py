"""Conversations with a border of two networks: both sides have dialogs of their own with it.

    talk = BorderTalk()
    assert talk.invite(OFFER) == ["gw Reserve core", "core INVITE"]

``ue`` is the border of the other network, ``core`` our own; each knows only what it was told.
"""

from typing import Any

from imsedge.alg.border import Border
from imsedge.alg.nat import Traversal
from imsedge.alg.policy import Anchoring, Policy, Profile
from imsedge.alg.settings import BorderSettings
from imsedge.core.ids import CountingIds
from imsedge.sip.message import SipRequest, SipResponse
from imsedge.sip.writer import write_message
from kit.edge_talk import UE, EdgeTalk, settings

POLICY = Policy(
    profile=Profile.IX, anchoring=Anchoring.ALWAYS, anchoring_udp=Anchoring.ALWAYS, nat=Traversal.NEVER
)


class BorderTalk(EdgeTalk):
    """``border`` overrides ``BorderSettings``."""

    def __init__(self, policy: Policy = POLICY, *, gateway: bool = True, **border: Any) -> None:
        super().__init__(policy, gateway=False, register=False)
        known = BorderSettings(**{"next_hop": UE, **border})
        self.machine = self.border = Border(settings(policy, border=known), CountingIds())
        if gateway:
            self.gateway_up()
        self.seen.clear()

    def inside(
        self, party: str, method: str, body: str = "", *extra: str, cseq: int | None = None
    ) -> list[str]:
        """A request in the dialog that ``party`` has with us."""
        return self.send(party, self.dialog_request(party, method, body, *extra, cseq=cseq))

    def dialog_request(
        self, party: str, method: str, body: str = "", *extra: str, cseq: int | None = None
    ) -> SipRequest:
        """The request itself."""
        known: SipRequest | SipResponse
        invited = [m for m in self.to[party] if isinstance(m, SipRequest) and m.method == "INVITE"]
        if invited and invited[0].to.tag is None:  # the first one made the dialog: this is the callee
            known = invited[0]
            names = (f"{known.required('To')};tag=b1", known.required("From"))
            routes = known.headers.all("Record-Route")
        else:
            known = next(m for m in self.to[party] if isinstance(m, SipResponse) and m.to.tag)
            names = (known.required("From"), known.required("To"))
            routes = tuple(reversed(known.headers.all("Record-Route")))
        contact = known.contact
        assert contact is not None
        made = self.request(party, method, body, *extra, uri=contact.uri, routes=routes, cseq=cseq)
        headers = made.headers.replaced("From", names[0]).replaced("To", names[1])
        return made.with_headers(headers.replaced("Call-ID", known.call_id))

    def call(self, offer: str, answer: str) -> None:
        """From INVITE to ACK."""
        self.invite(offer)
        self.answer(200, answer)
        self.inside("ue", "ACK")

    def invite(self, body: str = "", *extra: str, party: str = "ue") -> list[str]:
        """The first request of a call."""
        return self.send(party, self.request(party, "INVITE", body, *extra, uri="sip:bob@home.example"))

    def octets(self, party: str) -> bytes:
        """All that left towards ``party``."""
        return b"\n".join(write_message(message) for message in self.to[party])
