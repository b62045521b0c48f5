"""The two figures of TR 29.828 clause 5.2.1.2 as conversations, and what crosses the four SDP hops."""

import pytest

from kit.edge_talk import FINGERPRINT, EdgeTalk, sdp

OFFER = sdp(
    "m=message 7654 TCP/TLS/MSRP *",
    "a=accept-types:text/plain",
    "a=setup:actpass",
    "a=msrp-cema",
    "a=path:msrps://198.51.100.7:7654/abc;tcp",
    f"a=fingerprint:{FINGERPRINT}",
    "a=3ge2ae:requested",
)


def answer(setup: str) -> str:
    return sdp(
        "m=message 9 TCP/MSRP *" if setup == "active" else "m=message 2855 TCP/MSRP *",
        f"a=setup:{setup}",
        "a=msrp-cema",
        "a=path:msrp://10.9.9.9:2855/xyz;tcp",
        host="10.9.9.9",
    )


@pytest.mark.parametrize("setup", ["active", "passive"])
def test_originating_call_from_invite_to_bye(setup: str) -> None:
    talk = EdgeTalk()
    assert talk.invite(OFFER) == ["gw Reserve core", "gw Reserve And Configure access", "core INVITE"]
    print("\n".join(talk.body("core")))
    assert talk.answer(200, answer(setup)) == ["gw Configure core", "gw Configure access", "ue 200 INVITE"]
    print("\n".join(talk.body("ue")))
    assert talk.inside("ue", "ACK") == ["core ACK"]
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
    assert talk.reply("core", 200, method="BYE") == ["ue 200 BYE"]
    assert talk.edge.calls() == []
    assert talk.real.is_empty()
