"""Which certificate a realm shows: at the start, when files change, when calls end, when it expires."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from imsedge.core.errors import SettingError
from imsedge.daemon.certificates import CertificateStore, CertificateWatch
from imsedge.daemon.settings import AgwSettings, MediaSection
from imsedge.daemon.settings_realms import Realm, Realms
from imsedge.security.certificates import LIFETIME, Certificate, self_signed

ONE, OTHER = self_signed("one"), self_signed("other")


def put(path: Path, certificate: Certificate, key: Certificate | None = None) -> Path:
    path.write_bytes(certificate.pem + (key or certificate).key_pem)
    return path


def settings(media: Path | None = None, *, key: Path | None = None, **realms: Path) -> AgwSettings:
    return AgwSettings(
        media=MediaSection(certificate=media, key=key),
        realms=Realms(**{name: Realm(certificate=path) for name, path in realms.items()}),
    )


def rows(store: CertificateStore) -> set[tuple[str, str, bool]]:
    return {(row.realm, row.fingerprint, row.current) for row in store.shown()}


def never(text: str) -> None:
    raise AssertionError(text)


def test_realms_without_their_own_share_one_that_is_made_at_each_start() -> None:
    first, second = CertificateStore(AgwSettings()), CertificateStore(AgwSettings())
    assert first.current == {"access": "default", "core": "default"}
    assert len(first.live) == 1
    assert first.known != second.known


def test_certificate_and_key_come_from_one_file_or_from_two(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_bytes(ONE.pem)
    (tmp_path / "key.pem").write_bytes(ONE.key_pem)
    for made in (
        settings(put(tmp_path / "both.pem", ONE)),
        settings(tmp_path / "cert.pem", key=tmp_path / "key.pem"),
    ):
        assert CertificateStore(made).known == {"default": ONE.der}


def test_a_realm_may_have_its_own(tmp_path: Path) -> None:
    store = CertificateStore(settings(put(tmp_path / "a", ONE), access=put(tmp_path / "b", OTHER)))
    assert store.current == {"access": "access", "core": "default"}
    assert store.known == {"access": OTHER.der, "default": ONE.der}
    all_own = settings(access=put(tmp_path / "a", ONE), core=put(tmp_path / "b", OTHER))
    assert CertificateStore(all_own).known == {"access": ONE.der, "core": OTHER.der}


def test_what_cannot_be_used_is_said_with_the_name_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"media\.certificate: .*none\.pem cannot be read: No such file"):
        CertificateStore(settings(tmp_path / "none.pem"))
    with pytest.raises(SettingError, match=r"media\.key: "):
        CertificateStore(settings(put(tmp_path / "a", ONE), key=tmp_path / "none.pem"))
    with pytest.raises(SettingError, match=r"realms\.core\.certificate: "):
        CertificateStore(settings(core=tmp_path / "none.pem"))
    (tmp_path / "text").write_text("no PEM")
    with pytest.raises(SettingError, match=r"realms\.core\.certificate: .* no readable PEM certificate$"):
        CertificateStore(settings(core=tmp_path / "text"))


@pytest.mark.parametrize("path", [Path("/dev/zero"), Path("/")])
def test_what_does_not_end_is_not_read(path: Path) -> None:
    with pytest.raises(SettingError, match=r"media\.certificate: .* is no file"):
        CertificateStore(settings(path))


def test_a_file_that_changes_is_new_and_the_old_one_stays_while_it_is_used(tmp_path: Path) -> None:
    file = put(tmp_path / "a", ONE)
    store = CertificateStore(settings(access=file))
    assert not store.refresh(never)
    put(file, OTHER)
    assert store.refresh(never)
    assert store.current["access"] == "access-2"
    mine = {row for row in rows(store) if row[0] == "access"}
    assert mine == {("access", str(ONE.fingerprint()), False), ("access", str(OTHER.fingerprint()), True)}
    assert not store.forget(frozenset({"access", "default"}))
    assert store.forget(frozenset({"default"}))
    assert {row for row in rows(store) if row[0] == "access"} == {("access", str(OTHER.fingerprint()), True)}
    assert not store.forget(frozenset())


def test_names_are_never_used_twice(tmp_path: Path) -> None:
    file = put(tmp_path / "a", ONE)
    store = CertificateStore(settings(file))
    names = [store.current["core"]]
    for certificate in (OTHER, ONE, OTHER):
        put(file, certificate)
        store.refresh(never)
        store.forget(frozenset())
        names.append(store.current["core"])
    assert names == ["default", "default-2", "default-3", "default-4"]


def test_a_half_written_pair_is_said_once_and_changes_nothing(tmp_path: Path) -> None:
    file, complaints = put(tmp_path / "a", ONE), list[str]()
    store = CertificateStore(settings(file))
    put(file, OTHER, key=ONE)
    assert not any(store.refresh(complaints.append) for _ in range(3))
    assert complaints == [
        "media.certificate: the key of certificate default-2 belongs to another certificate"
    ]
    file.unlink()
    assert not any(store.refresh(complaints.append) for _ in range(3))
    assert len(complaints) == 2
    assert store.known == {"default": ONE.der}
    put(file, OTHER)
    assert store.refresh(never)
    assert store.known == {"default": ONE.der, "default-2": OTHER.der}


def test_who_asks_for_it_gets_other_self_signed_ones_but_the_same_files(tmp_path: Path) -> None:
    store = CertificateStore(settings(access=put(tmp_path / "a", ONE)))
    assert not store.refresh(never)
    assert store.refresh(never, renew=True)
    assert store.current == {"access": "access", "core": "default-2"}


class Diary:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def _note(self, text: str, **_fields: Any) -> None:
        self.lines.append(text)

    info = warning = error = _note


def aged(days: int) -> Certificate:
    """One that expires in so many days and a bit."""
    return self_signed("old", now=datetime.now(UTC) - LIFETIME + timedelta(days=days + 1, minutes=1))


@pytest.mark.parametrize(
    ("days", "said"),
    [(31, []), (29, ["a certificate expires soon"]), (-1, ["a certificate has expired"])],
)
def test_the_end_of_a_certificate_is_said_once_a_day(tmp_path: Path, days: int, said: list[str]) -> None:
    made = settings(access=put(tmp_path / "a", aged(days)))
    log = cast("Any", Diary())
    watch = CertificateWatch(CertificateStore(made), made.media, log, frozenset, lambda: None)
    watch.look()
    watch.look()
    assert log.lines == said


def test_whoever_needs_it_is_told_when_something_comes_or_goes(tmp_path: Path) -> None:
    file, told, used = put(tmp_path / "a", ONE), list[dict[str, str]](), {"access"}
    made = settings(access=file)
    store, log = CertificateStore(made), cast("Any", Diary())

    def tell() -> None:
        told.append(store.current)

    watch = CertificateWatch(store, made.media, log, lambda: frozenset(used), tell)
    watch.look()
    assert told == []
    put(file, OTHER)
    watch.look()
    used.clear()
    watch.look()
    watch.look()
    assert told == [{"access": "access-2", "core": "default"}] * 2
