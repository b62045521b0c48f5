"""The gateways that are there, and which call is on which (TS 23.334 clause 5.2, H.248.1 clause 11.5)."""

from collections import OrderedDict

from msgspec import Struct

from imsedge.h248.model import Mid

MAX_PAST = 1_000
"""Released contexts that are remembered: reports cross a release for as long as a message takes."""


class GatewayView(Struct, frozen=True):
    """One gateway, for people.  ``open``: takes new calls."""

    gateway: str
    open: bool
    calls: int


class Gateways:
    """Directory by message identifier.

    ``choose`` takes the one with the fewest calls, the one that waited longest among equals.
    """

    def __init__(self) -> None:
        self._calls: dict[Mid, set[int]] = {}  # of gateways that are up, longest waiting first
        self._leaving: set[Mid] = set()
        self._contexts: dict[tuple[Mid, int], int] = {}
        self._past: OrderedDict[tuple[Mid, int], None] = OrderedDict()

    def __contains__(self, gateway: Mid) -> bool:
        return gateway in self._calls

    def up(self, gateway: Mid) -> None:
        """It registered and takes calls."""
        self._calls.setdefault(gateway, set())
        self._leaving.discard(gateway)

    def leaving(self, gateway: Mid) -> None:
        """It takes no new calls; those it has go on."""
        if gateway in self._calls:
            self._leaving.add(gateway)

    def lost(self, gateway: Mid) -> frozenset[int]:
        """It is gone; these calls were on it."""
        self._leaving.discard(gateway)
        self._contexts = {place: call for place, call in self._contexts.items() if place[0] != gateway}
        return frozenset(self._calls.pop(gateway, ()))

    def choose(self) -> Mid | None:
        """A gateway for a new call; ``None`` when there is none."""
        open_ = [gateway for gateway in self._calls if gateway not in self._leaving]
        if not open_:
            return None
        chosen = min(open_, key=lambda gateway: len(self._calls[gateway]))
        self._calls[chosen] = self._calls.pop(chosen)  # to the end of the queue
        return chosen

    def attach(self, gateway: Mid, call: int, context: int | None = None) -> None:
        """``call`` has, or will have, its media on ``gateway``: in ``context``, once that is known."""
        if gateway in self._calls:
            self._calls[gateway].add(call)
            if context is not None:
                self._contexts[gateway, context] = call
                self._past.pop((gateway, context), None)

    def detach(self, gateway: Mid, call: int, context: int | None = None) -> None:
        """No more."""
        if gateway in self._calls:
            self._calls[gateway].discard(call)
        if context is not None and self._contexts.pop((gateway, context), None) is not None:
            self._past[gateway, context] = None
            if len(self._past) > MAX_PAST:
                self._past.popitem(last=False)

    def was_released(self, gateway: Mid, context: int) -> bool:
        """Whether the gateway was just told to release it: what it still reports has crossed that."""
        return (gateway, context) in self._past

    def call_in(self, gateway: Mid, context: int) -> int | None:
        """The call whose context it is."""
        return self._contexts.get((gateway, context))

    def view(self) -> list[GatewayView]:
        """All of them, for people."""
        return [
            GatewayView(str(gateway), gateway not in self._leaving, len(calls))
            for gateway, calls in self._calls.items()
        ]
