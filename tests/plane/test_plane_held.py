"""What waits for the peer to be trusted: in order, the youngest, and never more than the limits."""

from imsedge.plane.held import HELD_DATAGRAMS, HELD_OCTETS, Held


def test_as_many_as_the_limit_and_one_more() -> None:
    held = Held()
    for number in range(HELD_DATAGRAMS):
        held.add(b"%d" % number)
    assert (len(held), held.dropped) == (HELD_DATAGRAMS, 0)
    held.add(b"last")
    assert (len(held), held.dropped) == (HELD_DATAGRAMS, 1)
    taken = held.take()
    assert (taken[0], taken[-1], len(held)) == (b"1", b"last", 0)


def test_as_many_octets_as_the_limit_and_one_more() -> None:
    held = Held()
    held.add(b"a" * (HELD_OCTETS - 1))
    held.add(b"b")
    assert (len(held), held.dropped) == (2, 0)
    held.add(b"c")
    assert held.take() == [b"b", b"c"]
    held.add(b"d" * (HELD_OCTETS + 1))
    assert (held.take(), held.dropped) == ([], 2)


def test_what_is_forgotten_counts_as_dropped() -> None:
    held = Held()
    held.add(b"a")
    held.forget()
    assert (held.take(), held.dropped) == ([], 1)
