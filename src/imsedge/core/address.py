"""Transport addresses, as every layer passes them around."""

import ipaddress
from typing import NamedTuple


class TransportAddress(NamedTuple):
    """An IP address literal (no brackets, no names) and a port 0..65535."""

    host: str
    port: int

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.host

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"


def read_transport_address(text: str) -> TransportAddress:
    """``127.0.0.1:5060`` or ``[::1]:5060``; ``ValueError`` says what is wrong."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    ipaddress.ip_address(host)
    number = int(port)
    if not 0 <= number <= 65_535:
        raise ValueError(f"port {number} is not in 0..65535")
    return TransportAddress(host, number)
