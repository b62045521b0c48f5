"""MSRP whose paths the gateway rewrites: what the controller says, and what the media plane hears of it."""

from imsedge.agw.settings import Abilities
from imsedge.bearer.messages import Configure
from imsedge.core.msrp_uri import MsrpPath
from kit.gateway_talk import GatewayTalk, gateway_settings, written

CORE_PEER = "msrp://10.9.9.9:2855/xyz;tcp"
US_TO_CORE = "msrp://10.0.0.1:30000/00000000000000000002;tcp"
ADD = """Context = $ { Add = $ { Media { Stream = 1 {
  LocalControl { Mode = SendReceive, ipdc/realm = "core" },
  Local { v=0
c=IN IP4 $
m=message $ TCP/MSRP *
a=path:$
} } } } }"""
LOCAL = f"""Local {{ v=0
c=IN IP4 10.0.0.1
m=message 30000 TCP/MSRP *
a=path:{US_TO_CORE}
}}"""
REMOTE = f"""Remote {{ v=0
c=IN IP4 10.9.9.9
m=message 2855 TCP/MSRP *
a=path:{CORE_PEER}
}}"""
MODIFY = "Context = 1 {{ Modify = ip/core/1 {{ Media {{ Stream = 1 {{ {} }} }} }} }}"


def added() -> GatewayTalk:
    talk = GatewayTalk()
    assert talk.ask(ADD) == written(
        f"Context = 1 {{ Add = ip/core/1 {{ Media {{ Stream = 1 {{ {LOCAL} }} }} }} }}"
    )
    return talk


def test_a_path_is_made_when_the_port_is_known() -> None:
    talk = added()
    assert talk.plane.open[1].msrp == MsrpPath(US_TO_CORE)
    assert talk.gateway.contexts()[0].terminations[0].streams[0].path == US_TO_CORE


def test_the_path_of_the_peer_comes_with_remote() -> None:
    talk = added()
    assert talk.ask(MODIFY.format(REMOTE)) == written("Context = 1 { Modify = ip/core/1 }")
    assert talk.plane.open[1].msrp == MsrpPath(US_TO_CORE, (CORE_PEER,))
    audited = talk.ask("Context = 1 { AuditValue = ip/core/1 { Audit { Media } } }")
    assert f"a=path:{US_TO_CORE}" in audited
    assert f"a=path:{CORE_PEER}" in audited


def test_our_path_stays_whether_it_is_repeated_or_left_open_again() -> None:
    talk = added()
    before = len(talk.plane.told(Configure))
    talk.ask(MODIFY.format(LOCAL))
    assert US_TO_CORE in talk.ask(MODIFY.format(LOCAL.replace(US_TO_CORE, "$")))
    assert talk.plane.open[1].msrp == MsrpPath(US_TO_CORE)
    assert len(talk.plane.told(Configure)) == before


def test_a_stream_becomes_aware_and_agnostic_again() -> None:
    """RFC 6714 clause 4.2: an answer without CEMA; Local replaces Local as a whole."""
    talk = GatewayTalk()
    plain = ADD.replace("a=path:$\n", "")
    assert "a=path" not in talk.ask(plain)
    assert talk.plane.open[1].msrp is None
    assert not talk.plane.told(Configure)
    assert US_TO_CORE in talk.ask(MODIFY.format(LOCAL.replace(US_TO_CORE, "$") + ", " + REMOTE))
    assert talk.plane.open[1].msrp == MsrpPath(US_TO_CORE, (CORE_PEER,))
    talk.ask(MODIFY.format(LOCAL.replace(f"a=path:{US_TO_CORE}\n", "")))
    assert talk.plane.open[1].msrp is None


def test_the_path_of_the_controller_is_used() -> None:
    talk = GatewayTalk()
    path = "msrp://agw.example:2855/of-the-controller;tcp"
    assert f"a=path:{path}" in talk.ask(ADD.replace("a=path:$", f"a=path:{path}"))
    assert talk.plane.open[1].msrp == MsrpPath(path)


def test_the_kernel_cannot_rewrite() -> None:
    talk = GatewayTalk(gateway_settings(abilities=Abilities(relay=True)))  # type: ignore[arg-type]
    relayed = ADD.replace("LocalControl {", "LocalControl { tcpbcc/mode = relay,")
    assert talk.code(relayed) == 449
    assert talk.code(relayed.replace("a=path:$\n", "")) == 0


def test_paths_that_cannot_be_are_refused_and_nothing_changes() -> None:
    talk = added()
    assert "Error = 449" in talk.ask(MODIFY.format(REMOTE.replace(CORE_PEER, "sip:a@example.com")))
    assert talk.plane.open[1].msrp == MsrpPath(US_TO_CORE)
    talk.ask("Context = 1 { Subtract = * { Audit { } } }")
    assert talk.is_empty()
