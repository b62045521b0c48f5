"""What people see of a call."""

from kit.edge_bodies import OFFER, core_answer
from kit.edge_talk import EdgeTalk


def test_calls_are_shown() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer("passive"))
    (call,) = talk.edge.calls()
    assert (call.direction, call.state, call.gateway) == ("originating", "confirmed", "[10.0.0.9]:2944")
    assert (call.access_termination, call.core_termination) == ("ip/access/1", "ip/core/1")
    (stream,) = call.streams
    assert (stream.access, stream.access_peer) == ("203.0.113.5:30001", "198.51.100.7:7654")
    assert (stream.core, stream.core_peer) == ("10.0.0.1:30000", "10.9.9.9:2855")
