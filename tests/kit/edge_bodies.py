"""The session descriptions of the worked example (MSRP, e2ae), as each party writes them."""

from kit.edge_talk import FINGERPRINT, sdp

OFFER = sdp(
    "m=message 7654 TCP/TLS/MSRP *",
    "a=accept-types:text/plain",
    "a=setup:actpass",
    "a=msrp-cema",
    "a=path:msrps://198.51.100.7:7654/abc;tcp",
    f"a=fingerprint:{FINGERPRINT}",
    "a=3ge2ae:requested",
)
"""The UE offers."""

CORE_OFFER = sdp(
    "m=message 2855 TCP/MSRP *",
    "a=accept-types:text/plain",
    "a=setup:actpass",
    "a=msrp-cema",
    "a=path:msrp://10.9.9.9:2855/xyz;tcp",
    host="10.9.9.9",
)
"""The core offers."""


def core_answer(setup: str = "active", port: int | None = None) -> str:
    """The core answers; who only calls says port 9."""
    number = port if port is not None else (9 if setup == "active" else 2855)
    return sdp(
        f"m=message {number} TCP/MSRP *",
        f"a=setup:{setup}",
        "a=msrp-cema",
        "a=path:msrp://10.9.9.9:2855/xyz;tcp",
        host="10.9.9.9",
    )


def ue_answer(setup: str = "active", port: int | None = None) -> str:
    """The UE answers."""
    number = port if port is not None else (9 if setup == "active" else 7654)
    return sdp(
        f"m=message {number} TCP/TLS/MSRP *",
        f"a=setup:{setup}",
        "a=msrp-cema",
        "a=path:msrps://198.51.100.7:7654/abc;tcp",
        f"a=fingerprint:{FINGERPRINT}",
    )
