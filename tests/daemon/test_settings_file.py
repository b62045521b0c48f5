"""A file and the environment in, settings or sentences out."""

from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.daemon.settings import AgwSettings, AlgSettings
from imsedge.daemon.settings_file import explain, load_settings, model_of, read_toml
from imsedge.daemon.settings_types import LogLevel

ADDRESS = "must be address:port, such as 192.0.2.1:2944 or [2001:db8::1]:2944"

WRONG = {
    "a number out of range": (
        "[h248]\nversion = 4",
        "h248.version: input should be less than or equal to 3 (given: 4)",
    ),
    "an address without a port": (
        '[h248]\nlisten = "192.0.2.1"',
        f"h248.listen: {ADDRESS} (given: '192.0.2.1')",
    ),
    "a name instead of an address": (
        '[h248]\ncontrollers = ["mgc.example.net:2944"]',
        f"h248.controllers.0: {ADDRESS} (given: 'mgc.example.net:2944')",
    ),
    "nobody to register with": (
        "[h248]\ncontrollers = []",
        "h248.controllers: tuple should have at least 1 item",
    ),
    "a word that is not one of the words": (
        '[log]\nformat = "xml"',
        "log.format: input should be 'console' or 'json' (given: 'xml')",
    ),
    "an unknown setting, with those that there are": (
        "[realms.access]\nport = 5",
        "realms.access.port: there is no such setting; here are addresses, certificate, key",
    ),
    "an unknown table": (
        "[sip]\n",
        "sip: there is no such setting; here are log, h248, realms, media, limits, status",
    ),
    "a range the wrong way round": (
        "[realms.access]\nlow_port = 9\nhigh_port = 8",
        "realms.access: low_port 9 is above high_port 8",
    ),
    "an unknown TLS profile": (
        '[media]\ntls_profile = "ssl3"',
        "media.tls_profile: there is no TLS profile ssl3; choose one of 3gpp, rel12 (given: 'ssl3')",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_name(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_settings(AgwSettings, write(tmp_path, text))
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_two_mistakes_are_two_lines(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        load_settings(AgwSettings, write(tmp_path, "[h248]\nversion = 0\nretry = 0"))
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["h248.version", "h248.retry"]


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, '[h248]\nversion = 1\nencoding = "pretty"')
    monkeypatch.setenv("IMSEDGE_AGW__H248__VERSION", "3")
    monkeypatch.setenv("IMSEDGE_AGW__H248__CONTROLLERS", "192.0.2.1:2944, 192.0.2.2:2945")
    monkeypatch.setenv("IMSEDGE_AGW__LOG__LEVEL", "error")
    settings = load_settings(AgwSettings, path)
    assert settings.h248.version == 3
    assert settings.h248.encoding.value == "pretty"
    assert settings.h248.controllers == (
        TransportAddress("192.0.2.1", 2944),
        TransportAddress("192.0.2.2", 2945),
    )
    assert settings.log.level is LogLevel.ERROR


def test_the_environment_of_the_other_daemon_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMSEDGE_ALG__H248__VERSION", "3")
    assert load_settings(AgwSettings).h248.version == 2


def test_a_wrong_environment_is_said_like_a_wrong_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMSEDGE_AGW__MEDIA__WORKERS", "many")
    with pytest.raises(SettingError, match=r"media\.workers: input should be a valid integer"):
        load_settings(AgwSettings)


def test_no_endpoint_is_the_word_none(tmp_path: Path) -> None:
    settings = load_settings(AgwSettings, write(tmp_path, '[status]\nlisten = "none"'))
    assert settings.status.listen is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("h248 = [", "is not TOML"),
        (None, "cannot be read: No such file or directory"),
        (b"\xff", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str | bytes | None, sentence: str) -> None:
    path = tmp_path / "bad.toml"
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingError, match=sentence):
        read_toml(path)


def test_a_file_tells_by_its_tables_whose_it_is() -> None:
    assert model_of({"realms": {}, "log": {}}) is AgwSettings
    assert model_of({"sip": {}}) is AlgSettings
    undecided: tuple[dict[str, object], ...] = ({}, {"h248": {}}, {"sip": {}, "realms": {}})
    for values in undecided:
        with pytest.raises(SettingError, match="--daemon"):
            model_of(values)


@pytest.mark.parametrize("model", [AgwSettings, AlgSettings])
def test_what_is_in_force_is_a_file_that_says_the_same(
    tmp_path: Path, model: type[AgwSettings | AlgSettings]
) -> None:
    settings = load_settings(model)
    assert load_settings(model, write(tmp_path, "\n".join(explain(settings)))) == settings


def test_numbers_are_a_table_of_the_file_and_are_shown_as_one(tmp_path: Path) -> None:
    tables = '[h248.numbers]\n"property gm/saf" = 2\n"package gm" = 0x8d\n[h248.names]\n"gm/saf" = "x/filter"'
    settings = load_settings(AgwSettings, write(tmp_path, tables))
    assert settings.h248.numbers == {"property gm/saf": 2, "package gm": 0x8D}
    assert settings.h248.names == {"gm/saf": "x/filter"}
    assert load_settings(AgwSettings, write(tmp_path, "\n".join(explain(settings)))) == settings


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ('{ "gm/saf" = 2 }', "h248.numbers: 'gm/saf' names no package, item or parameter"),
        ('{ "property gm/saf" = 65536 }', "h248.numbers: 65536 is no package or item number"),
        ('{ "property gm/saf" = "one" }', "h248.numbers: must give each name a number"),
        ("7", "h248.numbers: must be a table"),
    ],
)
def test_numbers_that_cannot_be(tmp_path: Path, numbers: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        load_settings(AgwSettings, write(tmp_path, f"[h248]\nnumbers = {numbers}"))


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def test_octets_of_the_environment_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMSEDGE_AGW__MEDIA__TLS_PROFILE", "3gpp\udcff")
    with pytest.raises(SettingError, match=r"the environment has octets that are no UTF-8: .*3gpp"):
        load_settings(AgwSettings)
