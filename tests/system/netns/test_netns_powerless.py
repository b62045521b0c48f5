"""A gateway that may neither write rules of nftables nor hear what its sockets drop."""

from pathlib import Path

import pytest

from kit.networks import PARTY, PHONE, world

pytestmark = pytest.mark.system


def wanted(control: str) -> str:
    """Add with this LocalControl."""
    local = "Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n}"
    media = f'LocalControl {{ Mode = SendReceive, ipdc/realm = "access", {control} }}, {local}'
    return f"Context = $ {{ Add = $ {{ Media {{ Stream = 1 {{ {media} }} }} }} }}"


def test_what_needs_privileges_is_refused_clearly_and_all_else_works(tmp_path: Path) -> None:
    with world(tmp_path, without=("net_admin", "net_raw")) as net:
        relay = net.controller.ask(wanted("tcpbcc/mode = relay"))
        assert "Error = 501" in relay
        assert "CAP_NET_ADMIN" in relay
        hold = net.controller.ask(wanted("tcpbcc/incoming = hold"))
        assert "Error = 501" in hold
        assert "CAP_NET_RAW" in hold

        # Linux 6.18 was seen to refuse filters on TCP sockets, 6.1 not.
        for control in (f'gm/saf = ON, gm/sam = "[{PHONE}]"', "tcpbcc/incoming = discard"):
            filtered = net.controller.ask(wanted(control))
            assert "Error" not in filtered or ("Error = 501" in filtered and "CAP_NET_ADMIN" in filtered)
        net.controller.subtract_all()

        listener, party = net.listen(net.core, PARTY)
        access = net.controller.add("access")
        net.controller.add("core", context=access.context, remote=party, setup="active")
        audit = "Audit { Media { Stream = 1 { LocalControl { tcpbcc/mode, tcpbcc/incoming } } } }"
        told = net.controller.ask(
            f"Context = {access.context} {{ AuditCapability = {access.name} {{ {audit} }} }}"
        )
        assert "tcpbcc/mode = {proxy,merge}" in told
        assert "hold" not in told
        phone = net.call(net.phone, PHONE, access.local, wait=True)
        phone.sendall(b"without privileges")
        assert net.accept(listener).recv(100) == b"without privileges"
        net.clear()
