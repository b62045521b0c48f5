"""Several media of different kinds and security in one session: what each costs, beside the others."""

import pytest

from kit.edge_talk import FINGERPRINT
from kit.gateway_talk import shown_request
from kit.mixed import (
    KINDS,
    OTHER_FINGERPRINT,
    OURS,
    SOME,
    UE_HOST,
    again,
    edited,
    of_core,
    of_ue,
    open_streams,
    registered,
    section,
    settled,
    stopped,
    talk_of,
)


def test_each_medium_of_a_session_has_the_stream_that_it_would_have_alone() -> None:
    talk = talk_of()
    added = [shown_request((action,)) for action in talk.h248[:2]]
    for side, text in zip((1, 0), added, strict=True):
        found = [
            line.split()[2] for line in text.splitlines() if line.strip().startswith("m=") and "$" in line
        ]
        assert found == [KINDS[name].transports[side] for name in OURS]  # type: ignore[index]
    assert open_streams(talk) == len(OURS)
    for name in ("audio", "video"):
        assert section(talk, "core", name)[0] == KINDS[name].ue[0]
        assert section(talk, "ue", name)[0] == KINDS[name].core[0]
    assert "c=IN IP4 198.51.100.7" in talk.to["core"][-2].body.decode().partition("m=")[0], (
        "for audio and video"
    )
    assert "c=IN IP4 10.0.0.1" in section(talk, "core", "bfcp e2ae")
    talk.inside("ue", "BYE")
    assert talk.real.is_empty()


@pytest.mark.parametrize("version", [1, 2])
def test_a_re_offer_that_changes_nothing_is_none_of_the_gateways_business(version: int) -> None:
    talk = talk_of()
    assert again(talk, of_ue(version=version), of_core(version=version)) == []


CHANGES = {
    "another certificate": ("msrp e2ae, CEMA", FINGERPRINT, OTHER_FINGERPRINT),
    "another certificate of floor control": ("bfcp e2ae", FINGERPRINT, OTHER_FINGERPRINT),
    "another certificate, and TLS passes through": ("bfcp e2e", FINGERPRINT, OTHER_FINGERPRINT),
    "another certificate for fax": ("t.38 e2ae", FINGERPRINT, OTHER_FINGERPRINT),
    "another port": ("other tcp", "7014", "7114"),
    "another port for fax in clear": ("t.38 plain", "7012", "7112"),
    "another MSRP session": ("msrp plain, RFC 4975", "/e;tcp", "/g;tcp"),
    "a path that is not the old one": ("msrp e2ae, RFC 4975", "/c;tcp", "/h;tcp"),
    "a client that lost its CEMA": ("msrp e2ae, CEMA", "a=msrp-cema", "a=x-no-cema"),
    "a new connection": ("bfcp e2ae", "a=floorctrl:c-only", "a=floorctrl:c-only s-only"),
    "security that was not there": ("t.38 plain", "udptl t38", "UDP/TLS/UDPTL t38"),
}


@pytest.mark.parametrize(("name", "old", "new"), CHANGES.values(), ids=CHANGES)
def test_what_changes_is_built_anew_and_nothing_else(name: str, old: str, new: str) -> None:
    talk = talk_of()
    changed, answered = edited(name, KINDS[name].ue, old, new), edited(name, KINDS[name].core, old, new)
    before = {n: section(talk, "core", n)[0] for n in OURS}
    orders = again(talk, of_ue(version=2, **changed), of_core(version=2, **answered))
    assert orders
    assert all(
        text.count("Stream =")
        == text.count(f"Stream = {len(OURS) + 1}") + text.count(f"Stream = {OURS.index(name) + 1} ")
        for text in orders
    ), orders
    after = {n: section(talk, "core", n)[0] for n in OURS}
    assert {n for n in OURS if before[n] != after[n]} == {name}
    assert open_streams(talk) == len(OURS)


def test_a_medium_that_is_added_gets_a_stream_on_the_terminations_there_are() -> None:
    talk = talk_of(SOME)
    more = (*SOME, "t.38 e2ae")
    orders = again(talk, of_ue(more, 2), of_core(more, 2))
    assert len(orders) == 4
    assert all("Modify = ip/" in text and "Stream = 3 " in text for text in orders)
    assert not any(f"Stream = {number} " in text for text in orders for number in (1, 2))
    assert open_streams(talk) == 3
    assert section(talk, "core", "t.38 e2ae", more)[0].endswith("udptl t38")


@pytest.mark.parametrize("name", ["msrp e2ae, CEMA", "bfcp e2e"])
def test_a_medium_with_port_0_ends_and_the_others_stay(name: str) -> None:
    talk = talk_of(SOME)
    gone = {name: stopped(KINDS[name].ue)}
    orders = again(talk, of_ue(SOME, 2, **gone), of_core(SOME, 2, **{name: stopped(KINDS[name].core)}))
    assert len(orders) == 2, "released on both sides"
    assert all(f"Stream = {SOME.index(name) + 1} " in text for text in orders)
    assert open_streams(talk) == 1
    for party in ("ue", "core"):
        assert section(talk, party, name, SOME)[0].split()[1] == "0"
    # And comes back as if it were new.
    assert len(again(talk, of_ue(SOME, 3), of_core(SOME, 3))) == 4
    assert open_streams(talk) == 2


def test_a_place_that_was_given_up_can_hold_something_else() -> None:
    talk = talk_of(SOME)
    gone = {"bfcp e2e": stopped(KINDS["bfcp e2e"].ue)}
    again(talk, of_ue(SOME, 2, **gone), of_core(SOME, 2, **{"bfcp e2e": stopped(KINDS["bfcp e2e"].core)}))
    now = ("msrp e2ae, CEMA", "t.38 plain", "audio")
    again(talk, of_ue(now, 3), of_core(now, 3))
    assert open_streams(talk) == 2
    assert " udptl" in section(talk, "core", "t.38 plain", now)[0]
    # Even at once, without a port 0 in between, and at the same address (RFC 3264 clause 8.3.3).
    wb = ("m=application 7012 TCP wb", "a=setup:actpass")
    wb_answer = ("m=application 2867 TCP wb", "a=setup:passive")
    again(talk, of_ue(now, 4, **{"t.38 plain": wb}), of_core(now, 4, **{"t.38 plain": wb_answer}))
    assert open_streams(talk) == 2
    assert section(talk, "ue", "t.38 plain", now)[0].endswith("TCP wb")


@pytest.mark.parametrize("how", ["a=sendonly", "a=inactive"])
def test_hold_leaves_connections_alone(how: str) -> None:
    talk = talk_of(SOME)
    held = {name: (*settled(KINDS[name].ue, 2), how) for name in SOME}
    assert again(talk, of_ue(SOME, 2, **held), of_core(SOME, 2)) == []
    assert how in section(talk, "core", "msrp e2ae, CEMA", SOME)


def test_hold_by_the_address_0_leaves_connections_alone() -> None:
    talk = talk_of(SOME)
    held = of_ue(SOME, 2).replace(f"c=IN IP4 {UE_HOST}", "c=IN IP4 0.0.0.0")
    assert again(talk, held, of_core(SOME, 2)) == []
    assert again(talk, of_ue(SOME, 3), of_core(SOME, 3)) == []


def test_an_answer_may_refuse_some_and_leave_out_others() -> None:
    talk = registered()
    names = ("msrp e2ae, CEMA", "bfcp e2e", "other tcp")
    talk.invite(of_ue(names))
    answer = of_core(names[:2], 1, **{"bfcp e2e": stopped(KINDS["bfcp e2e"].core)})
    assert talk.answer(200, answer)[-1] == "ue 200 INVITE"
    assert open_streams(talk) == 1
    answered = [section(talk, "ue", name, names)[0] for name in names]
    assert [line.split()[1] == "0" for line in answered] == [False, True, True]


def test_a_refused_re_offer_leaves_all_as_it_was() -> None:
    talk = talk_of()
    talk.h248.clear()
    changed = edited("msrp e2ae, CEMA", KINDS["msrp e2ae, CEMA"].ue, FINGERPRINT, OTHER_FINGERPRINT)
    talk.inside("ue", "INVITE", of_ue(version=2, **changed, **{"bfcp e2e": stopped(KINDS["bfcp e2e"].ue)}))
    talk.answer(488)
    assert open_streams(talk) == len(OURS)
    assert again(talk, of_ue(version=3), of_core(version=3)) == []


def test_the_core_offers_the_same_kinds() -> None:
    talk = registered()
    names = tuple(name for name in KINDS if "plain" not in name)  # clear media are secured towards this UE
    assert talk.invite(of_core(names).replace("passive", "actpass"), party="core")[-1] == "ue INVITE"
    assert talk.answer(200, of_ue(names).replace("actpass", "passive"))[-1] == "core 200 INVITE"
    assert open_streams(talk) == sum(name in OURS for name in names)
    for name in names:
        assert section(talk, "core", name, names)[0].split()[2] == KINDS[name].core[0].split()[2]
        assert section(talk, "ue", name, names)[0].split()[2] == KINDS[name].ue[0].split()[2]
        attributes = section(talk, "core", name, names)
        assert any("fingerprint" in line for line in attributes) is (name == "bfcp e2e")
        assert not any("3ge2ae" in line for line in attributes)
