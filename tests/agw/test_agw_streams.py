"""The terms of one stream: begun, revised, turned into endpoint settings."""

import pytest

from imsedge.agw.streams import (
    StreamTerms,
    begin,
    bind_address,
    endpoint_settings,
    filled_local,
    is_callable,
    is_removal,
    revise,
)
from imsedge.bearer.messages import EndpointSettings, Mode, Setup, Transport
from imsedge.core.address import TransportAddress
from imsedge.h248.errors import H248Error
from imsedge.h248.model import LocalControl, Stream, StreamMode
from imsedge.security.fingerprint import fingerprint_of
from kit.gateway_talk import ACCESS, CORE

OURS = b"our certificate"
UE = fingerprint_of(b"the UE's certificate")
LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=setup:actpass\n"
REMOTE = "v=0\nc=IN IP4 198.51.100.7\nm=- {port} TCP/TLS -\n"
ADDRESS = TransportAddress("203.0.113.5", 30_001)


def terms(**parts: object) -> StreamTerms:
    return begin(Stream(1, **{"local": LOCAL, **parts}), ACCESS, OURS, StreamMode.INACTIVE)  # type: ignore[arg-type]


def test_a_new_stream_has_the_defaults_of_the_standard() -> None:
    assert endpoint_settings(terms(), "mine") == EndpointSettings(
        transport=Transport.TLS, mode=Mode.INACTIVE, setup=Setup.ACTPASS, certificate="mine"
    )


@pytest.mark.parametrize("mode", [mode for mode in StreamMode if mode is not StreamMode.LOOPBACK])
def test_modes(mode: StreamMode) -> None:
    settings = endpoint_settings(terms(control=LocalControl(mode)), "mine")
    assert settings.mode.name == mode.name


def test_a_descriptor_replaces_its_predecessor_as_a_whole() -> None:
    first = terms(remote=REMOTE.format(port=7654) + f"a=fingerprint:{UE}\n")
    assert endpoint_settings(first, "mine").fingerprints == (UE,)
    second = revise(first, Stream(1, remote=REMOTE.format(port=7655)), ADDRESS, OURS)
    assert endpoint_settings(second, "mine").fingerprints is None
    assert endpoint_settings(second, "mine").remote == TransportAddress("198.51.100.7", 7655)
    third = revise(second, Stream(1, local=LOCAL.replace("actpass", "passive")), ADDRESS, OURS)
    assert third.remote == second.remote
    assert third.local.setup is Setup.PASSIVE
    assert revise(third, Stream(1, remote=""), ADDRESS, OURS).remote is None


def test_the_address_can_be_repeated_but_not_changed() -> None:
    same = LOCAL.replace("IP4 $", "IP4 203.0.113.5").replace("- $", "- 30001")
    assert revise(terms(), Stream(1, local=same), ADDRESS, OURS).local.port == 30_001
    for wrong in (same.replace("30001", "30002"), same.replace("113.5", "113.6")):
        with pytest.raises(H248Error) as raised:
            revise(terms(), Stream(1, local=wrong), ADDRESS, OURS)
        assert raised.value.code == 449


def test_who_can_be_called() -> None:
    assert not is_callable(terms())
    assert not is_callable(terms(remote=REMOTE.format(port=9)))
    assert is_callable(terms(remote=REMOTE.format(port=7654)))


def test_where_an_endpoint_is_bound() -> None:
    assert bind_address(terms(), ACCESS) == "203.0.113.5"
    assert bind_address(terms(local=LOCAL.replace("IP4", "IP6")), ACCESS) == "2001:db8::5"
    with pytest.raises(H248Error) as raised:
        begin(Stream(1, local=LOCAL.replace("IP4", "IP6")), CORE, OURS, StreamMode.INACTIVE)
    assert raised.value.code == 449


def test_local_is_not_told_before_the_endpoint_is_open() -> None:
    assert filled_local(terms(), None, OURS) is None
    assert "m=- 30001 TCP/TLS -" in (filled_local(terms(), ADDRESS, OURS) or "")


def test_a_stream_goes_when_both_descriptors_are_empty() -> None:
    assert is_removal(Stream(1, local="", remote=""))
    assert not is_removal(Stream(1, local=""))
    assert not is_removal(Stream(1, remote=""))
