"""MSRP messages as octets, and a session with a UE on one side and the core on the other."""

from imsedge.core.msrp_uri import MsrpPath

UE, US_TO_UE = "msrps://198.51.100.7:7654/abc;tcp", "msrps://203.0.113.5:30001/s1;tcp"
CORE, US_TO_CORE = "msrp://10.9.9.9:2855/xyz;tcp", "msrp://10.0.0.1:30002/s2;tcp"
ACCESS_PATH, CORE_PATH = MsrpPath(US_TO_UE, (UE,)), MsrpPath(US_TO_CORE, (CORE,))


def frame(
    start: str = "SEND",
    to: str = US_TO_UE,
    sender: str = UE,
    *,
    headers: str = "Message-ID: 1\nByte-Range: 1-5/5\n",
    body: bytes | None = b"hello",
    flag: str = "$",
    tid: str = "a786hjs2",
) -> bytes:
    """One message; as the UE sends it, unless it is said otherwise."""
    head = f"MSRP {tid} {start}\nTo-Path: {to}\nFrom-Path: {sender}\n{headers}".replace("\n", "\r\n")
    content = b"" if body is None else b"\r\n" + body + b"\r\n"
    return head.encode() + content + f"-------{tid}{flag}\r\n".encode()


def plain(start: str, to: str, sender: str, tid: str = "a786hjs2") -> bytes:
    """A response, or any message without more than its paths."""
    return frame(start, to, sender, headers="", body=None, tid=tid)
