"""The two figures of TR 29.828 clause 5.2.1.2 as conversations, and what crosses the four SDP hops."""

import pytest

from imsedge.alg.policy import Policy
from imsedge.security.fingerprint import fingerprint_of
from kit.edge_bodies import CORE_OFFER, OFFER, core_answer, ue_answer
from kit.edge_talk import EdgeTalk
from kit.gateway_talk import CERTIFICATE, asked, shown_request

OWN = f"a=fingerprint:{fingerprint_of(CERTIFICATE)}"
UE_PRINT = "a=fingerprint:sha-256 " + ":".join(["11"] * 32)

ORIGINATING = ["gw Reserve core", "gw Reserve And Configure access", "core INVITE"]
TERMINATING = ["gw Reserve access", "gw Reserve And Configure core", "ue INVITE"]


@pytest.mark.parametrize("setup", ["active", "passive"])
def test_originating_call_from_invite_to_bye(setup: str) -> None:
    talk = EdgeTalk()
    assert talk.invite(OFFER) == ORIGINATING
    assert talk.answer(180) == ["ue 180 INVITE"]
    assert talk.answer(200, core_answer(setup)) == [
        "gw Configure core",
        "gw Configure access",
        "ue 200 INVITE",
    ]
    assert talk.inside("ue", "ACK") == ["core ACK"]
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
    assert talk.reply("core", 200, method="BYE") == ["ue 200 BYE"]
    assert talk.edge.calls() == []
    assert talk.real.is_empty()


@pytest.mark.parametrize("setup", ["active", "passive"])
def test_terminating_call_from_invite_to_bye(setup: str) -> None:
    talk = EdgeTalk()
    assert talk.invite(CORE_OFFER, party="core") == TERMINATING
    assert talk.answer(200, ue_answer(setup)) == ["gw Configure access", "core 200 INVITE"]
    assert talk.inside("core", "ACK") == ["ue ACK"]
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
    assert talk.reply("core", 200, method="BYE") == ["ue 200 BYE"]
    assert talk.edge.calls() == []
    assert talk.real.is_empty()


def test_the_four_hops_of_an_originating_call() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.body("core")[3:] == [
        "c=IN IP4 10.0.0.1",
        "t=0 0",
        "m=message 30000 TCP/MSRP *",
        "a=accept-types:text/plain",
        "a=setup:actpass",
        "a=msrp-cema",
        "a=path:msrps://198.51.100.7:7654/abc;tcp",
    ]
    talk.answer(200, core_answer())
    assert talk.body("ue")[3:] == [
        "c=IN IP4 203.0.113.5",
        "t=0 0",
        "m=message 30001 TCP/TLS/MSRP *",
        "a=setup:active",
        "a=msrp-cema",
        "a=path:msrp://10.9.9.9:2855/xyz;tcp",
        OWN,
    ]


def test_the_four_hops_of_a_terminating_call() -> None:
    talk = EdgeTalk()
    talk.invite(CORE_OFFER, party="core")
    assert talk.body("ue")[3:] == [
        "c=IN IP4 203.0.113.5",
        "t=0 0",
        "m=message 30000 TCP/TLS/MSRP *",
        "a=accept-types:text/plain",
        "a=setup:actpass",
        "a=msrp-cema",
        "a=path:msrp://10.9.9.9:2855/xyz;tcp",
        OWN,
        "a=3ge2ae:applied",
    ]
    talk.answer(200, ue_answer())
    assert talk.body("core")[3:] == [
        "c=IN IP4 10.0.0.1",
        "t=0 0",
        "m=message 30001 TCP/MSRP *",
        "a=setup:active",
        "a=msrp-cema",
        "a=path:msrps://198.51.100.7:7654/abc;tcp",
    ]


STEP_2 = """
Context = $ { Add = $ {
  Media { Stream = 1 {
    LocalControl { Mode = SendReceive, ipdc/realm = "core", tcpbcc/mode = proxy },
    Local {
v=0
c=IN IP4 $
m=- $ TCP -
a=setup:actpass
} } },
  Events = 1 { hangterm/thb { timerx = 600 }, tcpbcc/BNCChange { Type = Mfail } } } }
"""
STEP_5 = f"""
Context = 1 {{ Add = $ {{
  Media {{ Stream = 1 {{
    LocalControl {{ Mode = SendReceive, ipdc/realm = "access", tcpbcc/mode = proxy }},
    Local {{
v=0
c=IN IP4 $
m=- $ TCP/TLS -
a=setup:actpass
a=fingerprint:sha-256 $
}},
    Remote {{
v=0
c=IN IP4 198.51.100.7
m=- 7654 TCP/TLS -
{UE_PRINT}
}} }} }},
  Events = 2 {{ hangterm/thb {{ timerx = 600 }}, tcpbcc/BNCChange {{ Type = [Mfail, Cut] }},
    tlsbsc/BNCChange {{ Type = Mfail }} }} }} }}
"""
STEP_13 = """
Context = 1 { Modify = ip/core/1 { Media { Stream = 1 {
  LocalControl { tcpbcc/mode = proxy },
  Remote {
v=0
c=IN IP4 10.9.9.9
m=- 9 TCP -
} } } } }
"""
STEP_16 = """
Context = 1 { Modify = ip/access/1 { Media { Stream = 1 {
  LocalControl { tcpbcc/mode = proxy },
  Local {
v=0
c=IN IP4 203.0.113.5
m=- 30001 TCP/TLS -
a=setup:active
} } }, Signals { tlsbsc/EstBNC { Stream = 1 } } } }
"""
STEP_16_PASSIVE = """
Context = 1 { Modify = ip/access/1 { Media { Stream = 1 {
  LocalControl { tcpbcc/mode = proxy },
  Local {
v=0
c=IN IP4 203.0.113.5
m=- 30001 TCP/TLS -
a=setup:passive
} } } } }
"""


def test_steps_2_5_13_and_16_of_the_originating_figure() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer("active"))
    steps = [shown_request((action,)) for action in talk.h248]
    assert steps == [asked(STEP_2), asked(STEP_5), asked(STEP_13), asked(STEP_16)]


def test_the_gateway_is_tls_server_when_the_peer_answers_passive() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer("passive"))
    assert shown_request((talk.h248[-1],)) == asked(STEP_16_PASSIVE)


TERMINATING_STEP_14 = f"""
Context = 1 {{ Modify = ip/access/1 {{ Media {{ Stream = 1 {{
  LocalControl {{ tcpbcc/mode = proxy }},
  Remote {{
v=0
c=IN IP4 198.51.100.7
m=- 9 TCP/TLS -
{UE_PRINT}
}} }} }} }} }}
"""
TERMINATING_STEP_14_PASSIVE = f"""
Context = 1 {{ Modify = ip/access/1 {{ Media {{ Stream = 1 {{
  LocalControl {{ tcpbcc/mode = proxy }},
  Local {{
v=0
c=IN IP4 203.0.113.5
m=- 30000 TCP/TLS -
a=setup:active
}},
  Remote {{
v=0
c=IN IP4 198.51.100.7
m=- 7654 TCP/TLS -
{UE_PRINT}
}} }} }}, Signals {{ tlsbsc/EstBNC {{ Stream = 1 }} }} }} }}
"""


@pytest.mark.parametrize(
    ("setup", "step"), [("active", TERMINATING_STEP_14), ("passive", TERMINATING_STEP_14_PASSIVE)]
)
def test_step_14_of_the_terminating_figure(setup: str, step: str) -> None:
    talk = EdgeTalk()
    talk.invite(CORE_OFFER, party="core")
    talk.answer(200, ue_answer(setup))
    assert len(talk.h248) == 3
    assert shown_request((talk.h248[-1],)) == asked(step)


def test_delayed_establishment_discards_until_the_answer_tells_from_whom_to_accept() -> None:
    talk = EdgeTalk(Policy(delayed_establishment=True))
    talk.invite(OFFER)
    talk.answer(200, core_answer("active", port=5555))
    reserve, _, configure, _ = (shown_request((action,)) for action in talk.h248)
    assert "tcpbcc/incoming = discard" in reserve
    for part in (
        "tcpbcc/incoming = accept",
        "gm/saf = ON",
        'gm/sam = "[10.9.9.9]"',
        "gm/spf = ON",
        "gm/spr = 5555",
    ):
        assert part in configure


def test_of_a_party_with_port_9_only_the_address_is_filtered() -> None:
    talk = EdgeTalk(Policy(delayed_establishment=True))
    talk.invite(OFFER)
    talk.answer(200, core_answer("active"))
    configure = shown_request((talk.h248[2],))
    assert 'gm/sam = "[10.9.9.9]"' in configure
    assert "gm/spf" not in configure


def test_two_secured_streams_share_two_terminations() -> None:
    talk = EdgeTalk()
    second = OFFER[OFFER.index("m=") :].replace("7654", "7655")
    assert talk.invite(OFFER + second) == ORIGINATING
    answer = core_answer()
    assert talk.answer(200, answer + answer[answer.index("m=") :]) == [
        "gw Configure core",
        "gw Configure access",
        "ue 200 INVITE",
    ]
    assert [line for line in talk.body("ue") if line.startswith("m=")] == [
        "m=message 30002 TCP/TLS/MSRP *",
        "m=message 30003 TCP/TLS/MSRP *",
    ]
    (call,) = talk.edge.calls()
    assert [stream.stream for stream in call.streams] == [1, 2]


def test_audio_beside_passes_untouched() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER + "m=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n")
    assert talk.body("core")[3] == "c=IN IP4 198.51.100.7"
    assert "m=audio 4000 RTP/AVP 0" in talk.body("core")
    assert talk.body("core")[6] == "c=IN IP4 10.0.0.1"


def test_a_call_without_anything_to_secure_needs_no_gateway() -> None:
    talk = EdgeTalk(gateway=False)
    audio = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    assert talk.invite(audio) == ["core INVITE"]
    assert talk.to["core"][-1].body == audio.encode()
    assert talk.answer(200, audio) == ["ue 200 INVITE"]
    assert talk.to["ue"][-1].body == audio.encode()
    assert talk.inside("core", "BYE") == ["ue BYE"]
