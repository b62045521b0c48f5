"""Messages as another network may see them: which header fields cross a border, and how (TS 24.229 5.10).

What no row names stays behind: a field that we do not know may tell anything.  No address crosses: in an
identity it is replaced, elsewhere the field goes.  Names of domains in identities stay, as peers call them
back by these; names of hosts go with the fields that carry them (Via, Route, Contact ...).

================  ====================================================================================
From, To          the user and its domain; an address becomes ours, or that of the next hop
Contact           ours; feature tags stay (RFC 3840), an instance or GRUU goes
Supported ...     what a back-to-back user agent can keep up end to end
Reason            protocol and cause, without its text
Warning           ours
3xx, 401, 407     480 and 403: addresses and challenges of one network are nobody's business in the other
the rest          ``PASSING`` as it is, ``TRUSTED`` between networks that trust each other (RFC 3324)
================  ====================================================================================
"""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from imsedge.alg.messages import M, body_text
from imsedge.alg.settings import SERVER_NAME
from imsedge.core.errors import RemoteError
from imsedge.core.hosts import is_address, shows_host
from imsedge.sdp.hiding import hide
from imsedge.sip.bodies import SDP
from imsedge.sip.errors import SipError
from imsedge.sip.fields import NameAddress, read_name_address
from imsedge.sip.grammar import Params
from imsedge.sip.message import Headers, SipMessage, SipRequest, SipResponse
from imsedge.sip.names import canonical, reason_phrase
from imsedge.sip.uri import SipUri, Uri, read_uri

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE", "INFO", "MESSAGE", "OPTIONS")
"""What crosses.  Others need a state or addresses that we do not map (REFER, SUBSCRIBE, REGISTER ...)."""

OFFERING = frozenset({"INVITE", "ACK", "PRACK", "UPDATE"})
"""Whose descriptions are of a call, and those of their responses."""

EXTENSIONS = frozenset({"100rel", "timer", "precondition", "early-session", "resource-priority"})
"""Option tags that two user agents can agree on with us in between."""

PASSING = frozenset(
    canonical(name)
    for name in (
        *("Accept", "Accept-Contact", "Accept-Encoding", "Accept-Language", "Accept-Resource-Priority"),
        *("Answer-Mode", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type"),
        *("Contribution-ID", "Conversation-ID", "Date", "Expires", "Info-Package", "Max-Forwards"),
        *("MIME-Version", "Min-Expires", "Min-SE", "Priority", "Priv-Answer-Mode", "Privacy", "RAck"),
        *("Recv-Info", "Reject-Contact", "Request-Disposition", "Resource-Priority", "Retry-After", "RSeq"),
        *("Session-Expires", "Session-ID", "Subject", "User-to-User"),
    )
)
TRUSTED = frozenset(
    canonical(name) for name in ("P-Asserted-Identity", "P-Asserted-Service", "P-Early-Media")
)

_FEATURES = frozenset(
    {"audio", "video", "text", "data", "application", "control", "automata", "class", "duplex", "mobility"}
    | {"description", "event", "priority", "methods", "schemes", "extensions", "isfocus", "actor", "language"}
)
"""Feature tags that have no plus sign (RFC 3840 clause 9)."""

_KEPT_URI_PARAMS = frozenset({"user", "isub", "npdi", "rn", "cpc", "oli"})
_CONTROLS = frozenset({"application/dtmf-relay", "application/dtmf", "application/media_control+xml"})
_ENVELOPES = frozenset({"message/sip", "message/sipfrag", "message/external-body", "message/http"})

_STATUSES = {401: 403, 407: 403}
_NOBODY = "unknown"


class View(NamedTuple):
    """The side where a message leaves.  ``own``: our Contact there.  ``peer``: host and port of the next hop.
    ``trusted``: the network there.  ``fields``: those that cross by the operator's will."""

    own: SipUri
    peer: SipUri
    trusted: bool = False
    fields: frozenset[str] = frozenset()


def shown_from(value: str, view: View, tag: str) -> str:
    """A From for the other side, with its tag there."""
    return str(_identity(read_name_address(value), view.own, tag))


def shown_to(value: str, view: View, tag: str = "") -> str:
    """A To for the other side."""
    return str(_identity(read_name_address(value), view.peer, tag))


def shown_target(uri: str, view: View) -> str:
    """The Request-URI of a request that makes a dialog or stands alone."""
    return str(_scrubbed(uri, view.peer))


def crossing(message: SipMessage, view: View) -> Iterator[tuple[str, str]]:
    """The header fields that say nothing about the dialog, as they are seen there."""
    names = names_in(message)
    for name, value in message.headers:
        rule = _RULES.get(canonical(name))
        if rule is not None:
            shown = rule(value, view)
        elif canonical(name) in TRUSTED:
            shown = _trusted(canonical(name), value, view)
        else:
            passes = canonical(name) in PASSING or name.lower() in view.fields
            shown = value if passes and not shows_host(value, names) else ""
        if shown:
            yield name, shown


def with_hidden_body(message: M, view: View, method: str, names: Collection[str] = ()) -> M:
    """``method``: of the request, or of that which a response answers.  ``names``: ``names_in`` what arrived.

    Descriptions of a call cross where they can be offers and answers, and of several parts they alone; what
    people and their applications say to each other crosses in requests that are for that.
    """
    kind = message.content_type
    described = kind == SDP or kind.startswith("multipart/")
    if method not in OFFERING or not described:
        says = isinstance(message, SipRequest) and kind and not described and _is_said(message, method, kind)
        return message if says and message.body else without_content(message)
    try:
        qualified = frozenset(name for name in names if "." in name)  # others may be any word of an attribute
        hidden = hide(body_text(message), view.own.host, qualified)
    except RemoteError:  # nothing can be seen of it, so nobody knows what it shows
        return without_content(message)
    return message.with_body(hidden.encode("utf-8", "surrogateescape"), SDP)


def _is_said(request: SipMessage, method: str, kind: str) -> bool:
    if method == "INFO":
        return kind in _CONTROLS or "Info-Package" in request.headers
    return method == "MESSAGE" and kind not in _ENVELOPES


def without_content(message: M) -> M:
    """No body, and no field about one."""
    kept = (field for field in message.headers if not canonical(field.name).lower().startswith("content-"))
    return message.with_headers(Headers(kept)).with_body(b"")


def contact(message: SipMessage, view: View) -> str | None:
    """Ours, with the feature tags of the one that was there."""
    try:
        theirs = message.contact
    except SipError:
        return None
    if theirs is None or (isinstance(message, SipResponse) and message.status >= 300):
        return None
    kept = (p for p in theirs.params if _is_feature(p.name.lower()) and not shows_host(p.value or ""))
    return str(NameAddress(str(view.own), params=Params(kept)))


def status_there(status: int) -> int:
    """What a final response becomes on its way to the other network."""
    return 480 if 300 <= status < 400 else _STATUSES.get(status, status)


def shown_reason(response: SipResponse) -> str:
    """The reason phrase is text that anybody may have written."""
    return reason_phrase(status_there(response.status))


def unsupported(request: SipRequest) -> tuple[str, ...]:
    """Option tags of Require that cannot be kept up across us."""
    return tuple(tag for tag in request.headers.all("Require") if tag.lower() not in EXTENSIONS)


# --- rules -------------------------------------------------------------------------------------------


def _options(value: str, _view: View) -> str:
    tags = (tag.strip() for tag in value.split(","))
    return ", ".join(tag for tag in tags if tag.lower() in EXTENSIONS)


def _allowed(value: str, _view: View) -> str:
    methods = (method.strip() for method in value.split(","))
    return ", ".join(method for method in methods if method in METHODS)


def _reason(value: str, _view: View) -> str:
    """``SIP;cause=480;text="..."``, also several."""
    kept = []
    for entry in value.split(","):
        protocol, *params = (part.strip() for part in entry.split(";"))
        cause = next((p for p in params if p.lower().startswith("cause=")), "")
        if cause[6:].isdigit() and protocol.upper() in {"SIP", "Q.850"}:
            kept.append(f"{protocol};{cause}")
    return ", ".join(kept)


def _warning(value: str, _view: View) -> str:
    return value if value.split()[1:2] == [SERVER_NAME] and not shows_host(value) else ""


_RULES: dict[str, Callable[[str, View], str]] = {
    "Supported": _options,
    "Require": _options,
    "Unsupported": _options,
    "Allow": _allowed,
    canonical("Reason"): _reason,
    canonical("Warning"): _warning,
}


def _trusted(name: str, value: str, view: View) -> str:
    if not view.trusted:
        return ""
    if name != canonical("P-Asserted-Identity"):
        return value
    entries = Headers([(name, value)]).all(name)
    try:
        return ", ".join(str(_identity(read_name_address(entry), view.own, "")) for entry in entries)
    except SipError:
        return ""


def _identity(party: NameAddress, instead: SipUri, tag: str) -> NameAddress:
    display = "" if shows_host(party.display) else party.display
    params = Params().put("tag", tag) if tag else Params()
    return NameAddress(str(_scrubbed(party.uri, instead)), display, params)


def _scrubbed(uri: str, instead: SipUri) -> Uri:
    """The same user, at ``instead`` where an address stood."""
    parsed = read_uri(uri)
    if not isinstance(parsed, SipUri):
        return instead if shows_host(uri) else parsed
    kept = Params(p for p in parsed.params if p.name.lower() in _KEPT_URI_PARAMS)
    user = _NOBODY if shows_host(parsed.user or "") else parsed.user
    bare = replace(parsed, user=user, params=kept, headers=None)
    return replace(bare, host=instead.host, port=instead.port) if is_address(bare.host) else bare


def _is_feature(name: str) -> bool:
    return (name.startswith("+") and name != "+sip.instance") or name in _FEATURES


def names_in(message: SipMessage) -> frozenset[str]:
    """Hosts that the message itself names as those on its way."""
    found: set[str] = set()
    for name in ("Via", "Record-Route", "Route", "Contact", "Path", "Call-ID"):
        for value in message.headers.all(name):
            found |= {word.lower() for word in _words(value)}
    return frozenset(found - {"", "sip", "sips", "lr", "transport", "udp", "tcp", "tls", "branch"})


def _words(value: str) -> Iterator[str]:
    """What stands where a host can stand."""
    for part in value.replace("<", " ").replace(">", " ").split():
        tail = part.rpartition("@")[2].removeprefix("sip:").removeprefix("sips:")
        host = tail.partition(";")[0]
        yield host.rpartition("[")[2].partition("]")[0] if "[" in host else host.partition(":")[0]
