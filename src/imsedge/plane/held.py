"""Datagrams that wait until the peer's certificate is known to be the right one (RFC 7345 clause 4.2)."""

from collections import deque

HELD_DATAGRAMS = 32
"""Of one endpoint and way: two thirds of a second of fax, more than the signalling of an answer takes."""
HELD_OCTETS = 1 << 16


class Held:
    """Keeps the youngest, in order.  ``dropped``: the older ones, for which there was no room."""

    def __init__(self) -> None:
        self.dropped = 0
        self._octets = 0
        self._waiting: deque[bytes] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, payload: bytes) -> None:
        self._waiting.append(payload)
        self._octets += len(payload)
        while len(self._waiting) > HELD_DATAGRAMS or self._octets > HELD_OCTETS:
            self._octets -= len(self._waiting.popleft())
            self.dropped += 1

    def take(self) -> list[bytes]:
        """All of them; none is left."""
        taken = list(self._waiting)
        self._waiting.clear()
        self._octets = 0
        return taken

    def forget(self) -> None:
        """They will never be wanted."""
        self.dropped += len(self.take())
