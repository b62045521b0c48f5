"""Connections that answers renew, that were closed, or whose party has moved, among others that stay."""

import re

import pytest

from imsedge.bearer.messages import Closed, Open
from imsedge.h248.codec import decode
from imsedge.h248.model import TransactionRequest
from kit.edge_talk import FINGERPRINT, EdgeTalk
from kit.gateway_talk import shown_request
from kit.mixed import (
    KINDS,
    OTHER_FINGERPRINT,
    OURS,
    again,
    edited,
    of_core,
    of_ue,
    open_streams,
    section,
    settled,
    talk_of,
)


def signalled(talk: EdgeTalk) -> list[str]:
    """By order: its side and the signals for connections."""
    found = []
    for action in talk.h248:
        text = shown_request((action,))
        names = re.findall(r"(?:tcpbcc/RelBNC|tcpbcc/EstBNC|tlsbsc/EstBNC)", text)
        found.append(" ".join(["access" if "ip/access" in text else "core", *names]))
    return found


def renewing(kind: str, to: str = "new") -> tuple[str, ...]:
    return tuple(line.replace("connection:new", f"connection:{to}") for line in KINDS[kind].core)


def test_an_answer_may_ask_for_a_new_connection_though_the_offer_did_not() -> None:
    talk = talk_of()
    core = {"bfcp e2ae": renewing("bfcp e2ae"), "other tcp": renewing("other tcp")}
    before = {name: section(talk, "ue", name)[0] for name in OURS}
    orders = again(talk, of_ue(version=2), of_core(version=2, **core))
    assert signalled(talk) == ["core tcpbcc/RelBNC tcpbcc/RelBNC", "access tcpbcc/RelBNC tcpbcc/RelBNC"]
    numbers = {OURS.index(name) + 1 for name in core}
    assert all({int(n) for n in re.findall(r"Stream = (\d+) \{", text)} == numbers for text in orders)
    # The addresses were told with the offer: they stay, and so do the streams.
    assert {name: section(talk, "ue", name)[0] for name in OURS} == before
    assert open_streams(talk) == len(OURS)
    assert "a=connection:new" in section(talk, "ue", "bfcp e2ae")
    assert again(talk, of_ue(version=3), of_core(version=3)) == []


MOVES = {
    "elsewhere": ("other tcp", "2869", "2969", ["core tcpbcc/RelBNC tcpbcc/EstBNC"]),
    "another certificate, and TLS passes through": (
        "bfcp e2e",
        FINGERPRINT,
        OTHER_FINGERPRINT,
        ["core tcpbcc/RelBNC", "access tcpbcc/RelBNC"],
    ),
    "another MSRP session": (
        "msrp plain, RFC 4975",
        "/f;tcp",
        "/g;tcp",
        ["core tcpbcc/RelBNC tcpbcc/EstBNC"],
    ),
    "fax elsewhere": ("t.38 plain", "2867", "2967", ["core"]),
}


@pytest.mark.parametrize(("name", "old", "new", "orders"), MOVES.values(), ids=MOVES)
def test_an_answerer_that_has_moved_is_met_there_and_the_other_leg_stays(
    name: str, old: str, new: str, orders: list[str]
) -> None:
    talk = talk_of()
    again(talk, of_ue(version=2), of_core(version=2, **edited(name, settled(KINDS[name].core, 2), old, new)))
    assert signalled(talk) == orders


def closes(talk: EdgeTalk, name: str) -> None:
    """The media plane tells that the connection of a medium was closed in order, on both legs."""
    opened = [order for order in talk.real.plane.orders if isinstance(order, Open)]
    links = {order.link: [] for order in opened}  # type: ignore[var-annotated]
    for order in opened:
        links[order.link].append(order.endpoint)
    before = len(talk.real.reports)
    talk.real.happen(*(Closed(endpoint, 0.0) for endpoint in list(links.values())[OURS.index(name)]))
    for report in talk.real.reports[before:]:
        body = decode(report.encode()).body
        assert isinstance(body, tuple)
        assert isinstance(body[0], TransactionRequest)
        for action in body[0].actions:
            talk.notify(action)


@pytest.mark.parametrize("name", ["msrp e2ae, RFC 4975", "msrp plain, RFC 4975", "other tcp"])
def test_an_offer_after_the_connection_was_closed_builds_another(name: str) -> None:
    talk = talk_of()
    closes(talk, name)
    before = {n: section(talk, "core", n)[0] for n in OURS}
    assert again(talk, of_ue(version=2), of_core(version=2))
    assert {n for n in OURS if section(talk, "core", n)[0] != before[n]} == {name}
    # And only once.
    assert again(talk, of_ue(version=3), of_core(version=3)) == []


def test_a_connection_that_an_answer_has_renewed_is_not_closed_any_more() -> None:
    talk = talk_of()
    closes(talk, "bfcp e2ae")
    again(talk, of_ue(), of_core(version=2, **{"bfcp e2ae": KINDS["bfcp e2ae"].core}))
    assert again(talk, of_ue(version=3), of_core(version=3)) == []
