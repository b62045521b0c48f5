"""What an MSRP peer can be blamed for."""

from imsedge.core.errors import RemoteError


class MsrpError(RemoteError):
    """``code`` is the MSRP status that fits; after one the stream has no message border left to trust."""
