"""Small pieces of SIP messages that a call makes or changes."""

from typing import TypeVar

from imsedge.alg.settings import SERVER_NAME
from imsedge.sip.bodies import description_of, with_description
from imsedge.sip.errors import SipError
from imsedge.sip.fields import SipWarning
from imsedge.sip.grammar import quote
from imsedge.sip.message import SipMessage, SipRequest, SipResponse, make_response
from imsedge.sip.routing import unsupported

M = TypeVar("M", SipRequest, SipResponse, SipMessage)

# RFC 3261 clause 20.43: 399 carries text for people; the more exact codes name single SDP fields.
MISCELLANEOUS_WARNING = 399


def body_text(message: SipMessage) -> str:
    """The session description as text, also when it is one part of the body; ``""`` where none can be seen.

    Octets that are no UTF-8 survive as surrogates.
    """
    try:
        return (description_of(message) or b"").decode("utf-8", "surrogateescape")
    except SipError:  # a refusal; in all else the negotiation has complained already
        return ""


def with_text(message: M, text: str) -> M:
    """The same message with this session description; other parts of its body stay."""
    if text == body_text(message):
        return message
    return with_description(message, text.encode("utf-8", "surrogateescape"))


def without_body(message: M) -> M:
    """The same message with nothing in it."""
    if not message.body:
        return message
    return message.with_headers(message.headers.without("Content-Type")).with_body(b"")


def refusal(
    request: SipRequest, status: int, reason: str, *, to_tag: str, retry_after: int = 0
) -> SipResponse:
    """A final response that says why: ``Warning: 399 imsedge "reason"``."""
    headers = [("Warning", str(SipWarning(MISCELLANEOUS_WARNING, SERVER_NAME, reason)))]
    if status == 503 and retry_after:
        headers.append(("Retry-After", str(retry_after)))
    if status == 420:
        headers.append(("Unsupported", ", ".join(unsupported(request))))
    return make_response(request, status, to_tag=to_tag, headers=headers)


def with_reason(request: SipRequest, status: int, reason: str) -> SipRequest:
    """A request of our own that says why (RFC 3326)."""
    value = f"SIP;cause={status};text={quote(reason)}"
    return request.with_headers(request.headers.with_last("Reason", value))
