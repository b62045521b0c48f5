"""The library of nftables, where it is and where it is not."""

import errno
import socket

import pytest

from imsedge.plane import nftables
from imsedge.plane.nftables import Nftables, RelayError, is_in_kernel, is_installed
from imsedge.plane.relays import can_relay


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nftables, "_LIBRARY", "libnothing.so.1")
    nftables._library.cache_clear()
    try:
        assert not is_installed()
        with pytest.raises(RelayError, match=r"libnothing.so.1 is not installed"):
            Nftables().run("list tables\n")
    finally:
        nftables._library.cache_clear()


def test_a_kernel_without_nftables_is_told_before_the_library_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")

    monkeypatch.setattr(socket, "socket", refuse)
    assert not is_in_kernel()
    assert not can_relay()
    if is_installed():
        with pytest.raises(RelayError, match="this kernel has no nftables"):
            Nftables().run("list tables\n")


@pytest.mark.system
@pytest.mark.skipif(not can_relay(), reason="rules of nftables need CAP_NET_ADMIN and libnftables")
def test_what_the_kernel_says_comes_back_and_an_error_is_one_line() -> None:
    rules = Nftables()
    assert isinstance(rules.run("list tables\n"), str)
    with pytest.raises(RelayError, match=r"^nft: .*") as raised:
        rules.run("add rule of nobody\n")
    assert "\n" not in str(raised.value)
    with pytest.raises(RelayError):
        rules.run("list table ip imsedge_not_there\n")
    assert "imsedge_not_there" not in rules.run("list tables\n"), "an error does not stay"
    rules.close()
    rules.close()
    assert isinstance(rules.run("list tables\n"), str)
    rules.close()
