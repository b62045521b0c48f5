"""Who is taken to be behind a NAT."""

import pytest

from imsedge.alg.nat import UNKNOWN, Traversal, Whereabouts, is_behind_nat

PUBLIC = "198.51.100.7"

CASES = {
    "it is where it says": (Whereabouts(PUBLIC, PUBLIC), PUBLIC, False),
    "its Via names another address": (Whereabouts(PUBLIC, "192.168.1.4"), None, True),
    "its Via names another public address": (Whereabouts(PUBLIC, "203.0.113.9"), None, True),
    "its Via names a host": (Whereabouts(PUBLIC, "phone.example"), PUBLIC, False),
    "an application gateway changed the Via only": (Whereabouts(PUBLIC, PUBLIC), "192.168.1.4", True),
    "its media are on another public address": (Whereabouts(PUBLIC, PUBLIC), "203.0.113.9", False),
    "its media are on a neighbour": (Whereabouts("10.1.1.1", "10.1.1.1"), "10.9.9.9", False),
    "a private network behind another one": (Whereabouts("10.1.1.1", "10.1.1.1"), "192.168.1.4", True),
    "a carrier's NAT": (Whereabouts(PUBLIC, PUBLIC), "100.64.3.4", True),
    "IPv6, private": (Whereabouts("2001:db8::7", "[2001:db8::7]"), "fd00::4", True),
    "IPv6, written in another way": (Whereabouts("2001:db8::7", "[2001:db8:0::7]"), "2001:DB8::7", False),
    "on hold": (Whereabouts(PUBLIC, PUBLIC), "0.0.0.0", False),  # noqa: S104 - compared with
    "nothing is known": (UNKNOWN, "192.168.1.4", False),
}


@pytest.mark.parametrize(("place", "media", "hidden"), CASES.values(), ids=CASES)
def test_detection(place: Whereabouts, media: str | None, hidden: bool) -> None:
    assert is_behind_nat(Traversal.DETECTED, place, media) is hidden


def test_the_operator_may_know_better() -> None:
    assert is_behind_nat(Traversal.ALWAYS, UNKNOWN)
    assert not is_behind_nat(Traversal.NEVER, Whereabouts(PUBLIC, "192.168.1.4"))
