"""AuditValue and AuditCapability: whole descriptors, parts of them, ROOT."""

import pytest

from imsedge.bearer.messages import Counters, Statistics
from kit.gateway_talk import GatewayTalk, written

SETUP = """Context = $ { Add = $ { Media {
  Stream = 1 { LocalControl { Mode = SendReceive, gm/saf = ON }, Local { v=0
c=IN IP4 $
m=- $ TCP -
}, Remote { v=0
c=IN IP4 10.9.9.9
m=- 2855 TCP -
} }, Stream = 2 { LocalControl { Mode = Inactive }, Local { v=0
c=IN IP4 $
m=- $ TCP -
} } }, Events = 4 { g/cause, tcpbcc/BNCChange } } }"""

AUDITS = {
    "Audit { }": "",
    "Audit { Events }": "Events = 4 { g/cause, tcpbcc/BNCChange }",
    "Audit { Signals, DigitMap, EventBuffer }": "Signals, DigitMap, EventBuffer",
    "Audit { Statistics }": "Statistics { nt/os = 10, nt/or = 14, nt/dur = 1000,"
    " gm/dp = 0, tcprm/rs = 0, tcprm/rtt = 0, tcptv/con = 0, tcptv/ref = 0 }",
    "Audit { Packages }": "Packages { g-2, root-2, nt-1, it-1, ocp-1, chp-1, ipdc-1, ipra-1, gm-2, rtcph-1,"
    " hangterm-1, mgcinfo-1, tcpbcc-1, tlsbsc-1, ds-2, tman-1, adid-1, ipnapt-1, adr-1,"
    " tcprm-1, tcptv-1 }",
    "Audit { Events = 4 { g/cause } }": "Events = 4 { g/cause }",
    "Audit { Statistics { nt/os } }": "Statistics { nt/os = 10 }",
    "Audit { Packages { gm-2 } }": "Packages { gm-2 }",
    "Audit { Media { Stream = 1 { LocalControl { gm/saf } } } }": (
        "Media { Stream = 1 { LocalControl { gm/saf = ON } } }"
    ),
    "Audit { Media { Stream = 2 { LocalControl { Mode } } } }": (
        "Media { Stream = 2 { LocalControl { Mode = Inactive } } }"
    ),
    "Audit { Media { TerminationState { ServiceStates } } }": (
        "Media { TerminationState { ServiceStates = InService } }"
    ),
}


@pytest.mark.parametrize(("audit", "expected"), AUDITS.items(), ids=AUDITS)
def test_audits_of_a_termination(audit: str, expected: str) -> None:
    talk = GatewayTalk()
    assert talk.code(SETUP) == 0
    returned = f"AuditValue = ip/core/1 {{ {expected} }}" if expected else "AuditValue = ip/core/1"
    assert talk.ask(f"Context = 1 {{ AuditValue = ip/core/1 {{ {audit} }} }}") == written(
        f"Context = 1 {{ {returned} }}"
    )


def test_media_as_a_whole() -> None:
    talk = GatewayTalk()
    talk.ask(SETUP)
    assert talk.ask("Context = 1 { AuditValue = * { Audit { Media } } }") == written(
        """Context = 1 { AuditValue = ip/core/1 { Media {
  Stream = 1 { LocalControl { Mode = SendReceive, gm/saf = ON }, Local { v=0
c=IN IP4 10.0.0.1
m=- 30000 TCP -
}, Remote { v=0
c=IN IP4 10.9.9.9
m=- 2855 TCP -
} }, Stream = 2 { LocalControl { Mode = Inactive }, Local { v=0
c=IN IP4 10.0.0.1
m=- 30001 TCP -
} }, TerminationState { ServiceStates = InService } } } }"""
    )


def test_a_property_without_a_value_and_a_statistic_that_is_not_there() -> None:
    talk = GatewayTalk()
    talk.ask(SETUP)
    for part in ("Media { Stream = 1 { LocalControl { gm/sam } } }", "Statistics { rtp/pl }"):
        assert talk.code(f"Context = 1 {{ AuditValue = ip/core/1 {{ Audit {{ {part} }} }} }}") == 532


def test_the_union_over_all_terminations() -> None:
    talk = GatewayTalk()
    talk.ask(SETUP)
    talk.ask(SETUP.replace("Context = $", "Context = 1"))
    assert talk.ask("Context = 1 { W-AuditValue = * { Audit { Events } } }") == written(
        "Context = 1 { AuditValue = * { Events = 4 { g/cause, tcpbcc/BNCChange } } }"
    )


def test_statistics_of_a_wildcard_stand_in_one_descriptor() -> None:
    talk = GatewayTalk()
    talk.ask(SETUP)
    talk.ask(SETUP.replace("Context = $", "Context = 1"))
    talk.plane.counters = Counters(octets_sent=1)
    talk.happen(Statistics(1, 0.0, talk.plane.counters), Statistics(2, 0.0, talk.plane.counters))
    talk.plane.counters = Counters(octets_sent=2)
    assert "nt/os = 4,\n" in talk.ask("Context = 1 { W-Subtract = * { Audit { Statistics } } }")
    assert talk.is_empty()


def test_root_tells_its_limits_and_what_is_armed() -> None:
    talk = GatewayTalk()
    talk.ask("Context = - { Modify = ROOT { Events = 9 { it/ito { mit = 12000 } } } }")
    assert talk.ask("Context = - { AuditValue = ROOT { Audit { Media, Events, Statistics } } }") == written(
        """Context = - { AuditValue = ROOT { Media { TerminationState {
  root/maxNumberOfContexts = 10000, root/maxTerminationsPerContext = 8, ipra/ar = ["access", "core"] } },
  Events = 9 { it/ito { mit = 12000 } }, Statistics } }"""
    )


def test_capabilities_are_what_could_be_set() -> None:
    talk = GatewayTalk()
    talk.ask(SETUP)
    everything = "Audit { Media, Events, Signals, Statistics, Packages }"
    answer = talk.ask(f"Context = 1 {{ AuditCapability = ip/core/1 {{ {everything} }} }}")
    for piece in (
        "m=- $ TCP/TLS/MSRP -\na=path:$",
        "tcpbcc/mode = {",
        "hangterm/thb",
        "tlsbsc/EstBNC",
        "nt/dur",
        "ipdc-1",
        "ipra-1",
    ):
        assert piece in answer
    root = talk.ask("Context = - { AuditCapability = ROOT { Audit { Media, Events, Signals, Statistics } } }")
    assert "it/ito" in root
    assert "hangterm" not in root


COUNTED = SETUP.replace("m=- 2855 TCP -\n} }", "m=- 2855 TCP -\n}, Statistics { nt/os, nt/or } }")


def test_statistics_of_a_stream_stand_in_the_stream() -> None:
    talk = GatewayTalk()
    assert "Error" not in talk.ask(COUNTED, version=3)
    part = "Audit { Media { Stream = 1 { Statistics { nt/os } } } }"
    assert talk.ask(f"Context = 1 {{ AuditValue = ip/core/1 {{ {part} }} }}", version=3) == written(
        "Context = 1 { AuditValue = ip/core/1 { Media { Stream = 1 { Statistics { nt/os = 5 } } } } }"
    )
    media = talk.ask("Context = 1 { AuditValue = ip/core/1 { Audit { Media } } }", version=3)
    assert media.count("nt/or = 7") == 1
    assert talk.ask("Context = 1 { Subtract = ip/core/1 }", version=3) == written(
        """Context = 1 { Subtract = ip/core/1 { Media { Stream = 1 { Statistics { nt/os = 5, nt/or = 7 } } },
        Statistics { nt/os = 10, nt/or = 14, nt/dur = 1000,
        gm/dp = 0, tcprm/rs = 0, tcprm/rtt = 0, tcptv/con = 0, tcptv/ref = 0 } } }"""
    )


def test_statistics_of_a_stream_are_no_longer_told_when_none_are_named() -> None:
    talk = GatewayTalk()
    talk.ask(COUNTED, version=3)
    talk.ask("Context = 1 { Modify = ip/core/1 { Media { Stream = 1 { Statistics } } } }", version=3)
    assert "Stream" not in talk.ask("Context = 1 { Subtract = ip/core/1 }", version=3)


def test_the_union_of_different_media() -> None:
    talk = GatewayTalk()
    talk.ask(SETUP)
    talk.ask(SETUP)
    answer = talk.ask("Context = * { W-AuditValue = * { Audit { Media, Events } } }")
    assert answer.count("Media {") == 2
    assert answer.count("Events = 4") == 1
    assert answer.count("AuditValue = *") == 1


def test_root_can_be_asked_for_all_contexts() -> None:
    talk = GatewayTalk()
    talk.ask(SETUP)
    assert "maxNumberOfContexts" in talk.ask("Context = * { AuditValue = ROOT { Audit { Media } } }")
    assert talk.code("Context = 1 { AuditValue = ROOT { Audit { Media } } }") == 435
