"""Whole messages in binary: octets of a known message, audits of single items, and how far errors reach."""

import pytest
from msgspec.structs import replace

from imsedge.core.errors import LocalError
from imsedge.h248.binary.audits import AUDIT
from imsedge.h248.binary.commands import COMMAND
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.contexts import CONTEXT_AUDIT
from imsedge.h248.binary.descriptors import MEDIA
from imsedge.h248.binary.events import EVENTS
from imsedge.h248.binary.leaves import ERROR
from imsedge.h248.binary.messages import read_message, write_message
from imsedge.h248.binary.terminations import TerminationNames
from imsedge.h248.binary.tlv import element, header
from imsedge.h248.codec import DEFAULT_BINARY, Encoding, decode, encode, encoding_of
from imsedge.h248.errors import H248Error
from imsedge.h248.limits import MAX_TRANSACTIONS
from imsedge.h248.model import (
    ActionRequest,
    CommandRequest,
    ErrorDescriptor,
    Extension,
    IpMid,
    Message,
    Modem,
    Multiplex,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from imsedge.h248.packages.catalogue import CATALOGUE
from kit.h248_text import body_of

HEAD = "!/3 [192.0.2.1] "


def binary(text: str) -> bytes:
    return encode(decode((HEAD + text).encode()), Encoding.BER)


def test_the_octets_of_a_keep_alive() -> None:
    octets = binary("T=7{C=-{AV=ROOT{AT{}}}}")
    assert octets.hex().startswith("30")
    assert "a00c" + "a000" + "8108" + "ff" * 8 in octets.hex()
    assert decode(octets) == decode((HEAD + "T=7{C=-{AV=ROOT{AT{}}}}").encode())
    assert encoding_of(octets) is Encoding.BER


@pytest.mark.parametrize(
    "body",
    [
        "T=1{C=*{AV=*{AT{M{ST=1{O{MO,RV,MO=SendReceive,ipdc/realm,tman/sdr=5}},TS{BF,SI,SI=IV,ipra/ar}}}}}}",
        "T=1{C=*{AV=*{AT{E=5{g/cause},SG{ipnapt/latch},SA{nt/os},PG{gm-2},EB{g/cause{ST=1}}}}}}",
        "T=1{C=*{AV=*{AT{SG{SL=4},SG{SL=5{tcpbcc/EstBNC}},DM=id0001,M{O{RG}}}}}}",
        "T=1{C=*{AV=*{AT{M{ST=1{L{v=\r\nc=\r\n}}}}}}}",
        "T=1{C=*{CA{gm/saf,PR=3,EGV=EG,IEPS=ON,ORLgc,tman/sdr=7},AV=*{AT{}}}}",
        "T=1{C=1{MF=ip/core/1{MD[V18,V90]{gm/saf=ON},DM=id0001{1|2},E=1{g/cause{DM=id0002}}}}}",
        "P=1{C=1{AV=C{ER=431{}},AC=[ip/core/1,ip/core/2]{MX,SG,PG{id8100-1}}}}",
        "T=1{C=1{MF=ip/core/1{M{O{gm/sam=$}}}}}",
        'T=1{C=1{N=ip/core/1{OE=1{g/cause},ER=518{"x"}}}}',
        'T=1{C=-{SC=ROOT{SV{MT=HO,RE="903 x",MG=MTP{0a0b},DL=1,M,PG}}}}',
        "P=1{C=-{SC=ROOT{ER=402{}},SC=ip/*}}",
        (
            "T=1{C=1{MF=ip/core/1{SG{ipnapt/latch{ST=1,SY=BR,DR=5,NC={TO,IR},KA,SPADI=EX,SPARQ=7,SPAIS=2,napt=LATCH},"
            "SL=3{tcpbcc/EstBNC}},SA{nt/os=1,nt/or},EB{g/cause{ST=1,Generalcause=FT}}}}}"
        ),
        (
            "T=1{C=1{MF=ip/core/1{E=1{it/ito{ST=2,KA,DM={T:10,S:5,L:16,Z:3,1x.},EM{SG{tcpbcc/EstBNC},"
            "E=2{g/cause{DM=id0001,EM{SG}}}},NBRN{EM{SG{tlsbsc/EstBNC}}},RSE,mit=[1:9]},g/sc{NBIN},g/cause{NBNN}}}}}"
        ),
        "T=1{C=1{N=ip/core/1{OE=1{20261121T02250000:g/cause{ST=1,Failurecause=0a0b},nt/qualert{th=99}}}}}",
        "P=1{C=1{A=ip/core/1{M{ST=1{SA{nt/os=[1,2]}}},SA{nt/dur=7},PG{g-2},OE=1{g/cause},MX=H221{ROOT},DM={1}}}}",
        "T=1{C=1{TP{ip/core/1,ip/core/2,OWB,ST=1,ip/core/1,*,IS},PR=15,EGO,IEPS=ON,CT{CLT={1,2}},MF=ip/core/1}}",
        'T=1{C=1{MF=ip/core/1{M{O{tman/sdr={1,2},tman/pdr#3,tman/mbs<4,tman/dvt>5,ipra/ar=["a","b"]}}}}}',
        "T=1{C=1{MF=ip/core/1{M{O{tman/sdr={1},tman/pdr=[2],tman/mbs={$},tman/dvt>$}}}}}",
        "P=9/1{IA,C=1{S=ip/core/1}}PN=5{}K{1,3-5}SM=1/2/&",
        'T=1{C=1{MF=ip/core/1{M{O{id8100/id0001="x",id8100/id0002=7,id8100/*=ON}}}}}',
    ],
)
def test_there_and_back(body: str) -> None:
    message = decode((HEAD + body).encode())
    assert "ErrorDescriptor(code=4" not in repr(message).replace("code=431", "").replace("code=402", "")
    again = decode(encode(message, Encoding.BER))
    assert encode(again, Encoding.COMPACT) == encode(message, Encoding.COMPACT)


def test_the_order_of_what_an_audit_asks_for_is_that_of_the_components() -> None:
    octets = binary("T=1{C=*{AV=*{AT{M{O{gm/saf,MO}}}}}}")
    assert b"O{MO,gm/saf}" in encode(decode(octets), Encoding.COMPACT)


@pytest.mark.parametrize(
    "body",
    [
        "T=1{C=1{MF=line/1}}",
        "T=1{C=1{MF=ip/core/1{M{O{acme/x=1}}}}}",
        "T=1{C=1{MF=ip/core/1{M{L{no sdp}}}}}",
        "T=1{C=1{MF=ip/core/1{DM=plan}}}",
        "T=1{C=-{SC=ROOT{SV{MT=X-new,RE=901}}}}",
        "T=1{C=-{SC=ROOT{SV{MT=RS,RE=901,X-a=1,X-b=2}}}}",
        "T=1{C=-{SC=ROOT{SV{MT=RS,RE=901,X-a={1,2}}}}}",
        "T=1{C=*{CA{CT{CLT}},AV=*{AT{}}}}",
        "T=1{C=*{CA{CLT={1,2}},AV=*{AT{}}}}",
        "T=1{C=1{MF=ip/core/1{E=1{g/cause{DM=id0001{1x}}}}}}",
        "T=1{C=1{MF=ip/core/1{MX=X-new{ip/core/2}}}}",
        "T=1{C=1{MF=ip/core/1{MD=X-new}}}",
        "T=1{C=*{AV=*{AT{SG{ipnapt/latch{SY=BR}}}}}}",
        "T=1{C=*{AV=*{AT{E=1{g/cause{KA}}}}}}",
        "T=1{C=*{AV=*{AT{DM=id0001{1x}}}}}",
        "T=1{C=1{MF=ip/core/1{M{O{gm/saf=maybe}}}}}",
        "T=1{C=*{AV=*{AT{SA{nt/os,nt/or}}}}}",
        "T=1{C=*{AV=*{AT{EB{g/cause{x}}}}}}",
    ],
)
def test_what_binary_cannot_say_is_said_to_be_our_own_mistake(body: str) -> None:
    with pytest.raises(LocalError):
        binary(body)


def _replace(octets: bytes, old: str, new: str) -> bytes:
    """Change octets of the same length."""
    assert octets.count(bytes.fromhex(old)) == 1
    assert len(old) == len(new)
    return octets.replace(bytes.fromhex(old), bytes.fromhex(new))


def test_an_error_in_a_command_leaves_its_neighbours_alone() -> None:
    octets = binary("T=1{C=1{MF=ip/core/1{M{O{MO=SR}}},MF=ip/core/2{M{O{MO=IN}}}}}")
    (request,) = body_of(decode(_replace(octets, "800102a300", "800109a300")))
    assert isinstance(request, TransactionRequest)
    wrong, right = request.actions[0].commands
    assert wrong.error is not None
    assert (wrong.terminations, wrong.error.code) == (("ip/core/1",), 449)
    assert right.error is None


def test_an_unknown_command_is_443_for_its_action() -> None:
    octets = binary("T=1{C=1{MF=ip/core/1},C=2{MF=ip/core/2}}")
    at = octets.index(bytes.fromhex("010200000001")) - 8
    start = octets.rindex(b"\xa2", 0, at + 2)
    (request,) = body_of(decode(octets[:start] + b"\xab" + octets[start + 1 :]))
    assert isinstance(request, TransactionRequest)
    wrong, right = request.actions
    assert wrong.error is not None
    assert (wrong.context, wrong.error.code) == (1, 443)
    assert len(right.commands) == 1


def test_an_error_in_a_transaction_keeps_its_number() -> None:
    octets = binary("T=77{C=1{MF=ip/core/1}}PN=3{}")
    (request, pending) = body_of(decode(_replace(octets, "80014da1", "80014dad")))
    assert isinstance(request, TransactionRequest)
    assert request.error is not None
    assert (request.id, request.error.code) == (77, 403)
    assert pending == TransactionPending(3)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"ETSI_BGF/2", b"ETSI_BGF+2"), (b"20261121", b"2026112x")],
    ids=["a profile without version", "a date of other than digits"],
)
def test_words_in_commands_are_the_same_as_in_text(old: bytes, new: bytes) -> None:
    octets = binary("T=1{C=-{SC=ROOT{SV{MT=RS,RE=901,PF=ETSI_BGF/2,20261121T02250000}}}}")
    (request,) = body_of(decode(octets.replace(old, new)))
    assert isinstance(request, TransactionRequest)
    assert request.actions[0].commands[0].error is not None


def test_the_message_identifier_is_the_same_as_in_text() -> None:
    octets = encode(decode(b"!/3 gw/1 PN=1{}"), Encoding.BER)
    with pytest.raises(H248Error):
        decode(octets.replace(b"gw/1", b"gw{1"))


def test_an_error_in_a_reply_is_a_protocol_error() -> None:
    octets = binary("P=77{C=1}")
    (reply,) = body_of(decode(_replace(octets, "80014da2", "80014dad")))
    assert isinstance(reply, TransactionReply)
    assert isinstance(reply.result, ErrorDescriptor)
    assert (reply.id, reply.result.code) == (77, 401)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"\x30", 400),
        (b"\x30\x00", 400),
        (b"\x30\x80", 400),
        (binary("PN=1{}") + b"\x00", 400),
        (_replace(binary("PN=1{}"), "800103", "800104"), 406),
        (_replace(binary("PN=1{}"), "800103", "800100"), 406),
        (binary("PN=1{}" * MAX_TRANSACTIONS).replace(b"never", b""), None),
    ],
)
def test_messages_as_a_whole(octets: bytes, code: int | None) -> None:
    if code is None:
        assert len(body_of(decode(octets))) == MAX_TRANSACTIONS
        return
    with pytest.raises(H248Error) as caught:
        decode(octets)
    assert caught.value.code == code


def test_one_transaction_more_than_allowed() -> None:
    many = Message(3, IpMid("192.0.2.1"), (TransactionPending(1),) * (MAX_TRANSACTIONS + 1))
    with pytest.raises(H248Error) as caught:
        decode(write_message(many, DEFAULT_BINARY))
    assert caught.value.code == 413


def _indefinite(octets: bytes) -> bytes:
    """The same message with every constructed element of indefinite length."""
    found = b""
    at = 0
    while at < len(octets):
        tag, start, stop, at = header(octets, at, len(octets))
        inner = octets[start:stop]
        found += bytes((tag, 0x80)) + _indefinite(inner) + b"\x00\x00" if tag & 0x20 else element(tag, inner)
    return found


def test_indefinite_lengths_say_the_same() -> None:
    octets = binary('T=7{C=1{A=${M{ST=1{O{MO=SR,ipdc/realm="core"},L{v=0\r\n}}},E=1{g/cause}}}}')
    assert decode(_indefinite(octets)) == decode(octets)


def test_another_dialect_has_other_numbers() -> None:
    dialect = Context(CATALOGUE.with_overrides({"property gm/saf": 0x77}), TerminationNames(("a", "b")))
    message = decode((HEAD + "T=1{C=1{MF=ip/b/1{M{O{gm/saf=ON}}}}}").encode())
    octets = write_message(message, dialect)
    assert bytes.fromhex("008c0077") in octets
    assert read_message(octets, dialect) == message
    assert b"gm/id0077" in encode(decode(octets), Encoding.COMPACT)


def test_a_digit_map_has_the_number_that_the_sides_agreed_on() -> None:
    dialect = DEFAULT_BINARY.replace(CATALOGUE.with_overrides({"digitmap plan": 0x1234}))
    message = decode((HEAD + "T=1{C=1{MF=ip/core/1{DM=plan,E=1{g/cause{DM=plan}}}}}").encode())
    octets = write_message(message, dialect)
    assert octets.count(bytes.fromhex("80021234")) == 2
    assert read_message(octets, dialect) == message
    assert b"DM=id1234" in encode(decode(octets), Encoding.COMPACT)


def test_an_extension_of_service_change_is_non_standard_data() -> None:
    octets = binary("T=1{C=-{SC=ROOT{SV{MT=RS,RE=901,X-abc=12}}}}")
    assert bytes.fromhex("a810" + "a00a8208") + b"X-abc   " + bytes.fromhex("8102") + b"12" in octets
    assert b"X-abc=12" in encode(decode(octets), Encoding.COMPACT)


@pytest.mark.parametrize(
    "non_standard",
    [
        "a004" + "80022a03" + "810107",  # by object identifier
        "a00a" + "8208582d616263202020" + "8101ff",  # X-abc, but octets that no text has
        "a00a" + "8208582d616263202020" + "8100",
        "a005" + "8203582d61" + "810131",  # X-a without blanks
        "3000",
    ],
)
def test_other_non_standard_data_is_kept_as_it_is(non_standard: str) -> None:
    octets = binary("T=1{C=-{SC=ROOT{SV{MT=RS,RE=901,X-abc=12}}}}")
    (request,) = body_of(decode(octets))
    assert isinstance(request, TransactionRequest)
    (command,) = request.actions[0].commands
    assert command.service_change is not None
    change = replace(command.service_change, extensions=(), non_standard=bytes.fromhex(non_standard))
    changed = replace(request, actions=(ActionRequest(0, (replace(command, service_change=change),)),))
    message = Message(3, IpMid("192.0.2.1"), (changed,))
    octets = encode(message, Encoding.BER)
    assert bytes.fromhex(non_standard) in octets
    assert decode(octets) == message
    with pytest.raises(LocalError, match="non-standard data of ServiceChange"):
        encode(message, Encoding.PRETTY)


@pytest.mark.parametrize("kind", [Multiplex, Modem])
def test_non_standard_data_of_mux_and_modem(kind: type) -> None:
    descriptor = (
        Multiplex("H221", ("ROOT",), b"\xa0\x00") if kind is Multiplex else Modem(("V18",), (), b"\xa0\x00")
    )
    command = CommandRequest(Verb.ADD, ("$",), descriptors=(descriptor,))
    message = Message(3, IpMid("192.0.2.1"), (TransactionRequest(1, (ActionRequest(1, (command,)),)),))
    assert decode(encode(message, Encoding.BER)) == message
    with pytest.raises(LocalError, match="non-standard data of M"):
        encode(message, Encoding.COMPACT)


def _extended(octets: bytes) -> bytes:
    """The same message with something unknown at the end of every SEQUENCE that is a structure."""
    found = b""
    at = 0
    while at < len(octets):
        tag, start, stop, at = header(octets, at, len(octets))
        inner = octets[start:stop]
        if tag & 0x20:
            inside = inner[:1] and inner[0] & 0xC0 == 0x80  # context tags: not a SEQUENCE OF
            inner = _extended(inner)
            if inside and inner[0] in {0x80, 0xA0} and tag == 0x30:
                inner += bytes.fromhex("9e0107")
        found += element(tag, inner)
    return found


EXTENDED = _extended(
    binary(
        'T=7{C=1{A=${M{ST=1{O{ipdc/realm="core"},L{v=0\r\n}}},E=1{g/cause,it/ito{KA}}},S=ip/core/1{AT{}}}}'
    )
)


def test_what_later_versions_added_goes_back_where_it_was() -> None:
    for _ in range(2):  # nothing of it is forgotten because it was remembered without
        message = decode(EXTENDED)
        assert len(message.extensions) > 8
        assert encode(message, Encoding.BER) == EXTENDED
    plain = replace(message, extensions=())
    assert _extended(encode(plain, Encoding.BER)) == EXTENDED
    with pytest.raises(LocalError, match=r"extensions .* in binary only"):
        encode(message, Encoding.PRETTY)


def test_an_extension_of_a_part_that_is_gone_is_not_lost_in_silence() -> None:
    extensions = (Extension(".mess.messageBody.transactions.3.transactionPending", b"\x9e\x00"),)
    with pytest.raises(LocalError, match=r"transactions\.3"):
        encode(Message(3, IpMid("192.0.2.1"), (TransactionPending(1),), None, extensions), Encoding.BER)


def test_every_level_is_a_type_of_its_own() -> None:
    assert all(kind.tag == 0x30 for kind in (AUDIT, COMMAND, CONTEXT_AUDIT, MEDIA, EVENTS, ERROR))
