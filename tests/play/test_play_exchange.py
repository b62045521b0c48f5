"""H.248 by hand: two exchanges with each other, over every transport and encoding."""

import socket
import threading
from typing import Any

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError, SettingError
from imsedge.h248.codec import DEFAULT_BINARY, Encoding, decode
from imsedge.h248.dialect import Dialect
from imsedge.h248.model import TransactionRequest
from imsedge.h248.sources import find_messages
from imsedge.play.exchange import Exchange, run
from kit.sockets import free_address

pytestmark = pytest.mark.system

CALL = (
    b"MEGACO/2 [127.0.0.1] Transaction = 1 { Context = $ { Add = $, Add = ip/core/$ } }",
    b"!/1 [127.0.0.1] T=2{C=%CTX%{MF=%T1%,S=%T2%}} T=3{C=-{AV=ROOT{AT{}}}}",
)
NOBODY = TransportAddress("127.0.0.1", 9)
NOTIFY = (b"!/1 [127.0.0.1] T=1{C=7{N=ip/access/1{OE=9{g/cause}}}}",)


class Behind(threading.Thread):
    """An exchange that runs beside the test."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(daemon=True)
        self.exchange, self.said, self.good = exchange, list[str](), False
        self.start()

    def run(self) -> None:
        self.good = run(self.exchange, self.said.append)


def requests(said: list[str]) -> list[Any]:
    """What was asked, repeats left out."""
    messages = [decode(found.data).body for found in find_messages("".join(said).encode())]
    found = [one for body in messages if isinstance(body, tuple) for one in body]
    return list(dict.fromkeys(one.actions for one in found if isinstance(one, TransactionRequest)))


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_gateway_registers_and_both_speak(transport: str, encoding: Encoding) -> None:
    address = free_address(transport)
    waits = Behind(Exchange(CALL, listen=address, transport=transport, encoding=encoding, linger=0.3))
    said: list[str] = []
    asks = Exchange(
        NOTIFY, address, as_gateway=True, transport=transport, encoding=encoding, linger=0.4, patience=3
    )
    while not run(asks, said.append):  # the other side may not listen yet
        said.clear()
    waits.join(5)
    assert waits.good
    asked = requests(waits.said)
    assert set(requests(said)) == set(asked)
    assert len(asked) == 5  # registration, notify, and three of the controller
    modify = next(actions for actions in asked if len(actions[0].commands) == 2 and actions[0].context < 1000)
    assert [command.terminations[0].rpartition("/")[0] for command in modify[0].commands] == ["ip/access"] * 2


def test_the_peer_has_other_words() -> None:
    theirs = DEFAULT_BINARY.replace(dialect=Dialect({"g/cause": "x/why"}))
    said: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        to = TransportAddress(*peer.getsockname())
        run(Exchange(NOTIFY, to, patience=0.3, binary=theirs), said.append)
        assert b"x/why" in peer.recv(9_000)
    assert "g/cause" in said[0]


def test_without_an_answer_it_fails_and_says_why() -> None:
    said: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        to = TransportAddress(*deaf.getsockname())
        assert not run(Exchange(NOTIFY, to, patience=0.3), said.append)
    assert said[-1] == "; no reply: no answer until T-MAX\n"


def test_a_reply_with_an_error_fails_and_what_is_no_message_is_shown() -> None:
    said: list[str] = []

    def answer(peer: socket.socket) -> None:
        data, source = peer.recvfrom(9_000)
        body: Any = decode(data).body
        peer.sendto(b"hello", source)
        peer.sendto(b"!/1 <x> P=%d{C=7{ER=430{}}}" % body[0].id, source)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=answer, args=(peer,))
        thread.start()
        to = TransportAddress(*peer.getsockname())
        assert not run(Exchange(NOTIFY, to, patience=3, linger=0.05), said.append)
        thread.join()
    assert any("; 5 octets that are no message: 400" in text for text in said)


def test_what_was_refused_has_no_mark() -> None:
    add, subtract = b"!/1 <x> T=1{C=${A=$}}", b"!/1 <x> T=1{C=%CTX%{S=%T1%}}"
    said: list[str] = []

    def answer(peer: socket.socket) -> None:
        for result in (b"C=${A=${ER=510{}}}", b"C=7{A=ip/access/1}", b"C=7{S=ip/access/1}"):
            data, source = peer.recvfrom(9_000)
            body: Any = decode(data).body
            peer.sendto(b"!/1 <x> P=%d{%s}" % (body[0].id, result), source)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=answer, args=(peer,), daemon=True)
        thread.start()
        to = TransportAddress(*peer.getsockname())
        assert not run(Exchange((add, add, subtract), to, patience=3), said.append)
        thread.join(5)
    last = requests(said)[-1][0]
    assert (last.context, last.commands[0].terminations) == (7, ("ip/access/1",))


@pytest.mark.parametrize(
    ("exchange", "error", "sentence"),
    [
        (Exchange(NOTIFY), SettingError, "--to"),
        (Exchange(NOTIFY, listen=TransportAddress("192.0.2.1", 1)), SettingError, "cannot be used"),
        (Exchange((b"!/1 <x> T=1{C=%CTX%{AV=ROOT}}",), NOBODY), SettingError, "%CTX% is used before"),
        (Exchange((b"INVITE",), NOBODY), RemoteError, "400"),
        (Exchange((b"!/1 <x> T=1{Foo}",), TransportAddress("::1", 9)), RemoteError, "4"),
        (Exchange((b"!/1 <x> T=1{C=1{A=${M{Foo}}}}",), NOBODY), RemoteError, "444 .* at octet 22"),
    ],
)
def test_what_cannot_be_sent(exchange: Exchange, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        run(exchange, lambda _: None)
