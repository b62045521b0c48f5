"""Where the controller listens and what it tells: every combination that cannot work is said at the start."""

from pathlib import Path
from typing import Any

import pytest

from imsedge.alg.procedures import Side
from imsedge.alg.settings import Place
from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.daemon.alg_setup import edge_settings, tls_contexts
from imsedge.daemon.settings import AgwSettings, AlgSettings
from imsedge.daemon.settings_file import load_settings

ANY = "0.0.0.0:5060"
TOLD = "203.0.113.1:5060"


def load(folder: Path, text: str, model: Any = AlgSettings) -> Any:
    file = folder / "daemon.toml"
    file.write_text(text)
    return load_settings(model, file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f'[sip]\naccess = "{ANY}"', "say in sip.advertise.access the one that peers shall use"),
        ('[sip]\ncore = "[::]:5070"', "say in sip.advertise.core the one"),
        (f'[sip]\naccess = "{ANY}"\nadvertise = {{ access = "0.0.0.0:1" }}', "say in sip.advertise.access"),
        ('[sip.tls]\naccess = "0.0.0.0:5061"\ncertificate = "x"', "say in sip.advertise.tls_access the one"),
        ('[sip.tls]\naccess = "127.0.0.1:5061"', "sip.tls needs a certificate"),
        ('[sip]\nnext_hop_transport = "tls"', "say where in sip.tls.core"),
        ('[h248]\nlisten = "0.0.0.0:2944"', "say in h248.mid the one that the peer shall use"),
    ],
)
def test_what_peers_could_not_use_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence.replace(".", r"\.")) as error:
        load(tmp_path, text)
    assert "\n" not in str(error.value)


def test_a_gateway_that_listens_everywhere_needs_a_name_too(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"h248\.mid"):
        load(tmp_path, '[h248]\nlisten = "0.0.0.0:2944"', AgwSettings)
    assert load(tmp_path, '[h248]\nlisten = "0.0.0.0:2944"\nmid = "<agw.example>"', AgwSettings)


def test_what_is_told_differs_from_what_is_bound(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        f'[sip]\naccess = "{ANY}"\nmediasec = "tls"\n'
        f'[sip.advertise]\naccess = "{TOLD}"\ntls_access = "203.0.113.1:5061"',
    )
    core = TransportAddress("127.0.0.1", 5070)
    bound, tls = settings.sip.access, settings.sip.access._replace(port=5061)
    made = edge_settings(settings, bound, core, {Side.ACCESS: tls})
    public = TransportAddress("203.0.113.1", 5060)
    assert made.access == public
    assert made.protected_only
    assert made.places == (
        Place(Side.ACCESS, bound, public, frozenset({"udp", "tcp"})),
        Place(Side.CORE, core, core, frozenset({"udp", "tcp"})),
        Place(Side.ACCESS, tls, public._replace(port=5061), frozenset({"tls"})),
    )


def test_without_addresses_there_is_no_tls() -> None:
    assert tls_contexts(AlgSettings().sip.tls) is None
