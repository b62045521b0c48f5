"""One short line about a message, for ladders and logs; never raises."""

from imsedge.sip.names import canonical


def summary_of(data: bytes) -> str:
    """``INVITE``, ``200 OK (INVITE)``; with ``+SDP`` when it carries a description."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    fields = {canonical(name.strip()): value.strip() for name, _, value in pairs}
    sdp = " +SDP" if body and fields.get("Content-Type", "").lower().startswith("application/sdp") else ""
    if first.startswith("SIP/2.0 "):
        method = fields.get("CSeq", "").partition(" ")[2].strip()
        return f"{first[8:68]} ({method}){sdp}"
    return first.partition(" ")[0][:40] + sdp
