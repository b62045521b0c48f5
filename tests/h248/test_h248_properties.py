"""Model -> text -> model, for every version and both styles; and: no octets bring the decoder down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import LocalError
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.errors import H248Error
from imsedge.h248.model import Message
from kit.h248_strategies import messages

TEXT = (Encoding.PRETTY, Encoding.COMPACT)


@pytest.mark.parametrize("encoding", TEXT)
@given(st.integers(1, 3).flatmap(lambda version: messages(version, wild=True)))
def test_what_is_written_in_text_is_read_back(encoding: Encoding, message: Message) -> None:
    assert decode(encode(message, encoding)) == message


@given(st.integers(1, 3).flatmap(messages))
def test_what_is_written_in_binary_is_read_back(message: Message) -> None:
    assert decode(encode(message, Encoding.BER)) == message


@given(messages())
def test_pretty_and_compact_say_the_same(message: Message) -> None:
    assert decode(encode(message, Encoding.PRETTY)) == decode(encode(message, Encoding.COMPACT))


@given(st.binary(max_size=200))
def test_any_octets_are_a_message_or_one_error(data: bytes) -> None:
    _decode_or_blame(data)


@given(messages(wild=True), st.data())
def test_a_damaged_message_is_a_message_or_one_error(message: Message, data: st.DataObject) -> None:
    octets = bytearray(encode(message, data.draw(st.sampled_from(TEXT))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets) - 1))
        match data.draw(st.sampled_from(("cut", "change", "insert", "end"))):
            case "cut":
                del octets[at : at + data.draw(st.integers(1, 8))]
            case "change":
                octets[at] = data.draw(st.integers(0, 255))
            case "insert":
                octets[at:at] = data.draw(
                    st.sampled_from((b"{", b"}", b",", b"=", b"[", b"]", b'"', b";", b"\\"))
                )
            case "end":
                del octets[at:]
        if not octets:
            break
    _decode_or_blame(bytes(octets))


@given(messages(), st.data())
def test_a_damaged_binary_message_is_a_message_or_one_error(message: Message, data: st.DataObject) -> None:
    octets = bytearray(encode(message, Encoding.BER))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(octets) - 1))
        octets[at] = data.draw(st.one_of(st.integers(0, 255), st.sampled_from((0x80, 0x84, 0xA0, 0x30))))
    end = data.draw(st.one_of(st.just(len(octets)), st.integers(0, len(octets))))
    _decode_or_blame(bytes(octets[:end]))


@given(st.binary(max_size=60))
def test_a_sequence_of_any_octets_is_a_message_or_one_error(data: bytes) -> None:
    _decode_or_blame(b"\x30" + bytes((len(data),)) + data)


def _decode_or_blame(data: bytes) -> None:
    """Either one error with a code, or a message; a message without errors inside can be written again."""
    try:
        message = decode(data)
    except H248Error as blame:
        if not 400 <= blame.code <= 472:
            raise
        return
    binary = data[:1] == b"\x30"
    try:
        again = encode(message, Encoding.BER if binary else Encoding.COMPACT)
    except LocalError as cannot:
        # what could not be read cannot be sent, nor a token that is too new or a value of another type
        if (
            "ErrorDescriptor(" not in repr(message)
            and message.version >= 3
            and "in binary" not in str(cannot)
        ):
            raise
    else:
        # in binary a value of the wrong type becomes one of the right type, once
        assert encode(decode(again), Encoding.BER) == again if binary else decode(again) == message
