"""Looks now and then whether this machine has the addresses of its realms: interfaces come and go."""

import asyncio
import socket
from collections.abc import Callable, Mapping

from imsedge.daemon.settings_realms import Realm


class RealmWatch:
    """``tell`` gets the realms that cannot be used: at the start if there are any, then at each change."""

    def __init__(
        self, realms: Mapping[str, Realm], interval: float, tell: Callable[[frozenset[str]], None]
    ) -> None:
        self._realms = realms
        self._interval = interval
        self._tell = tell
        self._absent: frozenset[str] = frozenset()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look at once, then every ``interval`` seconds; 0 is never."""
        if not self._interval:
            return
        self._timer = asyncio.get_running_loop().call_later(self._interval, self.start)
        absent = frozenset(name for name, realm in self._realms.items() if not _is_here(realm))
        if absent != self._absent:
            self._absent = absent
            self._tell(absent)

    def stop(self) -> None:
        """Harmless when repeated."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _is_here(realm: Realm) -> bool:
    return any(has_address(address) for address in realm.addresses)


def has_address(address: str) -> bool:
    """Whether something can be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
