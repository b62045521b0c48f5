"""How far the damage of a syntax error reaches: the message, a transaction, an action or one command."""

import pytest

from imsedge.core.errors import LocalError, RemoteError
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.errors import TEXTS, H248Error, describe
from imsedge.h248.limits import MAX_MESSAGE, MAX_TRANSACTIONS
from imsedge.h248.model import (
    CommandRequest,
    ErrorDescriptor,
    IpMid,
    Message,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from kit.h248_text import body_of

HEAD = "!/3 [192.0.2.1] "


def blame(octets: bytes) -> H248Error:
    with pytest.raises(H248Error) as caught:
        decode(octets)
    return caught.value


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", 400),
        (b"   ", 400),
        (b"\x00\x01\x02", 400),
        (b"MEGACO", 400),
        (b"MEGACO/3", 400),
        (b"MEGACO/3 [192.0.2.1]", 400),
        (b"MEGACO/3 [192.0.2.999] PN=1{}", 400),
        (b"MEGACO/3 [192.0.2.1]:99999 PN=1{}", 400),
        (b"MEGACO/3 <> PN=1{}", 400),
        (b"SIP/2.0 200 OK", 400),
        (b"!/0 [192.0.2.1] PN=1{}", 406),
        (b"!/4 [192.0.2.1] PN=1{}", 406),
        (b"!/3 [192.0.2.1] FOO=1{}", 400),
        (b"!/3 [192.0.2.1] ER=xyz{}", 442),
    ],
)
def test_a_message_that_is_none_is_one_error(octets: bytes, code: int) -> None:
    assert blame(octets).code == code


def test_the_offset_counts_octets() -> None:
    octets = "!/3 [192.0.2.1] ;\u00e9\u00e9\n  FOO=1{}".encode()
    assert blame(octets).offset == octets.index(b"FOO")


def test_one_transaction_more_than_allowed() -> None:
    assert len(decode((HEAD + "PN=1{}" * MAX_TRANSACTIONS).encode()).body) == MAX_TRANSACTIONS  # type: ignore[arg-type]
    assert blame((HEAD + "PN=1{}" * (MAX_TRANSACTIONS + 1)).encode()).code == 413


def test_one_octet_more_than_allowed() -> None:
    octets = (HEAD + "PN=1{}").encode()
    padded = octets + b" " * (MAX_MESSAGE - len(octets))
    assert decode(padded).body == (TransactionPending(1),)
    assert blame(padded + b" ").code == 400


# What is wrong in the only command of a transaction -> the code in its place.
COMMANDS = {
    "A=t{FOO}": 444,
    "A=t{FOO{a{b}}}": 444,
    "A=t{OE=1{g/cause}}": 447,
    "A=t{PG{g-1}}": 447,
    "S=t{M{O{MO=SR}}}": 447,
    "N=t{SV{MT=RS,RE=901}}": 447,
    "SC=ROOT{AT{}}": 447,
    "A=t{M{O{MO=SR}},M{O{MO=SR}}}": 448,
    "A=t{M{O{MO=SR},O{MO=SR}}}": 448,
    "A=t{M{TS{SI=IV},TS{SI=IV}}}": 448,
    "A=t{M{L{v=0},L{v=0}}}": 448,
    "A=t{M{O{MO=SR,MO=IN}}}": 456,
    "A=t{M{O{a/b=1,A/B=2}}}": 456,
    "A=t{SG{a/b{ST=1,ST=2}}}": 456,
    "A=t{E=1{a/b{KA,KA}}}": 456,
    "SC=ROOT{SV{MT=RS,MT=FO,RE=901}}": 456,
    "A=t{M{O{SI=IV}}}": 455,
    "A=t{M{TS{MO=SR}}}": 455,
    "SC=ROOT{SV{MT=RS,RE=901,AD=1,MG=<a>}}": 455,
    "A=t{M{O{foo=1}}}": 445,
    "A=t{M{TS{foo=1}}}": 445,
    "A=t{M{O{a/b/c=1}}}": 445,
    "SC=ROOT{SV{MT=RS,RE=901,FOO=1}}": 446,
    "A=t{M{O{MO=XX}}}": 449,
    "A=t{M{O{RV=maybe}}}": 449,
    "A=t{SG{a/b{SY=XX}}}": 449,
    "A=t{SG{a/b{NC={XX}}}}": 449,
    "SC=ROOT{SV{MT=XX,RE=901}}": 449,
    "SC=ROOT{SV{MT=RS}}": 472,
    "N=t": 472,
    "SC=ROOT": 472,
    "A=t{}": 444,
    "A=t{M}": 442,
    "A=t{M{O{MO}}}": 449,
    "A=t{M{O{a/b}}}": 442,
    "A=t{M{O{a/b={}}}}": 442,
    "A=t{M{O{a/b=[1:2:3]}}}": 442,
    "A=t{M{O{a/b=[1,2}}}": 442,
    "A=t{M{ST=70000{O{MO=SR}}}}": 442,
    "A=t{M{ST{O{MO=SR}}}}": 442,
    "A=t{M{ST=1{O{MO=SR}},O{MO=SR}}}": 442,
    "A=t{M{Local=x}}": 442,
    "A=t{E=1{}}": 442,
    "A=t{E=4294967296{a/b}}": 442,
    "A=t{E=1{foo}}": 442,
    "A=t{SG{foo}}": 442,
    "A=t{SG{a/b{DR=-1}}}": 442,
    "A=t{E=1{a/b{EM{E=2{a/b{EM{E=3{a/b}}}}}}}}": 442,
    "A=t{E=1{a/b{EM{M}}}}": 442,
    "A=t{E=1{a/b{NBRN{SG}}}}": 442,
    "A=t{DM}": 442,
    "A=t{MX=H999{a}}": 449,
    "A=t{MD=V99}": 449,
    "N=t{OE=1{x:a/b}}": 442,
    "N=t{OE={a/b}}": 442,
    "A=t{M{O{MO=SR}}SG}": 442,
    'A=t{SG{a/b{"x"=1}}}': 442,
    "A=t{SG{a/b{DM={1|2}}}}": 442,
    "A=t{SG{a/b{L{v=0}}}}": 442,
    "SC=ROOT{SV{MT=RS,RE=901,PF=no^name/1}}": 442,
    "AV=t{AT{M{O{MO=acme}}}}": 449,
    "A=t{M{O{a/b=<x>}}}": 442,
    "AV=t{AT{FOO}}": 444,
    "AV=t{AT{OE{a}}}": 442,
    "AV=t{AT{PG{g}}}": 442,
}


@pytest.mark.parametrize(("command", "code"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_that_cannot_be_read_leaves_its_neighbours_alone(command: str, code: int) -> None:
    (request,) = body_of(decode(f"{HEAD}T=1{{C=1{{MF=before,{command},MF=after}}}}".encode()))
    assert isinstance(request, TransactionRequest)
    before, wrong, after = request.actions[0].commands
    assert (before, after) == tuple(CommandRequest(Verb.MODIFY, (name,)) for name in ("before", "after"))
    assert wrong.error is not None
    assert (wrong.error.code, wrong.descriptors) == (code, ())
    assert wrong.error.text.startswith(TEXTS[code])


# What is wrong in an action -> the code, and how many commands before it were read.
ACTIONS = {
    "C=1{MF=a,FOO=t,MF=b}": (443, 1),
    "C=1{MF=a,MF,MF=b}": (422, 1),
    "C=1{MF=a,MF={SG},MF=b}": (422, 1),
    "C=1{TP{a,b},MF=a}": (422, 0),
    "C=1{TP{a,b,XX},MF=a}": (422, 0),
    "C=1{PR=16,MF=a}": (422, 0),
    "C=1{PR=1,PR=2,MF=a}": (456, 0),
    "C=1{IEPS=maybe,MF=a}": (422, 0),
    "C=1{CA{foo},MF=a}": (422, 0),
    "C=1{CA{EGV=1},MF=a}": (422, 0),
    "C=1{}": (443, 0),
    "C=1": (422, 0),
}


@pytest.mark.parametrize(("action", "expected"), ACTIONS.items(), ids=ACTIONS)
def test_an_action_that_cannot_be_read_leaves_its_neighbours_alone(
    action: str, expected: tuple[int, int]
) -> None:
    (request,) = body_of(decode(f"{HEAD}T=1{{{action},C=2{{MF=c}}}}".encode()))
    assert isinstance(request, TransactionRequest)
    wrong, right = request.actions
    assert wrong.error is not None
    assert (wrong.context, wrong.error.code, len(wrong.commands)) == (1, *expected)
    assert right.commands == (CommandRequest(Verb.MODIFY, ("c",)),)


@pytest.mark.parametrize(
    ("transaction", "number"),
    [
        ("T=7{}", 7),
        ("T=7{FOO}", 7),
        ("T=7{C=1{MF=t}", 7),
        ("T=7{C=1{MF=t", 7),
        ("T=7{C=1{MF=t{M{L{v=0", 7),
        ("T=7", 7),
        ("T=4294967296{C=1{MF=t}}", 0),
        ("T=x{C=1{MF=t}}", 0),
        ("PN=x{}", 0),
        ("PN=1{x}", 0),
        ("K{}", 0),
        ("K{x}", 0),
        ("SM=1", 0),
        ("SM=1/x", 0),
    ],
)
def test_a_transaction_that_cannot_be_read_is_403(transaction: str, number: int) -> None:
    request = decode(f"{HEAD}PN=3{{}}{transaction}".encode()).body[1]  # type: ignore[index]
    assert isinstance(request, TransactionRequest)
    assert request.error is not None
    assert (request.id, request.error.code, request.actions) == (number, 403, ())


def test_what_follows_a_broken_transaction_is_read() -> None:
    body = decode(f"{HEAD}PN=1{{}}FOO=3{{a{{b}}}}T=x{{C=1{{MF=t}}}}PN=2{{}}".encode()).body
    assert isinstance(body, tuple)
    assert [transaction.id for transaction in body] == [1, 0, 0, 2]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "reply",
    [
        "P=5{}",
        "P=5{FOO}",
        "P=5{C=1{FOO=t}}",
        "P=5{C=1{A=t{SV{V=1}}}}",
        "P=5{C=1",
        "P=5/x{C=1}",
        "P=5/1/2{C=1}",
    ],
)
def test_a_reply_that_cannot_be_read_is_a_protocol_error_for_whoever_waits(reply: str) -> None:
    (found,) = body_of(decode(f"{HEAD}{reply}".encode()))
    assert isinstance(found, TransactionReply)
    assert isinstance(found.result, ErrorDescriptor)
    assert found.result.code == 401


def test_a_reply_is_known_by_its_number_even_when_it_cannot_be_read() -> None:
    (found,) = body_of(decode(f"{HEAD}P=5{{C=1{{FOO}}}}".encode()))
    assert found.id == 5  # type: ignore[union-attr]


@pytest.mark.parametrize("depth", [100, 10_000])
def test_braces_without_end_cost_no_recursion(depth: int) -> None:
    octets = (HEAD + "T=1{C=1{A=t{" + "M{" * depth).encode()
    (found,) = body_of(decode(octets))
    assert isinstance(found, TransactionRequest)
    assert found.error is not None


def test_many_errors_in_one_message_take_linear_time() -> None:
    command = "A=t{FOO},"
    body = decode(f"{HEAD}T=1{{C=1{{{command * 6_000}MF=t}}}}".encode()).body
    assert isinstance(body[0], TransactionRequest)  # type: ignore[index]
    assert len(body[0].actions[0].commands) == 6_001  # type: ignore[index]


REPEATED = (
    "L{",
    "L{}",
    '"a,',
    'a="',
    "a=<b",
    "a=[1:1:",
    "DM=a{",
    ";",
    "L ;",
    "T=1{",
    "}",
    "L{\\",
    "C=1{,",
    "L{\0",
    "P=1{C",
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("unit", REPEATED)
@pytest.mark.parametrize("before", ["", "T=1{C=1{A=t{"])
def test_a_full_message_of_the_same_few_characters_is_soon_done_with(before: str, unit: str) -> None:
    octets = (HEAD + before + unit * (60_000 // len(unit))).encode()
    try:
        decode(octets)
    except H248Error as blame:
        if blame.code not in {400, 413}:
            raise


def test_an_error_text_can_always_be_sent_back() -> None:
    wrong = describe(442, 'a "quote", a line\nand \x7f')
    assert wrong.text == "Syntax Error in Command: a 'quote', a line and  "
    octets = encode(Message(3, IpMid("192.0.2.1"), wrong), Encoding.COMPACT)
    assert decode(octets).body == wrong


def test_an_error_text_is_cut_so_that_a_small_message_makes_no_big_answer() -> None:
    assert len(describe(400, "x" * 10_000).text) <= 200


def test_an_unregistered_code_speaks_for_itself() -> None:
    assert describe(999, "vendor") == ErrorDescriptor(999, "vendor")


def test_h248_error_blames_the_peer() -> None:
    assert issubclass(H248Error, RemoteError)
    assert H248Error(442, "no").descriptor() == describe(442, "no")


@pytest.mark.parametrize(
    "body",
    [
        "T=1{C=1{A=t{M{O{MO=XX}}}}}",
        "T=1{C=1{FOO=t}}",
        "T=x{C=1{A=t}}",
    ],
)
def test_what_could_not_be_read_cannot_be_sent(body: str) -> None:
    with pytest.raises(LocalError):
        encode(decode((HEAD + body).encode()), Encoding.PRETTY)
