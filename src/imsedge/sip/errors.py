"""The one error of the SIP packages."""

from typing import TYPE_CHECKING

from imsedge.core.errors import RemoteError

if TYPE_CHECKING:
    from imsedge.sip.message import SipRequest


class SipError(RemoteError):
    """The peer broke SIP; ``code`` is the status to answer with (RFC 3261 clause 21).

    ``request``: what could be read of a broken request, with at least Via, From, To, Call-ID and CSeq, so
    that it can be answered; ``None`` when it cannot (then it is dropped) or when it was a response.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        path: tuple[str, ...] = (),
        offset: int | None = None,
        *,
        request: "SipRequest | None" = None,
    ) -> None:
        super().__init__(code, reason, path, offset)
        self.request = request

    def inside(self, name: str) -> "SipError":
        """The same error, one level further in."""
        return SipError(self.code, self.reason, (name, *self.path), self.offset, request=self.request)
