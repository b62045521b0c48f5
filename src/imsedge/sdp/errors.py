"""What a peer's session description can be blamed for."""

from imsedge.core.errors import RemoteError


class SdpError(RemoteError):
    """``code`` is the SIP status that fits: 400 what cannot be read, 488 what cannot be used here."""
