"""What a party can get wrong about a secured medium, the same table for MSRP, BFCP and T.38.

Whatever it is: the party that is to blame hears a protocol error, the other one nothing that is secret, the
gateway keeps nothing.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from kit.edge_talk import FINGERPRINT, EdgeTalk, sdp


class Kind(NamedTuple):
    """``more``: attributes that belong to it."""

    name: str
    secure: str
    clear: str
    mechanism: str
    more: tuple[str, ...] = ()


MSRP = Kind(
    "message",
    "TCP/TLS/MSRP *",
    "TCP/MSRP *",
    "msrp-tls",
    ("a=accept-types:text/plain", "a=msrp-cema", "a=path:msrp://198.51.100.7:6000/s;tcp"),
)
BFCP = Kind("application", "TCP/TLS/BFCP *", "TCP/BFCP *", "bfcp-tls", ("a=floorctrl:c-only",))
T38 = Kind("image", "UDP/TLS/UDPTL t38", "udptl t38", "udptl-dtls", ("a=T38FaxVersion:0",))
KINDS = (MSRP, BFCP, T38)
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.mechanism)


def of_ue(kind: Kind, setup: str = "actpass", *more: str) -> str:
    attributes = (f"a=setup:{setup}", f"a=fingerprint:{FINGERPRINT}", *kind.more, *more)
    return sdp(f"m={kind.name} 6000 {kind.secure}", *attributes)


def offer_of(kind: Kind) -> str:
    return of_ue(kind, "actpass", "a=3ge2ae:requested")


def of_core(kind: Kind, setup: str = "actpass") -> str:
    attributes = kind.more if kind is T38 else (f"a=setup:{setup}", *kind.more)
    return sdp(f"m={kind.name} 7000 {kind.clear}", *attributes, host="10.9.9.9")


def registered(kind: Kind) -> EdgeTalk:
    talk = EdgeTalk(register=False)
    talk.register(f"Security-Client: {kind.mechanism};mediasec")
    talk.seen.clear()
    return talk


def nothing_is_left(talk: EdgeTalk) -> bool:
    return talk.real.is_empty() and talk.edge.calls() == []


Spoil = Callable[[Kind, str], str]
FINGERPRINT_LINE = f"a=fingerprint:{FINGERPRINT}\r\n"

BAD_OFFERS: dict[str, tuple[Spoil, str]] = {
    "on hold": (lambda _, text: text.replace("actpass", "holdconn"), "cannot be used"),
    "a role nobody knows": (lambda _, text: text.replace("actpass", "both"), "cannot be used"),
    "no fingerprint": (lambda _, text: text.replace(FINGERPRINT_LINE, ""), "fingerprint"),
    "a hash nobody may use": (lambda _, text: text.replace("SHA-256", "MD5"), "fingerprint"),
    "a hash of another length": (lambda _, text: text.replace(":11\r", "\r"), "fingerprint"),
    "asked for, but in clear": (lambda kind, text: text.replace(kind.secure, kind.clear), "without TLS"),
    "a name for an address": (
        lambda _, text: text.replace("IP4 198.51.100.7", "IP4 ue.test"),
        "cannot be used",
    ),
    "no address": (lambda _, text: text.replace("c=IN IP4 198.51.100.7\r\n", ""), "cannot be used"),
    "another address family": (lambda _, text: text.replace("c=IN IP4", "c=IN IP6"), "cannot be used"),
}


@kinds
@pytest.mark.parametrize(("spoil", "reason"), BAD_OFFERS.values(), ids=BAD_OFFERS)
def test_an_offer(kind: Kind, spoil: Spoil, reason: str) -> None:
    talk = registered(kind)
    assert talk.invite(spoil(kind, offer_of(kind))) == ["ue 488 INVITE"]
    assert reason in (talk.to["ue"][-1].headers.get("Warning") or "")
    assert talk.h248 == []


BAD_ANSWERS: dict[str, Spoil] = {
    "on hold": lambda _, text: text.replace("setup:active", "setup:holdconn"),
    "every role": lambda _, text: text.replace("setup:active", "setup:actpass"),
    "a role nobody knows": lambda _, text: text.replace("setup:active", "setup:both"),
    "no fingerprint": lambda _, text: text.replace(FINGERPRINT_LINE, ""),
    "a hash nobody may use": lambda _, text: text.replace("SHA-256", "MD5"),
    "in clear": lambda kind, text: text.replace(kind.secure, kind.clear),
    "a name for an address": lambda _, text: text.replace("IP4 198.51.100.7", "IP4 ue.test"),
    "a line nobody offered": lambda _, text: text + "m=audio 4000 RTP/AVP 0\r\n",
}


@kinds
@pytest.mark.parametrize("spoil", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_of_the_ue(kind: Kind, spoil: Spoil) -> None:
    talk = registered(kind)
    talk.invite(of_core(kind), party="core")
    seen = talk.answer(200, spoil(kind, of_ue(kind, "active")))
    assert "core 488 INVITE" in seen
    assert {"ue ACK", "ue BYE"} <= set(seen)
    talk.reply("ue", 200, method="BYE")
    assert nothing_is_left(talk)


SAME_ROLES = [(kind, setup) for kind in (MSRP, BFCP) for setup in ("active", "passive")]


@pytest.mark.parametrize(("kind", "setup"), SAME_ROLES, ids=lambda value: getattr(value, "mechanism", value))
def test_two_of_the_same_role(kind: Kind, setup: str) -> None:
    """T.38 has no role in clear, so there nobody can take the other one's."""
    talk = registered(kind)
    talk.invite(of_core(kind, setup), party="core")
    assert "core 488 INVITE" in talk.answer(200, of_ue(kind, setup))


BAD_CORE_ANSWERS: dict[str, Spoil] = {
    "on hold": lambda _, text: text.replace("setup:passive", "setup:holdconn"),
    "every role": lambda _, text: text.replace("setup:passive", "setup:actpass"),
    "TLS where clear was offered": lambda kind, text: text.replace(kind.clear, kind.secure),
    "a name for an address": lambda _, text: text.replace("IP4 10.9.9.9", "IP4 core.test"),
}


@kinds
@pytest.mark.parametrize("name", BAD_CORE_ANSWERS)
def test_an_answer_of_the_core(kind: Kind, name: str) -> None:
    if kind is T38 and name in {"on hold", "every role"}:
        return  # in clear it has no role
    talk = registered(kind)
    talk.invite(offer_of(kind))
    seen = talk.answer(200, BAD_CORE_ANSWERS[name](kind, of_core(kind, "passive")))
    assert "ue 488 INVITE" in seen
    assert {"core ACK", "core BYE"} <= set(seen)
    talk.reply("core", 200, method="BYE")
    assert nothing_is_left(talk)


@kinds
@pytest.mark.parametrize("kept", [True, False], ids=["with port 0", "left out"])
def test_an_answer_with_fewer_lines_refuses_those(kind: Kind, kept: bool) -> None:
    talk = registered(kind)
    talk.invite(offer_of(kind) + "m=audio 4000 RTP/AVP 0\r\n")
    head = sdp(
        *([f"m={kind.name} 0 {kind.clear}"] if kept else []), "m=audio 5000 RTP/AVP 0", host="10.9.9.9"
    )
    assert talk.answer(200, head)[-1] == "ue 200 INVITE"
    lines = [line for line in talk.body("ue") if line.startswith("m=")]
    assert lines == [f"m={kind.name} 0 {kind.secure}", "m=audio 5000 RTP/AVP 0"]
    assert talk.real.is_empty()


@kinds
def test_who_can_be_called_by_nobody_is_waited_for(kind: Kind) -> None:
    """Port 9 of a party that says that it will be called: nobody dials, and its own call is still heard."""
    talk = registered(kind)
    talk.invite(of_core(kind), party="core")
    answer = of_ue(kind, "passive").replace(" 6000 ", " 9 ", 1)
    assert talk.answer(200, answer)[-1] == "core 200 INVITE"
    assert len(talk.real.plane.open) == 2
