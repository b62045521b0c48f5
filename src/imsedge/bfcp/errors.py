"""What a BFCP peer can be blamed for."""

from imsedge.core.errors import RemoteError


class BfcpError(RemoteError):
    """``code`` is that of ERROR-CODE (RFC 8855 clause 5.2.6); the stream has no border left to trust."""
