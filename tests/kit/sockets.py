"""Addresses for tests."""

import socket

from imsedge.core.address import TransportAddress


def free_address(transport: str) -> TransportAddress:
    """A loopback address that was free a moment ago; ``transport`` is ``udp`` or ``tcp``."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return TransportAddress(*probe.getsockname())
