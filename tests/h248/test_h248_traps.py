"""What peers send and readers trip over: one named test each (H.248.1 Annex B, traces of real gateways)."""

import pytest

from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.model import (
    ActionRequest,
    AuditItem,
    CommandReply,
    CommandRequest,
    DeviceMid,
    DomainMid,
    Events,
    IpMid,
    Media,
    Message,
    Parameter,
    Relation,
    ServiceChange,
    Signals,
    Statistics,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from kit.h248_text import body_of


def read(body: str, version: int = 3) -> Message:
    return decode(f"!/{version} [192.0.2.1] {body}".encode())


def request(body: str) -> CommandRequest:
    """The only command of ``C=1{body}``."""
    (transaction,) = body_of(read(f"T=1{{C=1{{{body}}}}}"))
    assert isinstance(transaction, TransactionRequest)
    assert transaction.error is None
    (action,) = transaction.actions
    assert action.error is None
    (command,) = action.commands
    assert command.error is None
    return command


def reply(body: str) -> CommandReply:
    (transaction,) = body_of(read(f"P=1{{C=1{{{body}}}}}"))
    assert isinstance(transaction, TransactionReply)
    assert isinstance(transaction.result, tuple)
    return transaction.result[0].replies[0]


def media(body: str) -> Media:
    (found,) = request(f"MF=t{{M{{{body}}}}}").descriptors
    assert isinstance(found, Media)
    return found


def properties(body: str) -> tuple[Parameter, ...]:
    control = media(f"O{{{body}}}").streams[0].control
    assert control is not None
    return control.properties


def local(body: str) -> str | None:
    return media(f"L{{{body}}}").streams[0].local


def test_tokens_are_read_in_any_case_and_in_both_lengths_mixed() -> None:
    mixed = request("mOdIfY=t{media{O{MODE=sr,reservedvalue=on}},Sg{CG/rt}}")
    assert mixed == request("MF=t{M{LocalControl{MO=SendReceive,RV=ON}},Signals{CG/rt}}")


def test_a_token_is_a_name_where_a_name_stands() -> None:
    assert request("MF=L{E=1{it/ito}}").terminations == ("L",)
    assert request("MF=Add{SG{E/S{M=MO}}}").terminations == ("Add",)


def test_a_termination_called_like_an_opaque_descriptor_keeps_its_braces() -> None:
    command = request("A=Local{L{v=0}}".replace("L{v=0}", "M{L{v=0}}"))
    assert command.terminations == ("Local",)
    assert isinstance(command.descriptors[0], Media)


def test_comments_stand_wherever_white_space_may() -> None:
    text = (
        b"; before the first token\n!/3 ; after the version\n[192.0.2.1] ; behind the name\n"
        b"T ; here\n= 1 {; and {here}\n C = 1 { MF = t { M { O { MO ;x\n = ;y\n SR } } } } } ; at the end"
    )
    assert decode(text) == read("T=1{C=1{MF=t{M{O{MO=SR}}}}}")


def test_a_semicolon_in_sdp_is_no_comment() -> None:
    assert local("v=0\na=x;y}z".replace("}z", "")) == "v=0\na=x;y"


def test_an_escaped_brace_belongs_to_the_sdp() -> None:
    assert local("v=0\na=x\\}y\n") == "v=0\na=x}y\n"


def test_a_closing_brace_in_sdp_is_escaped_when_written() -> None:
    message = read("T=1{C=1{MF=t{M{L{v=0\na={1\\}\n}}}}}")
    assert b"a={1\\}\n}" in encode(message, Encoding.COMPACT)
    assert decode(encode(message, Encoding.PRETTY)) == message


def test_a_backslash_in_sdp_stands_for_itself() -> None:
    assert local("a=\\x\\\n") == "a=\\x\\\n"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_sdp_keeps_its_line_ends_and_loses_the_white_space_before_it(end: str) -> None:
    assert local(f" {end}  v=0{end}m=- $ TCP -{end}") == f"v=0{end}m=- $ TCP -{end}"


def test_an_indented_closing_brace_is_no_part_of_the_sdp() -> None:
    assert local("v=0\na=setup:active\n      ") == "v=0\na=setup:active\n"


def test_empty_local_and_remote_mean_no_value() -> None:
    (stream,) = media("L{},R { \n }").streams
    assert (stream.local, stream.remote) == ("", "")


def test_several_session_descriptions_stay_together() -> None:
    both = "v=0\nm=audio $ RTP/AVP 0\nv=0\nm=audio $ RTP/AVP 8\n"
    assert local(both) == both


@pytest.mark.parametrize("text", ["!/2[192.0.2.1]T=1{C=1{MF=t}}", "!/2 [192.0.2.1]\tT=1{C=1{MF=t}}"])
def test_forgotten_blanks_around_the_message_identifier_are_not_missed(text: str) -> None:
    assert decode(text.encode()) == read("T=1{C=1{MF=t}}", version=2)


def test_a_domain_name_needs_no_blank_either() -> None:
    assert decode(b"!/2 <mg>T=1{C=1{MF=t}}").mid == DomainMid("mg")
    assert decode(b"!/2 <mg>:2944T=1{C=1{MF=t}}").mid == DomainMid("mg", 2944)


@pytest.mark.parametrize(
    ("text", "mid"),
    [
        ("[2001:db8::1]:55555", IpMid("2001:db8::1", 55555)),
        ("[192.0.2.1]", IpMid("192.0.2.1")),
        ("<a-b.example.net>", DomainMid("a-b.example.net")),
        ("gw/1@example.net", DeviceMid("gw/1@example.net")),
    ],
)
def test_message_identifiers(text: str, mid: object) -> None:
    assert decode(f"MEGACO/1 {text} PN=1{{}}".encode()).mid == mid


@pytest.mark.parametrize("text", ["T={C=1{MF=t}}", "T{C=1{MF=t}}"])
def test_a_transaction_without_id_is_answered_with_403_and_id_0(text: str) -> None:
    (transaction, pending) = body_of(read(f"{text}PN=3{{}}"))
    assert isinstance(transaction, TransactionRequest)
    assert (transaction.id, transaction.error and transaction.error.code) == (0, 403)
    assert pending.id == 3  # type: ignore[union-attr]


def test_signals_bare_and_empty_both_stop_all() -> None:
    assert request("MF=t{SG}").descriptors == request("MF=t{SG{}}").descriptors == (Signals(),)


def test_signals_that_stop_all_are_written_bare_because_some_peers_read_only_that() -> None:
    assert b"MF=t{SG}" in encode(read("T=1{C=1{MF=t{SG{}}}}"), Encoding.COMPACT)


def test_bare_events_clear_and_bare_statistics_are_legal() -> None:
    assert request("MF=t{E,SA}").descriptors == (Events(), Statistics())


def test_the_usual_keep_alive_and_its_answer() -> None:
    assert request("AV=ROOT{AT{}}").audit is not None
    assert reply("AV=ROOT") == CommandReply(Verb.AUDIT_VALUE, ("ROOT",))
    assert encode(read("P=1{C=-{AV=ROOT}}"), Encoding.COMPACT).endswith(b"P=1{C=-{AV=ROOT}}")


def test_an_audit_without_its_braces_asks_for_nothing() -> None:
    assert request("AV=ROOT{AT}") == request("AV=ROOT{AT{}}")


def test_root_is_root_in_any_case() -> None:
    assert request("AV=root{AT{}}").terminations == ("ROOT",)


def test_leading_zeros_in_numbers() -> None:
    (transaction,) = body_of(read("P=005197711{C=0001}"))
    assert isinstance(transaction, TransactionReply)
    assert transaction.id == 5_197_711


@pytest.mark.parametrize("context", ["0", "4294967294", "4294967295", "99999999999", "x", ""])
def test_context_numbers_that_have_a_letter_are_refused_as_numbers(context: str) -> None:
    (transaction,) = body_of(read(f"T=1{{C={context}{{MF=t}},C=7{{MF=u}}}}"))
    assert isinstance(transaction, TransactionRequest)
    wrong, right = transaction.actions
    assert wrong.error is not None
    assert wrong.error.code == 422
    assert right == ActionRequest(7, (CommandRequest(Verb.MODIFY, ("u",)),))


def test_the_misspelling_of_a_widespread_stack_reads_as_emergency_off() -> None:
    (transaction,) = body_of(read("T=1{C=1{EmergencyOffToken,MF=t}}"))
    assert isinstance(transaction, TransactionRequest)
    properties = transaction.actions[0].properties
    assert properties is not None
    assert properties.emergency is False


def test_the_reason_of_a_service_change_may_stand_without_quotes() -> None:
    change = request("SC=ROOT{SV{MT=RS,RE=901}}").service_change
    assert change == ServiceChange("Restart", "901")


def test_a_range_and_a_list_differ_only_after_the_first_value() -> None:
    assert properties("a/b=[1:5],a/c=[1,5],a/d=[1]") == (
        Parameter("a/b", ("1", "5"), Relation.RANGE),
        Parameter("a/c", ("1", "5"), Relation.ALL_OF),
        Parameter("a/d", ("1",), Relation.ALL_OF),
    )


def test_an_address_in_brackets_without_quotes_is_one_value() -> None:
    assert properties("gm/sam=[172.18.128.19],gm/saf=ON")[0] == Parameter("gm/sam", ("[172.18.128.19]",))


def test_relations_have_white_space_around_them() -> None:
    assert properties("a/b # 1, a/c < 2,a/d >3") == (
        Parameter("a/b", ("1",), Relation.NOT_EQUAL),
        Parameter("a/c", ("2",), Relation.SMALLER),
        Parameter("a/d", ("3",), Relation.GREATER),
    )


@pytest.mark.parametrize("prefix", ["O-W-", "o-w-", "W-O-"])
def test_optional_and_wildcard_prefixes(prefix: str) -> None:
    command = request(f"{prefix}Modify=*{{SG}}")
    assert (command.optional, command.wildcard_reply) == (True, True)


def test_a_list_of_terminations_answers_a_wildcarded_audit() -> None:
    assert reply("AV=C{a,b}") == CommandReply(Verb.AUDIT_VALUE, ("a", "b"), listed=True)
    assert reply("AC=Context{a}") == CommandReply(Verb.AUDIT_CAPABILITY, ("a",), listed=True)


def test_a_bare_token_in_a_reply_names_a_descriptor_that_holds_nothing() -> None:
    assert reply("AV=t{M,SG,E}").result == (AuditItem.MEDIA, AuditItem.SIGNALS, AuditItem.EVENTS)


def test_a_digit_map_is_not_made_of_words() -> None:
    (found,) = request("MF=t{DM= plan { T:10, (0| 00|[1-7]xxx; x.) }}").descriptors
    assert found.name == "plan"  # type: ignore[union-attr]
    assert found.body == "T:10, (0| 00|[1-7]xxx; x.)"  # type: ignore[union-attr]


def test_a_time_stamp_may_stand_apart_from_its_event() -> None:
    apart = request("N=t{OE=1{20261121T02250000 :  al/of{ST=1}}}")
    assert apart == request("N=t{OE=1{20261121t02250000:al/of{ST=1}}}")


def test_letters_that_fold_to_ascii_are_no_ascii() -> None:
    (transaction,) = body_of(read("T=1{C=1{MF=t{\u017fG}}}"))
    assert isinstance(transaction, TransactionRequest)
    assert transaction.actions[0].commands[0].error is not None


def test_octets_that_are_no_utf_8_survive_in_sdp_and_quoted_strings() -> None:
    octets = b'!/3 [192.0.2.1] T=1{C=1{MF=t{M{O{a/b="\xe9\xff"},L{v=0\ns=\xfe\n}}}}}'
    assert encode(decode(octets), Encoding.COMPACT) == octets


def test_ten_kilobytes_of_sdp_in_a_reply() -> None:
    sdp = "v=0\r\n" + "a=candidate:1 1 UDP 1 192.0.2.1 1 typ host\r\n" * 230
    (found,) = reply(f"AV=t{{M{{L{{{sdp}}}}}}}").result
    assert isinstance(found, Media)
    assert found.streams[0].local == sdp
