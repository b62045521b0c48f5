"""SIPp scenarios of a phone and of a core that know nothing of us."""

from imsedge.core.address import TransportAddress
from kit.sipp import expect, expect_request, pause, send

_COPIED = """
    [last_Via:]
    [last_Record-Route:]
    [last_From:]
    [last_To:];tag=[call_number]
    [last_Call-ID:]
    [last_CSeq:]"""
_FROM_CALLER = """
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:caller@home.test>;tag=[pid][call_number]"""


def registers(contact_user: str = "alice") -> list[str]:
    """A phone that registers, offering every media mechanism the way an operator's equipment does."""
    return [
        send(
            f"""
            REGISTER sip:home.test SIP/2.0
            Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
            From: <sip:{contact_user}@home.test>;tag=[pid]
            To: <sip:{contact_user}@home.test>
            Call-ID: [call_id]
            CSeq: 1 REGISTER
            Contact: <sip:{contact_user}@[local_ip]:[local_port]>
            Max-Forwards: 70
            Expires: 3600
            Require: mediasec
            Proxy-Require: mediasec
            Security-Client: sdes-srtp;mediasec, msrp-tls;mediasec
            Security-Client: bfcp-tls;mediasec, udptl-dtls;mediasec
            Content-Length: 0
            """
        ),
        expect(200),
    ]


def registers_again(tries: list[tuple[str, ...]], status: int, cseq: int = 1) -> list[str]:
    """A phone that registers once for each of ``tries``, with these fields, and gets ``status``."""
    steps = []
    for number, fields in enumerate(tries, cseq):
        lines = "\n".join(fields)
        steps += [
            send(
                f"""
                REGISTER sip:home.test SIP/2.0
                Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
                From: <sip:alice@home.test>;tag=[pid]
                To: <sip:alice@home.test>
                Call-ID: [call_id]
                CSeq: {number} REGISTER
                Contact: <sip:alice@[local_ip]:[local_port]>
                Max-Forwards: 70
                {lines}
                Content-Length: 0
                """
            ),
            expect(status),
        ]
    return steps


def challenges(field: str, status: int) -> list[str]:
    """A registrar that answers the next REGISTER with this status and field."""
    return [
        expect_request("REGISTER"),
        send(
            f"""
            SIP/2.0 {status} Judged{_COPIED}
            [last_Contact:]
            {field}
            Content-Length: 0
            """
        ),
    ]


def registrar() -> list[str]:
    """A registrar that binds everybody for an hour."""
    return [
        expect_request("REGISTER"),
        send(
            f"""
            SIP/2.0 200 OK{_COPIED}
            [last_Contact:];expires=3600
            Content-Length: 0
            """
        ),
    ]


def calls(target: str, sdp: str, *, routes: str = "", talk_ms: int = 0) -> list[str]:
    """INVITE, wait for 200, ACK, talk, BYE; the talk lasts until ``hang_up`` unless its time is given."""
    return [
        send(
            f"""
            INVITE {target} SIP/2.0{_FROM_CALLER}
            To: <{target}>
            Call-ID: [call_id]
            CSeq: 1 INVITE
            Contact: <sip:caller@[local_ip]:[local_port]>
            Max-Forwards: 70{routes}
            Content-Type: application/sdp
            Content-Length: [len]

            {sdp}
            """,
            retrans="500",
        ),
        expect(100, optional=True),
        expect(180, optional=True),
        expect(200, rrs="true"),
        send(
            f"""
            ACK [next_url] SIP/2.0{_FROM_CALLER}
            [routes]
            [last_To:]
            Call-ID: [call_id]
            CSeq: 1 ACK
            Max-Forwards: 70
            Content-Length: 0
            """
        ),
        pause(talk_ms) if talk_ms else expect_request("INFO"),
        send(
            f"""
            BYE [next_url] SIP/2.0{_FROM_CALLER}
            [routes]
            [last_To:]
            Call-ID: [call_id]
            CSeq: 2 BYE
            Max-Forwards: 70
            Content-Length: 0
            """,
            retrans="500",
        ),
        expect(200),
    ]


def hang_up(call_id: str, callee: str, caller: TransportAddress) -> bytes:
    """What makes the caller end its call: SIPp takes it for one of the call by its Call-ID.

    ``callee``: the To of its answer, which SIPp then copies into the BYE.
    """
    lines = (
        f"INFO sip:caller@{caller} SIP/2.0",
        f"Via: SIP/2.0/UDP {caller.host}:9;branch=z9hG4bK-hang-up",
        "From: <sip:test@home.test>;tag=1",
        f"To: {callee}",
        f"Call-ID: {call_id}",
        "CSeq: 7 INFO",
        "Content-Length: 0",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def answers(sdp: str) -> list[str]:
    """Takes a call with that description and waits for its end."""
    return [
        expect_request("INVITE"),
        send(
            f"""
            SIP/2.0 200 OK{_COPIED}
            Contact: <sip:callee@[local_ip]:[local_port]>
            Content-Type: application/sdp
            Content-Length: [len]

            {sdp}
            """,
            retrans="500",
        ),
        expect_request("ACK"),
        expect_request("BYE"),
        send(
            """
            SIP/2.0 200 OK
            [last_Via:]
            [last_From:]
            [last_To:]
            [last_Call-ID:]
            [last_CSeq:]
            Content-Length: 0
            """
        ),
    ]
