"""ServiceChange parameters."""

import pytest

from imsedge.h248.model import (
    Audit,
    AuditItem,
    DomainMid,
    IpMid,
    Mid,
    MtpMid,
    Parameter,
    ServiceChange,
    ServiceChangeResult,
    TimeStamp,
)
from kit.h248_text import read_action_reply, read_command


def test_a_request_with_everything() -> None:
    text = 'SC=ROOT{SV{MT=FO,RE="904 x",DL=7,PF=a/1,V=3,20261121T02250000,X-a=1,SIC,AD=[192.0.2.1]:9,M,PG}}'
    assert read_command(text).service_change == ServiceChange(
        "Forced",
        "904 x",
        IpMid("192.0.2.1", 9),
        profile="a/1",
        version=3,
        delay=7,
        timestamp=TimeStamp("20261121", "02250000"),
        extensions=(Parameter("X-a", ("1",)),),
        incomplete=True,
        audit=Audit((AuditItem.MEDIA, AuditItem.PACKAGES)),
    )


@pytest.mark.parametrize(
    ("text", "target"),
    [("2944", 2944), ("<mgc.example>:1", DomainMid("mgc.example", 1)), ("MTP{0a0b}", MtpMid(b"\x0a\x0b"))],
)
def test_addresses(text: str, target: Mid | int) -> None:
    change = read_command(f"SC=ROOT{{SV{{MT=RS,RE=901,AD={text}}}}}").service_change
    assert change is not None
    assert change.address == target


def test_a_method_of_ones_own() -> None:
    change = read_command("SC=ROOT{SV{MT=X-wait,RE=901}}").service_change
    assert change is not None
    assert change.method == "X-wait"


def test_a_reply() -> None:
    (reply,) = read_action_reply("SC=ROOT{SV{MG=[::1],PF=a/1,V=2,20261121T02250000}}").replies
    assert reply.service_change == ServiceChangeResult(
        None, IpMid("::1"), "a/1", 2, TimeStamp("20261121", "02250000")
    )
