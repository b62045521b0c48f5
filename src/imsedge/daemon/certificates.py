"""The certificates of a gateway's realms: from files or made here, replaced while calls go on.

A certificate that comes gets a name of its own, since its fingerprint is what peers were told: the one that
was shown before is kept, together with its key, until the last termination that told it is gone.  Two and
more are alive at a time.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from imsedge.core.errors import SettingError
from imsedge.daemon.logs import Logger
from imsedge.daemon.settings import AgwSettings, MediaSection
from imsedge.daemon.settings_realms import Realm
from imsedge.security.certificates import Certificate, load_certificate, self_signed

DEFAULT = "default"
"""Of all realms that have none of their own."""

_DAY = timedelta(days=1)


class Shown(NamedTuple):
    """One certificate of one realm, for people and metrics.  ``current``: new calls get it."""

    realm: str
    fingerprint: str
    expires: datetime
    current: bool


class _Source:
    """Where the certificates of some realms come from; ``setting``: how a complaint names it."""

    def __init__(self, label: str, setting: str, files: Realm | MediaSection) -> None:
        self.label, self._setting = label, setting
        self._certificate, self._key = files.certificate, files.key
        self._octets: tuple[bytes, bytes | None] | None = None
        self._generation = 0
        self.current = self._take()

    def refresh(self, *, renew: bool) -> bool:
        """Whether there is another one now; ``SettingError``, once for each content that cannot be used."""
        if self._certificate is None:
            if renew:
                self.current = self._take()
            return renew
        if self._read() == self._octets:
            return False
        self.current = self._take()
        return True

    def _take(self) -> Certificate:
        name = f"{self.label}-{self._generation + 1}" if self._generation else self.label
        if self._certificate is None:
            made = self_signed(name)
        else:
            self._octets = self._read()
            try:
                made = load_certificate(name, *self._octets)
            except SettingError as error:
                raise SettingError(f"{self._setting}.certificate: {error}") from None
        self._generation += 1
        return made

    def _read(self) -> tuple[bytes, bytes | None]:
        assert self._certificate is not None  # noqa: S101 - asked before
        key = _read(self._key, f"{self._setting}.key") if self._key is not None else None
        return _read(self._certificate, f"{self._setting}.certificate"), key


class CertificateStore:
    """``SettingError`` when a file cannot be used at the start; later the old certificate goes on."""

    def __init__(self, settings: AgwSettings) -> None:
        realms = settings.realms.by_name
        own = {name: _Source(name, f"realms.{name}", r) for name, r in realms.items() if r.certificate}
        shared = None if len(own) == len(realms) else _Source(DEFAULT, "media", settings.media)
        self._sources = {name: source for name in realms if (source := own.get(name, shared)) is not None}
        self._live = {source.current.name: (source, source.current) for source in self._sources.values()}
        self._complaints: dict[str, str] = {}

    @property
    def current(self) -> dict[str, str]:
        """By realm, the name of what new calls get."""
        return {realm: source.current.name for realm, source in self._sources.items()}

    @property
    def live(self) -> tuple[Certificate, ...]:
        """All that may still be shown."""
        return tuple(certificate for _, certificate in self._live.values())

    @property
    def known(self) -> Mapping[str, bytes]:
        """DER octets of those by name."""
        return {certificate.name: certificate.der for certificate in self.live}

    def shown(self) -> list[Shown]:
        """Each of them, in each realm."""
        return [
            Shown(realm, str(made.fingerprint()), made.expires, current=made is source.current)
            for realm, source in self._sources.items()
            for owner, made in self._live.values()
            if owner is source
        ]

    def refresh(self, complain: Callable[[str], None], *, renew: bool = False) -> bool:
        """Whether new calls get something new.  ``renew``: also in the place of self-signed ones."""
        changed = False
        for source in dict.fromkeys(self._sources.values()):
            complaint = ""
            try:
                if source.refresh(renew=renew):
                    self._live[source.current.name] = (source, source.current)
                    changed = True
            except SettingError as error:
                complaint = str(error)
            if complaint and complaint != self._complaints.get(source.label):
                complain(complaint)
            self._complaints[source.label] = complaint
        return changed

    def forget(self, used: frozenset[str]) -> bool:
        """Keep what is current or ``used``; whether something went."""
        wanted = used | set(self.current.values())
        gone = [name for name in self._live if name not in wanted]
        for name in gone:
            del self._live[name]
        return bool(gone)


class CertificateWatch:
    """Looks now and then for other files, and for certificates that nobody needs or that expire.

    ``used``: names that terminations have told.  ``tell``: something has come or gone.
    """

    def __init__(
        self,
        store: CertificateStore,
        section: MediaSection,
        log: Logger,
        used: Callable[[], frozenset[str]],
        tell: Callable[[], None],
    ) -> None:
        self._store, self._log, self._used, self._tell = store, log, used, tell
        self._interval = section.certificate_check
        self._warning = timedelta(days=section.certificate_warning)
        self._warned: dict[str, datetime] = {}  # by fingerprint
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Every so many seconds, from now on."""
        self.look()
        if self._interval:
            self._timer = asyncio.get_running_loop().call_later(self._interval, self.start)

    def stop(self) -> None:
        """Harmless when repeated."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self, *, renew: bool = False) -> None:
        """Once; ``renew``: a person asks for it."""
        changed = self._store.refresh(self._log.error, renew=renew)
        gone = self._store.forget(self._used())
        if changed or gone:
            self._log.info("certificates", shown=[tuple(map(str, row)) for row in self._store.shown()])
            self._tell()
        self._warn(datetime.now(UTC))

    def _warn(self, now: datetime) -> None:
        for row in self._store.shown():
            left = row.expires - now
            warned = self._warned.get(row.fingerprint)
            if left > self._warning or not row.current or (warned is not None and now - warned < _DAY):
                continue
            self._warned[row.fingerprint] = now
            text = "a certificate has expired" if left <= timedelta() else "a certificate expires soon"
            self._log.warning(
                text, realm=row.realm, fingerprint=row.fingerprint, expires=row.expires.isoformat()
            )


def _read(path: Path, name: str) -> bytes:
    """Of a plain file: nothing else ends by itself."""
    try:
        if path.exists() and not path.is_file():
            raise SettingError(f"{name}: {path} is no file")
        return path.read_bytes()
    except OSError as error:
        raise SettingError(f"{name}: {path} cannot be read: {error.strerror}") from None
