"""Application-aware MSRP through edge and gateway: what each leg reads, H.248 carries, re-offers change."""

import re

import pytest

from imsedge.alg.policy import Anchoring, Aware, Matching, Policy
from imsedge.h248.model import ErrorDescriptor
from kit.edge_bodies import CORE_OFFER, OFFER, core_answer, ue_answer
from kit.edge_talk import EdgeTalk
from kit.gateway_talk import shown_request

UE_PATH, CORE_PATH = "msrps://198.51.100.7:7654/abc;tcp", "msrp://10.9.9.9:2855/xyz;tcp"
PLAIN = Policy(anchoring=Anchoring.ALWAYS)


def strict(text: str) -> str:
    """The same from a client of RFC 4975."""
    return text.replace("a=msrp-cema\r\n", "")


def clear(text: str) -> str:
    """The same in clear."""
    return "".join(
        line
        for line in text.replace("TCP/TLS/MSRP", "TCP/MSRP")
        .replace("msrps:", "msrp:")
        .splitlines(keepends=True)
        if not line.startswith(("a=3ge2ae", "a=fingerprint"))
    )


def path(talk: EdgeTalk, party: str) -> str:
    """The ``a=path`` that a party has read."""
    (found,) = [line.removeprefix("a=path:") for line in talk.body(party) if line.startswith("a=path:")]
    return found


def orders(talk: EdgeTalk) -> list[str]:
    """What the gateway was told."""
    return [shown_request((action,)) for action in talk.h248]


def answered(policy: Policy | None = None) -> EdgeTalk:
    talk = EdgeTalk(policy)
    talk.invite(strict(OFFER))
    talk.answer(200, strict(core_answer("passive")))
    talk.inside("ue", "ACK")
    talk.h248.clear()
    return talk


def test_the_phone_calls_and_each_leg_reads_a_path_of_the_gateway() -> None:
    talk = EdgeTalk()
    assert talk.invite(strict(OFFER)) == ["gw Reserve core", "gw Reserve And Configure access", "core INVITE"]
    core, access = orders(talk)
    assert "m=message $ TCP/MSRP *" in core
    assert "a=path:$" in core
    assert "Remote" not in core
    assert "m=message $ TCP/TLS/MSRP *" in access
    assert "a=path:$" in access
    assert f"a=path:{UE_PATH}" in access
    assert re.fullmatch(r"msrp://10\.0\.0\.1:30000/\S+;tcp", path(talk, "core"))
    assert "m=message 30000 TCP/MSRP *" in talk.body("core")
    assert "a=msrp-cema" not in talk.body("core")
    assert talk.answer(200, strict(core_answer())) == [
        "gw Configure core",
        "gw Configure access",
        "ue 200 INVITE",
    ]
    assert f"a=path:{CORE_PATH}" in orders(talk)[2]
    assert f"a=path:{path(talk, 'ue')}" in orders(talk)[3], "Local is told whole, with the path that it has"
    assert re.fullmatch(r"msrps://203\.0\.113\.5:30001/\S+;tcp", path(talk, "ue"))
    assert talk.inside("ue", "ACK") == ["core ACK"]
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
    assert talk.real.is_empty()


def test_the_phone_is_called() -> None:
    talk = EdgeTalk()
    assert talk.invite(strict(CORE_OFFER), party="core")[-1] == "ue INVITE"
    assert path(talk, "ue").startswith("msrps://203.0.113.5:")
    talk.answer(200, strict(ue_answer()))
    assert path(talk, "core").startswith("msrp://10.0.0.1:")
    assert sum(f"a=path:{UE_PATH}" in order for order in orders(talk)) == 1


def test_plain_tcp_that_is_anchored() -> None:
    talk = EdgeTalk(PLAIN, register=False)
    assert talk.invite(clear(strict(OFFER)))[-1] == "core INVITE"
    assert all("m=message $ TCP/MSRP *" in order for order in orders(talk))
    assert path(talk, "core").startswith("msrp://10.0.0.1:")
    talk.answer(200, strict(core_answer("passive")))
    assert path(talk, "ue").startswith("msrp://203.0.113.5:")


def test_a_relay_is_called_for_who_is_behind_it() -> None:
    talk = EdgeTalk()
    talk.invite(strict(OFFER))
    relayed = strict(core_answer("passive")).replace("a=path:", "a=path:msrp://10.9.9.80:2900/token;tcp ")
    talk.answer(200, relayed)
    remote = orders(talk)[2]
    assert "a=path:msrp://10.9.9.80:2900/token;tcp msrp://10.9.9.9:2855/xyz;tcp" in remote
    assert "c=IN IP4 10.9.9.80" in remote
    assert "m=message 2900 TCP/MSRP *" in remote
    assert " " not in path(talk, "ue")


def test_an_answer_without_a_path_ends_the_call() -> None:
    talk = EdgeTalk()
    talk.invite(strict(OFFER))
    answer = strict(core_answer()).replace("a=path", "a=no-path")
    assert "ue 488 INVITE" in talk.answer(200, answer)
    assert talk.real.is_empty()


def test_what_changes_nothing_costs_nothing() -> None:
    talk = answered()
    assert talk.inside("ue", "INVITE", strict(OFFER)) == ["core INVITE"]
    assert talk.answer(200, strict(core_answer("passive"))) == ["ue 200 INVITE"]
    talk.inside("ue", "ACK")
    # Not even a CEMA mark that comes up late, which goes no further.
    assert talk.inside("ue", "INVITE", OFFER) == ["core INVITE"]
    assert "a=msrp-cema" not in talk.body("core")
    assert talk.h248 == []


def test_another_session_is_another_stream() -> None:
    talk = answered()
    assert talk.inside("ue", "INVITE", strict(OFFER).replace("/abc;", "/def;")) == [
        "gw Configure core",
        "gw Configure access",
        "core INVITE",
    ]
    assert path(talk, "core").startswith("msrp://10.0.0.1:30002/")
    talk.answer(200, strict(core_answer("passive")))
    assert len(talk.real.plane.open) == 2


def test_a_cema_offer_keeps_the_gateway_agnostic_until_its_offerer_does_without() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert path(talk, "core") == UE_PATH
    assert not any("/MSRP" in order for order in orders(talk))
    talk.answer(200, strict(core_answer("passive")))
    assert path(talk, "ue") == CORE_PATH, "this is how it sees that its peer knows no CEMA"
    talk.inside("ue", "ACK")
    assert talk.inside("ue", "INVITE", strict(OFFER))[-1] == "core INVITE"
    assert path(talk, "core").startswith("msrp://10.0.0.1:")
    talk.answer(200, strict(core_answer("passive")))
    assert path(talk, "ue").startswith("msrps://203.0.113.5:")
    assert len(talk.real.plane.open) == 2


def test_the_operator_may_want_it_for_cema_as_well() -> None:
    talk = EdgeTalk(Policy(aware=Aware.ALWAYS))
    talk.invite(OFFER)
    assert path(talk, "core").startswith("msrp://10.0.0.1:")
    assert "a=msrp-cema" not in talk.body("core")


@pytest.mark.parametrize("policy", [PLAIN, Policy()])
def test_tls_end_to_end_hides_paths_so_it_is_not_anchored(policy: Policy) -> None:
    talk = EdgeTalk(policy)
    offer = strict(OFFER).replace("a=3ge2ae:requested\r\n", "")
    assert talk.invite(offer) == ["core INVITE"]
    assert talk.to["core"][-1].body == offer.encode()


def test_sessmatch_clients_read_the_gateways_address_in_the_path() -> None:
    talk = EdgeTalk(Policy(matching=Matching.SESSMATCH))
    talk.invite(strict(OFFER))
    assert path(talk, "core") == "msrp://10.0.0.1:30000/abc;tcp"
    assert not any("/MSRP" in order for order in orders(talk))
    talk.answer(200, strict(core_answer()))
    assert path(talk, "ue") == "msrps://203.0.113.5:30001/xyz;tcp"


def test_a_gateway_that_cannot_rewrite_has_the_call_refused() -> None:
    talk = EdgeTalk()
    talk.answers = [ErrorDescriptor(515, "Unsupported Media Type")]
    assert talk.invite(strict(OFFER)) == ["gw Reserve core", "ue 488 INVITE"]
