"""``imsedge h248 packages``: the catalogue for people and for programs."""

import json

from typer.testing import CliRunner

from imsedge.cli.main import app
from imsedge.core.errors import SettingError

runner = CliRunner()


def test_all_packages_are_listed_without_their_items() -> None:
    lines = runner.invoke(app, ["h248", "packages"]).stdout.splitlines()
    assert lines[0].startswith("g          0x0001 v2  Generic")
    assert not any("tcpbcc/mode" in line for line in lines)


def test_one_package_shows_its_items_in_any_case_of_the_name() -> None:
    shown = runner.invoke(app, ["h248", "packages", "TcpBcc"]).stdout
    assert "property  tcpbcc/mode  0x0001  one of relay 1, proxy 2, merge 3" in shown


def test_a_number_finds_its_package() -> None:
    shown = runner.invoke(app, ["h248", "packages", "0x008C"]).stdout
    assert shown.startswith("gm ")
    assert shown == runner.invoke(app, ["h248", "packages", "gm"]).stdout


def test_json_holds_items_too() -> None:
    (package,) = json.loads(runner.invoke(app, ["h248", "packages", "ds", "--json"]).stdout)
    assert package["items"][0]["name"] == "ds/dscp"


def test_an_unknown_name_says_where_the_names_are() -> None:
    result = runner.invoke(app, ["h248", "packages", "nope"])
    assert isinstance(result.exception, SettingError)
    assert "there is no package nope" in str(result.exception)
