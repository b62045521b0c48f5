"""``tcpbcc/RelBNC``: a connection goes and makes room for another one, before anything new is told."""

from imsedge.bearer.messages import Configure, Established, Hangup, StartTcp, StartTls
from imsedge.core.address import TransportAddress
from imsedge.security.fingerprint import fingerprint_of
from kit.gateway_talk import GatewayTalk

HERE, PEER = TransportAddress("10.0.0.1", 30_000), TransportAddress("10.9.9.9", 2855)
FINGERPRINT = fingerprint_of(b"somebody")


def remote(port: int = 2855) -> str:
    return f"Remote {{\nv=0\nc=IN IP4 10.9.9.9\nm=- {port} TCP/TLS -\na=fingerprint:{FINGERPRINT}\n}}"


def talk() -> GatewayTalk:
    made = GatewayTalk()
    local = "Local {\nv=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=setup:active\n}"
    signals = "Signals { tlsbsc/EstBNC, tcpbcc/EstBNC }"
    add = f'Add = $ {{ Media {{ LocalControl {{ ipdc/realm = "core" }}, {local}, {remote()} }}, {signals} }}'
    assert made.code(f"Context = $ {{ {add} }}") == 0
    made.happen(Established(1, 0.0, HERE, PEER, accepted=False))
    made.plane.orders.clear()
    return made


def test_the_old_connection_goes_before_the_new_terms_come() -> None:
    made = talk()
    signals = "Signals { tcpbcc/RelBNC, tlsbsc/EstBNC, tcpbcc/EstBNC }"
    assert made.code(f"Context = 1 {{ Modify = ip/core/1 {{ Media {{ {remote(2900)} }}, {signals} }} }}") == 0
    kinds = [type(order) for order in made.plane.orders]
    assert kinds == [Hangup, Configure, StartTls, StartTcp]


def test_alone() -> None:
    made = talk()
    assert made.code("Context = 1 { Modify = ip/core/1 { Signals { tcpbcc/RelBNC } } }") == 0
    assert made.plane.orders == [Hangup(1)]


def test_a_stream_that_is_not_there() -> None:
    made = talk()
    assert made.code("Context = 1 { Modify = ip/core/1 { Signals { tcpbcc/RelBNC { Stream = 7 } } } }") == 449
    assert made.plane.orders == []


def test_it_is_told_among_what_can_be_signalled() -> None:
    assert "tcpbcc/RelBNC" in talk().ask("Context = 1 { AuditCapability = ip/core/1 { Audit { Signals } } }")
