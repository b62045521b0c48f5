"""Audio and video at an RTP proxy: what it is asked, what leaves, and when it fails, as conversations."""

import pytest
from msgspec.structs import replace

from imsedge.alg.policy import Policy
from imsedge.alg.procedures import Side
from imsedge.alg.rtp import MAX_AGREED, ProxyTag, RtpMedia, is_rtp
from imsedge.ng.client import Answered, Ask
from imsedge.sdp.parser import read_description
from kit.border_talk import POLICY as BORDER
from kit.border_talk import BorderTalk
from kit.edge_bodies import OFFER, core_answer
from kit.edge_talk import EdgeTalk, sdp

PROXIED = Policy(rtp_proxy=True)
AUDIO, VIDEO = ("m=audio 4000 RTP/AVP 0", "a=sendrecv"), ("m=video 4002 UDP/TLS/RTP/SAVPF 99", "a=mid:v")
BOTH = sdp(*AUDIO, *VIDEO)
ANSWER = sdp("m=audio 5000 RTP/AVP 0", "a=sendrecv", "m=video 5002 UDP/TLS/RTP/SAVPF 99", host="10.9.9.9")
MIXED = OFFER + "".join(f"{line}\r\n" for line in AUDIO)
MIXED_ANSWER = core_answer() + "m=audio 5000 RTP/AVP 0\r\na=sendrecv\r\n"


def through_proxy(text: str, host: str = "192.0.2.99") -> str:
    """What a proxy makes of it: a session-level address of its own, ports far away."""
    lines = text.split("\r\n")
    lines = [f"c=IN IP4 {host}" if line.startswith("c=") else line for line in lines]
    return "\r\n".join(
        line.replace(" 4", " 31").replace(" 5", " 31") if line[:2] == "m=" else line for line in lines
    )


class ProxyTalk(EdgeTalk):
    """``asked``: the questions to the proxy; it answers at once, unless ``silent``, what is ``next``."""

    def __init__(self, policy: Policy = PROXIED, **others: object) -> None:
        self.asked: list[Ask] = []
        self.silent = False
        self.next: list[dict[str, object] | None] = []
        super().__init__(policy, **others)  # type: ignore[arg-type]

    def _perform(self, output: object) -> None:
        if not isinstance(output, Ask):
            super()._perform(output)  # type: ignore[arg-type]
            return
        self.asked.append(output)
        self.seen.append(f"proxy {output.question['command']}")
        if not self.silent:
            self._edge(self.reply_of(output))

    def reply_of(self, ask: Ask) -> Answered:
        if self.next:
            return Answered(ask.tag, self.next.pop(0))  # type: ignore[arg-type]
        return Answered(ask.tag, {"result": "ok", "sdp": through_proxy(str(ask.question.get("sdp", "")))})

    def proxy_answers(self) -> list[str]:
        """Now, to the last question."""
        self.silent = False
        return self.tell(self.reply_of(self.asked[-1]))


def test_at_a_border_audio_crosses_in_the_proxy_or_not_at_all() -> None:
    class Talk(ProxyTalk, BorderTalk):
        pass

    talk = Talk(replace(BORDER, rtp_proxy=True))
    assert talk.invite(BOTH) == ["proxy offer", "core INVITE"]
    assert media(talk, "core")[0] == ("IN IP4 192.0.2.99", "audio 31000 RTP/AVP 0")
    assert b"198.51.100.7" not in talk.octets("core")
    assert talk.answer(200, ANSWER) == ["proxy answer", "ue 200 INVITE"]
    assert b"10.9.9.9" not in talk.octets("ue")
    assert BorderTalk().invite(BOTH) == ["ue 488 INVITE"]


def media(talk: EdgeTalk, party: str) -> list[tuple[str, str]]:
    """Address and ``m=`` line of each medium in the last description that a party got."""
    message = next(m for m in reversed(talk.to[party]) if m.body)
    description = read_description(message.body.decode())
    return [(description.connection(one) or "", one.lines[0].value) for one in description.media]


def test_a_call_of_audio_and_video() -> None:
    talk = ProxyTalk()
    assert talk.invite(BOTH) == ["proxy offer", "core INVITE"]
    question = talk.asked[0].question
    assert question["sdp"] == BOTH
    assert (question["from-tag"], question.get("to-tag"), question.get("direction")) == ("access", None, None)
    assert media(talk, "core") == [
        ("IN IP4 192.0.2.99", "audio 31000 RTP/AVP 0"),
        ("IN IP4 192.0.2.99", "video 31002 UDP/TLS/RTP/SAVPF 99"),
    ]
    assert talk.answer(200, ANSWER) == ["proxy answer", "ue 200 INVITE"]
    question = talk.asked[1].question
    assert (question["from-tag"], question["to-tag"]) == ("access", "core")
    assert [place for place, _ in media(talk, "ue")] == ["IN IP4 192.0.2.99"] * 2
    talk.inside("ue", "ACK")
    assert talk.inside("ue", "BYE") == ["core BYE", "proxy delete"]
    assert talk.h248 == []
    assert {question["call-id"] for _, question in talk.asked} == {"call-1/1"}
    assert talk.edge.calls()[0].state == "ending"


def test_the_proxy_sees_audio_only_and_the_gateway_the_rest() -> None:
    talk = ProxyTalk()
    assert talk.invite(MIXED) == [
        "gw Reserve core",
        "gw Reserve And Configure access",
        "proxy offer",
        "core INVITE",
    ]
    assert "message" not in str(talk.asked[0].question["sdp"])
    assert media(talk, "core") == [
        ("IN IP4 10.0.0.1", "message 30000 TCP/MSRP *"),
        ("IN IP4 192.0.2.99", "audio 31000 RTP/AVP 0"),
    ]
    assert talk.answer(200, MIXED_ANSWER)[-2:] == ["proxy answer", "ue 200 INVITE"]
    assert media(talk, "ue")[0] == ("IN IP4 203.0.113.5", "message 30001 TCP/TLS/MSRP *")
    talk.inside("ue", "ACK")
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release", "proxy delete"]


def test_what_is_said_again_is_not_asked_again() -> None:
    talk = ProxyTalk()
    talk.invite(MIXED)
    talk.answer(183, MIXED_ANSWER)
    assert talk.answer(200, MIXED_ANSWER) == ["ue 200 INVITE"]
    assert media(talk, "ue")[1] == ("IN IP4 192.0.2.99", "audio 31000 RTP/AVP 0")
    talk.inside("ue", "ACK")
    again = MIXED.replace("o=- 1 1", "o=- 1 2")
    assert talk.inside("ue", "INVITE", again) == ["core INVITE"]
    assert media(talk, "core")[1] == ("IN IP4 192.0.2.99", "audio 31000 RTP/AVP 0")
    assert talk.answer(200, MIXED_ANSWER) == ["ue 200 INVITE"]
    talk.inside("ue", "ACK")
    held = again.replace("sendrecv", "sendonly")
    assert talk.inside("ue", "INVITE", held) == ["proxy offer", "core INVITE"]
    assert talk.answer(200, MIXED_ANSWER) == ["proxy answer", "ue 200 INVITE"]


@pytest.mark.parametrize("port", ["5000", "5020"])
def test_an_answer_that_is_out_of_date_is_not_passed_on_with_its_own_address(port: str) -> None:
    """What the proxy made of it is forgotten, and its receiver would ignore it (RFC 6337 clause 3.1.1)."""
    talk = ProxyTalk()
    talk.invite(BOTH, "Require: 100rel")
    reliable = [("Require", "100rel"), ("RSeq", "1")]
    talk.reply("core", 183, ANSWER, headers=reliable)
    talk.inside("ue", "PRACK", "", "RAck: 1 1 INVITE")
    talk.reply("core", 200, method="PRACK")
    talk.inside("ue", "UPDATE", BOTH.replace("4000", "4010"))
    talk.reply("core", 200, ANSWER.replace("5000", "5010"), method="UPDATE")
    talk.to["ue"].clear()
    talk.answer(200, ANSWER.replace("5000", port))
    assert [message.body for message in talk.to["ue"]] == [b""]


def test_previews_do_not_pile_up() -> None:
    """A callee may ring with another one each time."""
    media = RtpMedia(PROXIED, 1, "c")
    asked = media.begin(BOTH, Side.ACCESS, offers=True)
    for port in range(4000, 4000 + 10 * MAX_AGREED, 2):
        assert isinstance(asked, Ask)
        media.take(asked.tag, {"result": "ok", "sdp": asked.question["sdp"]})  # type: ignore[arg-type]
        asked = media.begin(ANSWER.replace("5000", str(port)), Side.CORE, offers=False)
    assert media.remembered <= MAX_AGREED


def test_an_offer_of_the_callee() -> None:
    talk = ProxyTalk()
    talk.invite(BOTH)
    talk.answer(200, ANSWER)
    talk.inside("ue", "ACK")
    assert talk.inside("core", "INVITE", ANSWER.replace("5000", "5100")) == ["proxy offer", "ue INVITE"]
    assert talk.asked[-1].question["from-tag"] == "core"
    assert talk.reply("ue", 200, BOTH, tag="b1", method="INVITE") == ["proxy answer", "core 200 INVITE"]
    assert talk.asked[-1].question["to-tag"] == "access"


def test_interfaces_are_told_by_direction() -> None:
    talk = ProxyTalk(Policy(rtp_proxy=True, rtp_interfaces={Side.ACCESS: "pub", Side.CORE: "priv"}))
    talk.invite(BOTH, party="core")
    assert talk.asked[0].question["direction"] == ["priv", "pub"]


def test_messages_wait_for_the_proxy() -> None:
    talk = ProxyTalk()
    talk.silent = True
    assert talk.invite(BOTH) == ["proxy offer"]
    assert talk.cancel() == ["ue 200 CANCEL", "proxy delete", "ue 487 INVITE"]
    assert talk.proxy_answers() == []
    assert talk.edge.handle(Answered("of somebody else", None), 0.0) == []
    assert talk.edge.handle(Answered(ProxyTag(99, 1), None), 0.0) == []


FAILURES: dict[str, dict[str, object] | None] = {
    "silence": None,
    "no": {"result": "error", "error-reason": "full"},
    "nothing": {"result": "ok"},
    "nonsense": {"result": "ok", "sdp": "hello"},
    "less": {"result": "ok", "sdp": sdp("m=audio 1 RTP/AVP 0")},
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
def test_a_proxy_that_fails_the_offer_has_it_refused(answer: dict[str, object] | None) -> None:
    talk = ProxyTalk()
    talk.next = [answer]
    both = BOTH + "m=message 7654 TCP/TLS/MSRP *\r\n" + OFFER.partition("m=message")[2].partition("\r\n")[2]
    assert talk.invite(both)[-2:] == ["ue 503 INVITE", "proxy delete"]
    assert talk.real.is_empty()


def test_a_proxy_that_fails_a_further_offer_leaves_the_call_alone() -> None:
    talk = ProxyTalk()
    talk.invite(MIXED)
    talk.answer(200, MIXED_ANSWER)
    talk.inside("ue", "ACK")
    talk.next = [None]
    assert talk.inside("ue", "INVITE", MIXED.replace("4000", "4100"))[-1] == "ue 503 INVITE"
    assert talk.inside("ue", "INVITE", MIXED.replace("4000", "4200"))[-1] == "core INVITE"
    assert talk.answer(200, MIXED_ANSWER)[-1] == "ue 200 INVITE"


def test_a_proxy_that_fails_the_answer_ends_the_call() -> None:
    talk = ProxyTalk()
    talk.invite(MIXED)
    talk.next = [None]
    assert talk.answer(200, MIXED_ANSWER)[-3:] == ["ue 503 INVITE", "core ACK", "core BYE"]
    assert talk.real.is_empty()


def test_without_a_proxy_nobody_is_asked() -> None:
    talk = ProxyTalk(Policy())
    assert talk.invite(BOTH) == ["core INVITE"]
    assert talk.to["core"][-1].body == BOTH.encode()


@pytest.mark.parametrize("body", [OFFER, sdp("m=audio 0 RTP/AVP 0"), sdp("m=text 4000 TCP/RTT t140")])
def test_where_there_is_no_audio_nobody_is_asked(body: str) -> None:
    talk = ProxyTalk()
    talk.invite(body)
    assert talk.asked == []


def test_a_description_that_nobody_can_read_passes_as_an_answer_to_one_that_is_not_ours() -> None:
    talk = ProxyTalk()
    talk.invite(sdp("m=text 4000 UDP x"))
    assert talk.answer(200, "hello") == ["ue 200 INVITE"]


@pytest.mark.parametrize(
    ("proto", "yes"), [("RTP/AVP", True), ("UDP/TLS/RTP/SAVPF", True), ("TCP/MSRP", False)]
)
def test_what_rtp_carries(proto: str, yes: bool) -> None:
    (one,) = read_description(sdp(f"m=audio 1 {proto} 0")).media
    assert is_rtp(one) is yes
