"""What leaves: pretty for people, compact for the wire; and what our own code must not hand in."""

import pytest

from imsedge.core.errors import LocalError
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    AmmDescriptor,
    CommandReply,
    CommandRequest,
    ContextAudit,
    DeviceMid,
    DigitMap,
    Embedded,
    ErrorDescriptor,
    Events,
    LocalControl,
    Media,
    Message,
    Multiplex,
    Packages,
    Parameter,
    RequestedEvent,
    ServiceChange,
    Signal,
    Signals,
    Stream,
    TerminationState,
    Transaction,
    TransactionAck,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from imsedge.h248.text.style import Style, checked_value, checked_word, quoted
from imsedge.h248.text.write_descriptors import write_parameter

PRETTY = b"""\
MEGACO/3 gw
Transaction = 1 {
  Context = - {
    Modify = t {
      Media {
        Stream = 1 {
          LocalControl {
            Mode = SendReceive,
            gm/saf = ON
          },
          Local {
v=0
}
        }
      },
      Signals
    }
  }
}
"""
COMPACT = b"!/3 gw T=1{C=-{MF=t{M{ST=1{O{MO=SR,gm/saf=ON},L{v=0\n}}},SG}}}"


def message(*descriptors: object) -> Message:
    command = CommandRequest(Verb.MODIFY, ("t",), descriptors=descriptors)  # type: ignore[arg-type]
    return Message(3, DeviceMid("gw"), (TransactionRequest(1, (ActionRequest(0, (command,)),)),))


@pytest.mark.parametrize(("encoding", "octets"), [(Encoding.PRETTY, PRETTY), (Encoding.COMPACT, COMPACT)])
def test_both_styles(encoding: Encoding, octets: bytes) -> None:
    assert encode(decode(octets), encoding) == octets
    assert decode(PRETTY) == decode(COMPACT)


@pytest.mark.parametrize(
    "descriptor",
    [
        Media((Stream(1, local="v=0\\"),)),
        Media((Stream(1, local="v=\x00"),)),
        Media((Stream(1, LocalControl(properties=(Parameter("a/b", ("x y",)),))),)),
        Media((Stream(1, LocalControl(properties=(Parameter("a/b", ('x"',)),))),)),
        Media((Stream(1, LocalControl(properties=(Parameter("a b", ("x",)),))),)),
        Signals((Signal("a{b"),)),
        Events(1, (RequestedEvent("a/b", parameters=(Parameter("x}", ("1",)),)),)),
        DigitMap("plan", "x}"),
        Media((Stream(1, local="\ud800"),)),
    ],
)
def test_values_that_text_cannot_carry_are_our_own_mistake(descriptor: object) -> None:
    with pytest.raises(LocalError):
        encode(message(descriptor), Encoding.COMPACT)


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\x07"])
def test_what_cannot_be_quoted(text: str) -> None:
    with pytest.raises(LocalError):
        quoted(text)
    with pytest.raises(LocalError):
        encode(Message(1, DeviceMid("gw"), ErrorDescriptor(400, text)), Encoding.PRETTY)


def test_a_reason_is_always_quoted() -> None:
    change = CommandRequest(Verb.SERVICE_CHANGE, ("ROOT",), service_change=ServiceChange("Restart", "901"))
    octets = encode(
        Message(1, DeviceMid("gw"), (TransactionRequest(1, (ActionRequest(0, (change,)),)),)),
        Encoding.COMPACT,
    )
    assert b'RE="901"' in octets


def test_words_and_values() -> None:
    assert checked_word("ip/access/1") == "ip/access/1"
    assert checked_value('"any thing"') == '"any thing"'
    assert checked_value("[192.0.2.1]:5") == "[192.0.2.1]:5"
    assert write_parameter(Style(pretty=True), Parameter("a/b", ())) == "a/b"


@pytest.mark.parametrize(
    ("version", "body"),
    [
        (2, "T=1{C=1{MF=[a,b]}}"),
        (2, "T=1{C=1{EGO,MF=a}}"),
        (2, "T=1{C=1{TP{a,b,OWE},MF=a}}"),
        (2, "T=1{C=1{TP{a,b,BW,ST=1},MF=a}}"),
        (2, "T=1{C=1{MF=a{E=1{a/b{NBNN}}}}}"),
        (2, "T=1{C=1{MF=a{SG{a/b{SPADI=EX}}}}}"),
        (2, "P=1/1{C=1{MF=a}}"),
        (2, "SM=1/1"),
        (1, "T=1{C=1{MF=a{MX=N64{b}}}}"),
    ],
)
def test_what_is_too_new_for_the_version_is_not_sent(version: int, body: str) -> None:
    with pytest.raises(LocalError, match="came with version"):
        encode(decode(f"!/{version} gw {body}".encode()), Encoding.COMPACT)
    assert encode(decode(f"!/3 gw {body}".encode()), Encoding.COMPACT)


def test_a_version_that_does_not_exist_cannot_be_written() -> None:
    with pytest.raises(LocalError):
        encode(Message(4, DeviceMid("gw"), ErrorDescriptor(400)), Encoding.PRETTY)


@pytest.mark.parametrize(
    "descriptor",
    [
        Media(),
        Media((Stream(None, LocalControl()),)),
        Media((Stream(1),), TerminationState()),
    ],
)
def test_descriptors_without_contents_are_left_out(descriptor: Media) -> None:
    assert encode(message(descriptor), Encoding.COMPACT) == b"!/3 gw T=1{C=-{MF=t}}"


@pytest.mark.parametrize(
    "transaction",
    [
        TransactionRequest(1, (ActionRequest(1),)),
        TransactionRequest(1, (ActionRequest(1, audit=ContextAudit()),)),
        TransactionAck(()),
        TransactionReply(1, (ActionReply(1, (CommandReply(Verb.AUDIT_VALUE, (), listed=True),)),)),
    ],
)
def test_lists_that_must_hold_something_are_not_written_empty(transaction: Transaction) -> None:
    with pytest.raises(LocalError, match="needs something"):
        encode(Message(3, DeviceMid("gw"), (transaction,)), Encoding.COMPACT)


@pytest.mark.parametrize(
    "descriptor",
    [
        Events(1, (RequestedEvent("a/b", embedded=Embedded()),)),
        Multiplex("H221", ()),
        DigitMap(),
    ],
)
def test_descriptors_that_must_hold_something_are_not_written_empty(descriptor: AmmDescriptor) -> None:
    with pytest.raises(LocalError, match="need"):
        encode(message(descriptor), Encoding.COMPACT)


def test_no_packages_are_the_bare_token() -> None:
    reply = TransactionReply(
        1, (ActionReply(0, (CommandReply(Verb.AUDIT_VALUE, ("ROOT",), (Packages(),)),)),)
    )
    assert encode(Message(3, DeviceMid("gw"), (reply,)), Encoding.COMPACT) == b"!/3 gw P=1{C=-{AV=ROOT{PG}}}"
