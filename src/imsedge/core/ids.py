"""Where identifiers come from: injected, so that tests and replays are the same every time."""

import secrets
from typing import Protocol


class IdSource(Protocol):
    """A source of numbers and tokens."""

    def number(self, low: int, high: int) -> int:
        """An integer in ``low..high``, both included."""

    def token(self, octets: int) -> str:
        """``2 * octets`` lower-case hexadecimal digits."""

    def fraction(self) -> float:
        """A number in 0.0 <= x < 1.0 (jitter of timers)."""


class RandomIds:
    """The real one: the operating system's random source."""

    def __init__(self) -> None:
        self._random = secrets.SystemRandom()

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def token(self, octets: int) -> str:
        return secrets.token_hex(octets)

    def fraction(self) -> float:
        return self._random.random()


class CountingIds:
    """For tests: counts up from ``low`` each time, tokens are the same counter in hexadecimal."""

    def __init__(self, start: int = 1) -> None:
        self._next = start

    def _step(self) -> int:
        self._next += 1
        return self._next - 1

    def number(self, low: int, high: int) -> int:
        return low + (self._step() - 1) % (high - low + 1)

    def token(self, octets: int) -> str:
        return f"{self._step():0{2 * octets}x}"

    def fraction(self) -> float:
        return 0.5
