"""Conversations with the controller's edge: SIP in, SIP and H.248 out, on a virtual clock.

    talk = EdgeTalk()
    assert talk.invite(OFFER) == ["gw Reserve core", "gw Reserve And Configure access", "core INVITE"]
    assert talk.answer(200, ANSWER) == ["gw Configure core", "gw Configure access", "ue 200 INVITE"]

Behind the edge stand the real transaction layer and the real gateway (with a fake media plane): what the
controller says must be understood by both.  Each step returns what left the controller, in order.
"""

from typing import Any

from imsedge.alg.border import Border
from imsedge.alg.edge import Edge, EdgeInput
from imsedge.alg.outputs import Log, Output, Tag
from imsedge.alg.planner import Result
from imsedge.alg.policy import Policy
from imsedge.alg.procedures import Configure, Reserve
from imsedge.alg.settings import EdgeSettings
from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds
from imsedge.core.machine import Tick
from imsedge.h248.association.events import GatewayUp, RequestTo
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.model import ActionReply, ActionRequest, IpMid, Message, Mid, TransactionRequest
from imsedge.h248.transactions import Failure, ReplyArrived, RequestArrived, RequestFailed, SendReply
from imsedge.ng.client import Ask
from imsedge.sip import events as sip
from imsedge.sip.bodies import SDP
from imsedge.sip.flow import Flow
from imsedge.sip.message import Headers, SipMessage, SipRequest, SipResponse, make_response
from imsedge.sip.parser import read_message
from imsedge.sip.transactions import TransactionLayer
from imsedge.sip.writer import write_message
from kit.gateway_talk import GatewayTalk

UE = TransportAddress("198.51.100.7", 5062)
ACCESS = TransportAddress("203.0.113.1", 5060)
CORE_SIDE = TransportAddress("10.0.0.1", 5070)
CORE = TransportAddress("10.9.9.9", 5080)
GATEWAY: Mid = IpMid("10.0.0.9", 2944)

FINGERPRINT = "SHA-256 " + ":".join(["11"] * 32)
ADDRESSES = {"ue": UE, "core": CORE}
CONTACTS = {"ue": f"sip:alice@{UE}", "core": f"sip:bob@{CORE}"}


def sdp(*lines: str, host: str = "198.51.100.7") -> str:
    """A description whose ``m=`` sections are ``lines``."""
    head = ("v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0")
    return "".join(f"{line}\r\n" for line in (*head, *lines))


def settings(policy: Policy | None = None, **others: Any) -> EdgeSettings:
    """As in ``spec`` section 12: two sides, one next hop."""
    values: dict[str, Any] = {"access": ACCESS, "core": CORE_SIDE, "next_hop": CORE} | others
    return EdgeSettings(policy=policy or Policy(), **values)


class EdgeTalk:
    """``to``: what each party has received.  ``h248``: the actions ordered.  ``logs``: the log."""

    def __init__(
        self, policy: Policy | None = None, *, gateway: bool = True, register: bool = True, **others: Any
    ) -> None:
        self.edge = Edge(settings(policy, **others), CountingIds())
        self.machine: Edge | Border = self.edge
        self.layer = TransactionLayer()
        self.real = GatewayTalk()
        self.now = 0.0
        self.to: dict[str, list[SipMessage]] = {"ue": [], "core": []}
        self.h248: list[ActionRequest] = []
        self.replies: list[SendReply] = []
        self.logs: list[str] = []
        self.seen: list[str] = []
        self.answers: list[Result | str] = []  # what the gateway says next; "hold": wait, else the real one
        self.held: list[RequestTo] = []
        self._branches = 0
        self._cseq = {"ue": 0, "core": 0}
        if gateway:
            self.gateway_up()
        if register:
            self.register()
        self.seen.clear()

    # --- the parties ------------------------------------------------------------------------------------

    def send(self, party: str, message: SipMessage) -> list[str]:
        """``message`` arrives from ``party``; what left because of it."""
        return self.hear(party, write_message(message))

    def hear(self, party: str, octets: bytes) -> list[str]:
        """Any octets arrive from ``party``."""
        self.seen.clear()
        local = ACCESS if party == "ue" else CORE_SIDE
        self._layer(sip.Received(octets, Flow("udp", ADDRESSES[party], local)))
        return list(self.seen)

    def request(
        self,
        party: str,
        method: str,
        body: str = "",
        *extra: str,
        uri: str = "",
        tags: tuple[str, str] = ("a1", ""),
        routes: tuple[str, ...] = (),
        cseq: int | None = None,
    ) -> SipRequest:
        """A request of ``party``; ``tags``: its own and the other's."""
        self._branches += 1
        if method not in {"ACK", "CANCEL"}:
            self._cseq[party] += 1
        number = self._cseq[party] if cseq is None else cseq
        other = "core" if (party == "ue") is (method != "REGISTER") else "ue"  # who registers is its own To
        names = {"ue": "sip:alice@home.example", "core": "sip:bob@home.example"}
        to = f"<{names[other]}>" + (f";tag={tags[1]}" if tags[1] else "")
        fields = [
            ("Via", f"SIP/2.0/UDP {ADDRESSES[party]};branch=z9hG4bK{party}{self._branches}"),
            ("Max-Forwards", "70"),
            *(("Route", route) for route in routes),
            ("From", f"<{names[party]}>;tag={tags[0]}"),
            ("To", to),
            ("Call-ID", "call-1"),
            ("CSeq", f"{number} {method}"),
            ("Contact", f"<{CONTACTS[party]}>"),
            *((name, value.strip()) for name, _, value in (line.partition(":") for line in extra)),
            *([("Content-Type", SDP)] if body else []),
        ]
        target = uri or names[other]
        return SipRequest(method=method, uri=target, headers=Headers(fields), body=body.encode())

    def register(self, *client: str, expires: int = 3600) -> list[str]:
        """The UE registers, announcing ``client`` (default: msrp-tls), and the registrar accepts."""
        announced = client or ("Security-Client: msrp-tls;mediasec",)
        fields = (*announced, f"Expires: {expires}")
        self.send("ue", self.request("ue", "REGISTER", "", *fields, uri="sip:home.example"))
        contact = [("Contact", f"<{CONTACTS['ue']}>;expires={expires}")] if expires else []
        return self.reply("core", 200, headers=contact, tag="reg")

    def invite(self, body: str = "", *extra: str, party: str = "ue") -> list[str]:
        """The first request of a call."""
        uri = "" if party == "ue" else CONTACTS["ue"]
        return self.send(
            party, self.request(party, "INVITE", body, *extra, uri=uri, routes=self._path(party))
        )

    def reply(
        self,
        party: str,
        status: int,
        body: str = "",
        *,
        headers: list[tuple[str, str]] | None = None,
        tag: str = "b1",
        method: str = "",
    ) -> list[str]:
        """``party`` answers the last request (of ``method``) that it received."""
        request = self.last(party, SipRequest, method)
        fields = [*(headers or []), *([("Content-Type", SDP)] if body else [])]
        if request.method == "INVITE" and 100 < status < 300:
            fields.append(("Contact", f"<{CONTACTS[party]}>"))
        return self.send(
            party, make_response(request, status, to_tag=tag, headers=fields, body=body.encode())
        )

    def answer(self, status: int, body: str = "", **others: Any) -> list[str]:
        """Whoever was called answers the INVITE."""
        party = "core" if self._has_invite("core") else "ue"
        return self.reply(party, status, body, method="INVITE", **others)

    def inside(
        self, party: str, method: str, body: str = "", *extra: str, cseq: int | None = None
    ) -> list[str]:
        """A request in the dialog that the INVITE made, along its route set."""
        caller = "ue" if self._has_invite("core") else "core"
        other = "core" if party == "ue" else "ue"
        tags = ("a1", "b1") if party == caller else ("b1", "a1")
        if party == caller:
            routes = tuple(reversed(self.last(party, SipResponse, "INVITE").headers.all("Record-Route")))
        else:
            routes = self.last(party, SipRequest, "INVITE").headers.all("Record-Route")
        request = self.request(
            party, method, body, *extra, uri=CONTACTS[other], tags=tags, routes=routes, cseq=cseq
        )
        return self.send(party, request)

    def cancel(self, party: str = "ue") -> list[str]:
        """The caller cancels its INVITE."""
        invite = self._sent_invite
        fields = [
            (name, value)
            for name, value in invite.headers
            if name in {"Via", "From", "To", "Call-ID", "Max-Forwards", "Route"}
        ]
        fields.append(("CSeq", f"{invite.cseq.number} CANCEL"))
        return self.send(party, SipRequest(method="CANCEL", uri=invite.uri, headers=Headers(fields)))

    def last(self, party: str, kind: type, method: str = "") -> Any:
        """The last message of that kind that ``party`` received."""
        return next(
            message
            for message in reversed(self.to[party])
            if isinstance(message, kind) and method in ("", message.cseq.method)
        )

    def body(self, party: str) -> list[str]:
        """The lines of the last description that ``party`` received."""
        return self.to[party][-1].body.decode().split("\r\n")[:-1]

    # --- the gateway ------------------------------------------------------------------------------------

    def gateway_up(self, *, kept: bool = False) -> list[str]:
        """It registers."""
        return self.tell(GatewayUp(GATEWAY, TransportAddress("10.0.0.9", 2944), 2, None, kept, "Restart", ""))

    def tell(self, event: EdgeInput) -> list[str]:
        """Any input; what left because of it."""
        self.seen.clear()
        self._edge(event)
        return list(self.seen)

    def notify(self, action: ActionRequest) -> list[str]:
        """The gateway reports something."""
        request = TransactionRequest(77, (action,))
        return self.tell(RequestArrived(77, request, TransportAddress("10.0.0.9", 2944), 2, GATEWAY))

    def reply_to_notify(self) -> ActionReply:
        """What the edge answered to the last report."""
        result = self.replies[-1].result
        assert isinstance(result, tuple)
        return result[0]

    def release_held(self, result: Result | None = None) -> list[str]:
        """The gateway answers what it was made to ``hold``."""
        self.seen.clear()
        order = self.held.pop(0)
        self._gateway_answers(order, result if result is not None else self.real_result(order))
        return list(self.seen)

    def real_result(self, order: RequestTo) -> Result:
        """What the real gateway makes of it, after a way through the codec."""
        octets = encode(Message(2, GATEWAY, (TransactionRequest(7, order.actions),)), Encoding.COMPACT)
        body = decode(octets).body
        assert isinstance(body, tuple)
        assert isinstance(body[0], TransactionRequest)
        return self.real.answers[self.real.execute(body[0])]

    def until(self, end: float) -> list[str]:
        """Let time pass."""
        self.seen.clear()
        while (when := min(self.machine.deadline, self.layer.deadline)) <= end:
            self.now = when
            if self.machine.deadline <= when:
                self._edge(Tick())
            else:
                self._layer(Tick())
        self.now = end
        return list(self.seen)

    # --- inside -------------------------------------------------------------------------------------------

    def _path(self, party: str) -> tuple[str, ...]:
        if party == "ue":
            return ()
        registers = [m for m in self.to["core"] if isinstance(m, SipRequest) and m.method == "REGISTER"]
        return registers[-1].headers.all("Path") if registers else ()

    def _has_invite(self, party: str) -> bool:
        return any(isinstance(m, SipRequest) and m.method == "INVITE" for m in self.to[party])

    def _layer(self, event: sip.Input | Tick) -> None:
        for output in self.layer.handle(event, self.now):
            if isinstance(output, sip.Transmit):
                self._transmit(output)
            elif isinstance(output, sip.Note | sip.StrayResponse):
                self.logs.append(str(output))
            else:
                if isinstance(output, sip.RequestArrived) and output.request.method == "INVITE":
                    self._sent_invite = output.request
                self._edge(output)

    def _transmit(self, output: sip.Transmit) -> None:
        message = read_message(output.data)
        party = "ue" if output.flow.remote.host == UE.host else "core"
        self.to[party].append(message)
        if isinstance(message, SipRequest):
            self.seen.append(f"{party} {message.method}")
        elif message.status != 100:
            self.seen.append(f"{party} {message.status} {message.cseq.method}")

    def _edge(self, event: EdgeInput) -> None:
        for output in self.machine.handle(event, self.now):
            self._perform(output)

    def _perform(self, output: Output) -> None:
        match output:
            case RequestTo():
                self._order(output)
            case SendReply():
                self.replies.append(output)
                self.seen.append("gw reply")
            case Log():
                self.logs.append(output.text)
            case Ask():
                raise AssertionError("there is no RTP proxy here")
            case _:
                self._layer(output)

    def _order(self, order: RequestTo) -> None:
        self.h248.extend(order.actions)
        self.seen.append(f"gw {_name(order)}")
        answer = self.answers.pop(0) if self.answers else "real"
        if answer == "hold":
            self.held.append(order)
        else:
            self._gateway_answers(order, self.real_result(order) if answer == "real" else answer)  # type: ignore[arg-type]

    def _gateway_answers(self, order: RequestTo, result: Result) -> None:
        peer = TransportAddress("10.0.0.9", 2944)
        if result is None:
            self._edge(RequestFailed(order.tag, 1, Failure.TIMED_OUT, peer))
        else:
            self._edge(ReplyArrived(order.tag, 1, result, peer, 2, GATEWAY))


def _name(order: RequestTo) -> str:
    tag = order.tag
    procedure = tag.procedure if isinstance(tag, Tag) else None
    if isinstance(procedure, Reserve):
        configured = any(stream.remote for stream in procedure.streams)
        return f"{'Reserve And Configure' if configured else 'Reserve'} {procedure.side.value}"
    if isinstance(procedure, Configure):
        return f"Configure {procedure.side.value}"
    return "Release" if procedure is not None else "Subtract all"
