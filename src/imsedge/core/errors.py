"""Whose fault it is, in the type.

::

    ImsedgeError
    +-- LocalError            our caller misused us: a bug, never caused by bytes from a peer
    +-- SettingError          the user gave a setting that cannot be; one sentence says what to do
    +-- RemoteError           the peer broke the rules; ``code`` is what its protocol answers
        +-- (each protocol package derives its own: H248Error, SipError, SdpError ...)

A parser raises ``RemoteError`` (or its own subclass) for any input whatsoever, and nothing else.
"""


class ImsedgeError(Exception):
    """Base of everything that imsedge raises on purpose."""


class LocalError(ImsedgeError):
    """Wrong use of an interface by our own code."""


class SettingError(ImsedgeError):
    """A setting that cannot be honoured; the text names the setting and says what to do."""


class RemoteError(ImsedgeError):
    """The peer sent something that its protocol does not allow.

    ``code``: the number to answer with in the peer's protocol (H.248 error code, SIP status ...).
    ``reason``: one sentence without quotes or line ends, safe to send back and to log.
    ``path``: where in the message, outermost first, e.g. ``("Transaction=7", "Add=$", "Local")``.
    ``offset``: octets from the start of the message, when known.
    """

    def __init__(self, code: int, reason: str, path: tuple[str, ...] = (), offset: int | None = None) -> None:
        super().__init__(code, reason, path, offset)
        self.code = code
        self.reason = reason
        self.path = path
        self.offset = offset

    def __str__(self) -> str:
        where = f" in {' / '.join(self.path)}" if self.path else ""
        at = f" at octet {self.offset}" if self.offset is not None else ""
        return f"{self.code} {self.reason}{where}{at}"
