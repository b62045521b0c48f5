"""Questions to an NG server on a virtual clock: cookies, repetition, silence, nonsense."""

from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER, Tick
from imsedge.ng.bencode import Value, write
from imsedge.ng.client import MAX_OPEN, WAITS, Answered, Ask, Client, Output, Received, Transmit

PING = Ask("a tag", {"command": "ping"})


def asked() -> tuple[Client, bytes]:
    client = Client(CountingIds())
    (sent,) = client.handle(PING, 0.0)
    assert isinstance(sent, Transmit)
    cookie, _, body = sent.octets.partition(b" ")
    assert body == b"d7:command4:pinge"
    return client, cookie


def test_an_answer_comes_back_with_the_tag() -> None:
    client, cookie = asked()
    answer: dict[str, Value] = {"result": "pong"}
    assert client.handle(Received(cookie + b" " + write(answer)), 0.1) == [Answered("a tag", answer)]
    assert client.deadline == NEVER


def test_silence_is_asked_again_in_the_same_words_and_then_believed() -> None:
    client, cookie = asked()
    said: list[Output] = []
    while client.deadline < NEVER:
        said += client.handle(Tick(), client.deadline)
    again = Transmit(cookie + b" d7:command4:pinge")
    assert said == [again] * (len(WAITS) - 1) + [Answered("a tag", None)]
    assert client.handle(Received(cookie + b" de"), 9.0) == []


def test_nonsense_is_passed_over() -> None:
    client, cookie = asked()
    for octets in (b"", b"other de", cookie, cookie + b" ", cookie + b" i1e", cookie + b" d1:a", b"\xff de"):
        assert client.handle(Received(octets), 0.1) == []
    assert client.deadline == WAITS[0]


def test_open_questions_have_a_limit() -> None:
    client = Client(CountingIds())
    for _ in range(MAX_OPEN):
        client.handle(PING, 0.0)
    assert client.handle(PING, 0.0) == [Answered("a tag", None)]
