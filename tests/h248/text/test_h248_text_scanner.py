"""The scan: which text becomes which items."""

import pytest

from imsedge.h248.errors import H248Error
from imsedge.h248.model import AuthHeader, DeviceMid, DomainMid, IpMid, MtpMid
from imsedge.h248.text.scanner import is_address, offsets, read_header, read_mid, scan

END = ("", "", "", "")

SCANS = {
    "T=1{": [("T", "=", "1", "{")],
    " T\r\n=\t1 ; why\n {": [("T", "=", "1", "{")],
    "a/b,": [("a/b", "", "", ",")],
    "}}": [("", "", "", "}"), ("", "", "", "}")],
    "a=[1:5]}": [("a", "=", "", "["), ("1", "", "", ":"), ("5", "", "", "]"), ("", "", "", "}")],
    "a#b,c<d,e>f": [("a", "#", "b", ","), ("c", "<", "d", ","), ("e", ">", "f", "")],
    'a="x, y",': [("a", "=", '"x, y"', ",")],
    '"text"}': [('"text"', "", "", "}")],
    "L{v=0\n;{x\\}}}": [("L", "{", "v=0\n;{x\\}", "}")],
    "remote {},": [("remote", "{", "", ",")],
    "A=L{M": [("A", "=", "L", "{"), ("M", "", "", "")],
    "DM=p{1|2}}": [("DM", "=p{", "1|2", "}")],
    "DigitMap = {x}": [("DigitMap", "= {", "x", "")],
    "DM=p,": [("DM", "=", "p", ",")],
    "AD=<a.b>:7,": [("AD", "=", "<a.b>:7", ",")],
    "AD=[::1]:7}": [("AD", "=", "[::1]:7", "}")],
    "AD=[192.0.2.1]}": [("AD", "=", "[192.0.2.1]", "}")],
    "MX=[1,2]": [("MX", "=", "", "["), ("1", "", "", ","), ("2", "", "", "]")],
    "L{never closed": [("L", "{", "never closed", "")],
    "L{ends\x00 early}": [("L", "{", "ends", "\x00"), ("early", "", "", "}")],
    '"never closed': [("", "", "", '"'), ("never", "", "", ""), ("closed", "", "", "")],
    "\x00": [("", "", "", "\x00")],
    "a == b": [("a", "=", "", "="), ("b", "", "", "")],
}


@pytest.mark.parametrize(("text", "items"), SCANS.items(), ids=SCANS)
def test_items(text: str, items: list[tuple[str, ...]]) -> None:
    found = [item[1:] for item in scan(text, 0)]
    assert [item for item in found if item != END] == items
    assert found[-1] == END


def test_offsets_point_at_names_and_at_lonely_delimiters() -> None:
    text = "  T = 1 {\n } x"
    assert offsets(text, 0)[:3] == [text.index("T"), text.index("}"), text.index("x")]


def test_the_scan_starts_where_it_is_told() -> None:
    assert scan("a,b,", 2)[0][1] == "b"


def test_a_header_with_authentication() -> None:
    header = read_header("AU = 0x00000001:0x000000FF:0x" + "ab" * 12 + "\nMEGACO/2 gw T=")
    assert header.auth == AuthHeader(1, 255, b"\xab" * 12)
    assert (header.version, header.mid) == (2, DeviceMid("gw"))


def test_comments_without_end_and_semicolons_without_number_take_no_time() -> None:
    assert scan(";" * 60_000, 0)[-1][1:] == END


@pytest.mark.parametrize(
    ("text", "mid"),
    [
        ("[192.0.2.1]:0", IpMid("192.0.2.1", 0)),
        ("[::1]:65535", IpMid("::1", 65_535)),
        ("<a>", DomainMid("a")),
        ("MTP{0a1b}", MtpMid(b"\x0a\x1b")),
        ("mtp { 0A1B2C3D }", MtpMid(b"\x0a\x1b\x2c\x3d")),
        ("*gw", DeviceMid("*gw")),
        ("g" * 64, DeviceMid("g" * 64)),
    ],
)
def test_identifiers(text: str, mid: object) -> None:
    assert read_mid(text) == mid


@pytest.mark.parametrize(
    "text", ["", "[1.2.3]", "[::1]:65536", "<->", "MTP{0}", "MTP{0a1b2c3d4e}", "g" * 65, "a b"]
)
def test_what_is_no_identifier(text: str) -> None:
    with pytest.raises(H248Error):
        read_mid(text)


@pytest.mark.parametrize(
    ("text", "yes"), [("[1.2.3.4]", True), ("[::1]:5", True), ("[1:2:3]", False), ("<a>", False)]
)
def test_an_address_in_brackets(text: str, yes: object) -> None:
    assert is_address(text) is yes
