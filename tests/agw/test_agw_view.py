"""What people and programs see of the contexts."""

import msgspec

from imsedge.bearer.messages import Established, Statistics
from imsedge.core.address import TransportAddress
from kit.gateway_talk import GatewayTalk

ADD = """Add = $ { Media { Stream = 1 { LocalControl { Mode = SendReceive }, Local { v=0
c=IN IP4 $
m=- $ TCP -
} } } }"""
PEER = TransportAddress("198.51.100.7", 7654)


def test_the_view_is_json_and_tells_who_is_connected() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD}, {ADD} }}")
    talk.happen(Established(1, 0.0, PEER, PEER, accepted=True), Statistics(1, 0.0, talk.plane.counters))
    (context,) = msgspec.json.decode(msgspec.json.encode(talk.gateway.contexts()))
    first, second = context["terminations"]
    assert context["id"] == 1
    assert first["name"] == "ip/core/1"
    assert first["realm"] == "core"
    assert first["streams"] == [
        {
            "id": 1,
            "link": 1,
            "transport": "tcp",
            "state": "connected",
            "mode": "sendrecv",
            "setup": "actpass",
            "local": "10.0.0.1:30000",
            "remote": None,
            "peer": "198.51.100.7:7654",
            "counters": msgspec.structs.asdict(talk.plane.counters),
            "path": None,
        }
    ]
    assert second["streams"][0]["state"] == "idle"
