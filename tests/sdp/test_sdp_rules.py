"""Each case: what came in, what must leave, which rules fired; and that nothing else is touched."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.sdp.kinds import KINDS
from imsedge.sdp.model import Line, Media
from imsedge.sdp.parser import read_description, read_descriptions
from imsedge.sdp.rules import RULES, Half, Towards, Treatment
from imsedge.sdp.rules.e2ae import SECURED_LEG
from imsedge.sdp.rules.model import Values, apply
from imsedge.sdp.transform import Plan, refuse, transform, without_edge_security
from imsedge.sdp.writer import write_description
from imsedge.security.fingerprint import fingerprint_of

UE, AGW = fingerprint_of(b"ue"), fingerprint_of(b"agw")
CORE_SIDE = TransportAddress("10.0.0.1", 30002)
ACCESS_SIDE = TransportAddress("203.0.113.5", 30001)

# 3gpp fact sheet clause 12.2: the four hops of MSRP e2ae, originating.
UE_OFFER = f"""\
c=IN IP4 198.51.100.7
m=message 7654 TCP/TLS/MSRP *
a=accept-types:text/plain
a=setup:actpass
a=msrp-cema
a=path:msrps://198.51.100.7:7654/abc;tcp
a=fingerprint:{UE}
a=3ge2ae:requested
"""
CORE_OFFER = """\
c=IN IP4 10.0.0.1
m=message 30002 TCP/MSRP *
a=accept-types:text/plain
a=setup:actpass
a=msrp-cema
a=path:msrps://198.51.100.7:7654/abc;tcp
"""
CORE_ANSWER = """\
c=IN IP4 10.9.9.9
m=message 9 TCP/MSRP *
a=setup:active
a=msrp-cema
a=path:msrp://10.9.9.9:2855/xyz;tcp
"""
UE_ANSWER = f"""\
c=IN IP4 203.0.113.5
m=message 30001 TCP/TLS/MSRP *
a=setup:active
a=msrp-cema
a=path:msrp://10.9.9.9:2855/xyz;tcp
a=fingerprint:{AGW}
"""
# The same the other way: terminating.
UE_OFFERED = f"""\
c=IN IP4 203.0.113.5
m=message 30001 TCP/TLS/MSRP *
a=setup:active
a=msrp-cema
a=path:msrp://10.9.9.9:2855/xyz;tcp
a=fingerprint:{AGW}
a=3ge2ae:applied
"""
# Clause 12.4, with what the core might add by mistake.
BFCP_IN = """\
c=IN IP4 10.9.9.9
m=application 50000 TCP/BFCP *
a=setup:actpass
a=connection:new
a=floorctrl:s-only
a=fingerprint:sha-1 not even one
a=confid:4321
a=userid:1234
a=floorid:1 mstrm:10
"""
BFCP_OUT = f"""\
c=IN IP4 203.0.113.5
m=application 30001 TCP/TLS/BFCP *
a=setup:actpass
a=connection:new
a=floorctrl:s-only
a=confid:4321
a=userid:1234
a=floorid:1 mstrm:10
a=fingerprint:{AGW}
a=3ge2ae:applied
"""
T38_IN = """\
c=IN IP4 10.9.9.9
m=image 40000 udptl t38
a=T38FaxVersion:0
"""
T38_OUT = f"""\
c=IN IP4 203.0.113.5
m=image 30001 UDP/TLS/UDPTL t38
a=T38FaxVersion:0
a=fingerprint:{AGW}
a=3ge2ae:applied
a=setup:actpass
a=tls-id:0123456789abcdefghij
"""
E2E_IN = f"""\
c=IN IP4 198.51.100.7
m=message 7654 TCP/TLS/MSRP *
a=fingerprint:{UE}
a=setup:actpass
a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAsAyO
"""
E2E_OUT = E2E_IN.replace("198.51.100.7", "10.0.0.1").replace("7654", "30002")

PLAIN_AGW = Values(fingerprint=AGW)
DATAGRAM_AGW = Values(fingerprint=AGW, setup="actpass", tls_id="0123456789abcdefghij")

E2AE, E2E, PLAIN = Treatment.E2AE, Treatment.E2E, Treatment.PLAIN
CORE, ACCESS = Towards.CORE, Towards.ACCESS
OFFER, ANSWER = Half.OFFER, Half.ANSWER

CASES = {
    "offer of a secured UE": (UE_OFFER, E2AE, CORE, OFFER, PLAIN_AGW, CORE_OFFER, ("msrp leaves TLS",)),
    "answer to a secured UE": (
        CORE_ANSWER,
        E2AE,
        ACCESS,
        ANSWER,
        PLAIN_AGW,
        UE_ANSWER,
        ("msrp is answered over TLS",),
    ),
    "offer to a secured UE": (
        CORE_ANSWER,
        E2AE,
        ACCESS,
        OFFER,
        PLAIN_AGW,
        UE_OFFERED,
        ("msrp is offered over TLS",),
    ),
    "answer of a secured UE": (UE_OFFER, E2AE, CORE, ANSWER, PLAIN_AGW, CORE_OFFER, ("msrp leaves TLS",)),
    "BFCP to a secured UE": (
        BFCP_IN,
        E2AE,
        ACCESS,
        OFFER,
        PLAIN_AGW,
        BFCP_OUT,
        ("bfcp is offered over TLS",),
    ),
    "T.38 to a secured UE": (
        T38_IN,
        E2AE,
        ACCESS,
        OFFER,
        DATAGRAM_AGW,
        T38_OUT,
        ("t38 is offered over DTLS",),
    ),
    "T.38 of a secured UE": (
        T38_OUT,
        E2AE,
        CORE,
        ANSWER,
        PLAIN_AGW,
        T38_IN.replace("10.9.9.9", "10.0.0.1").replace("40000", "30002"),
        ("t38 leaves DTLS",),
    ),
    "end to end: addresses only": (E2E_IN, E2E, CORE, OFFER, PLAIN_AGW, E2E_OUT, ()),
    "plain: addresses only": (
        CORE_ANSWER,
        PLAIN,
        CORE,
        OFFER,
        PLAIN_AGW,
        CORE_ANSWER.replace("10.9.9.9\nm=message 9", "10.0.0.1\nm=message 30002"),
        (),
    ),
    "3ge2ae never crosses, whatever the treatment": (
        E2E_IN + "a=3ge2ae:requested\n",
        E2E,
        CORE,
        OFFER,
        PLAIN_AGW,
        E2E_OUT,
        ("3ge2ae stays at its edge",),
    ),
}


@pytest.mark.parametrize(
    ("came", "treatment", "towards", "half", "values", "left", "fired"), CASES.values(), ids=CASES
)
def test_what_leaves(
    came: str,
    treatment: Treatment,
    towards: Towards,
    half: Half,
    values: Values,
    left: str,
    fired: tuple[str, ...],
) -> None:
    (description,) = read_descriptions(came)
    address = CORE_SIDE if towards is CORE else ACCESS_SIDE
    plan = Plan(treatment=treatment, address=address, values=values)
    result = transform(description, {0: plan}, towards, half)
    assert write_description(result.description).replace("\r\n", "\n") == left
    assert result.fired == (fired,)


def test_a_session_level_fingerprint_stays_here_but_not_away_from_an_end_to_end_stream() -> None:
    offer = dedent(f"""\
        v=0
        o=- 1 1 IN IP4 198.51.100.7
        s=-
        c=IN IP4 198.51.100.7
        a=fingerprint:{UE}
        a=setup:actpass
        t=0 0
        m=audio 4000 RTP/AVP 0
        m=message 7654 TCP/TLS/MSRP *
        a=3ge2ae:requested
        m=application 7655 TCP/TLS/BFCP *
        m=image 0 UDP/TLS/UDPTL t38
        """)
    plans = {
        1: Plan(treatment=E2AE, address=CORE_SIDE),
        2: Plan(treatment=E2E, address=CORE_SIDE._replace(port=30003)),
    }
    result = transform(read_description(offer), plans, CORE, OFFER)
    assert write_description(result.description).replace("\r\n", "\n") == dedent(f"""\
        v=0
        o=- 1 1 IN IP4 198.51.100.7
        s=-
        c=IN IP4 198.51.100.7
        a=setup:actpass
        t=0 0
        m=audio 4000 RTP/AVP 0
        m=message 30002 TCP/MSRP *
        c=IN IP4 10.0.0.1
        m=application 30003 TCP/TLS/BFCP *
        c=IN IP4 10.0.0.1
        a=fingerprint:{UE}
        m=image 0 UDP/TLS/UDPTL t38
        """)


def test_a_session_level_setup_that_udptl_loses_stays_with_the_others() -> None:
    offer = "v=0\na=setup:active\nm=image 9 UDP/TLS/UDPTL t38\nm=message 9 TCP/MSRP *\n"
    plans = {0: Plan(treatment=E2AE, address=CORE_SIDE)}
    result = transform(read_description(offer), plans, CORE, OFFER).description
    assert [media.attribute("setup") for media in result.media] == [None, "active"]
    assert result.attribute("setup") is None


def test_a_refused_media_keeps_its_port_0_and_needs_no_fingerprint() -> None:
    answer = read_description("v=0\nc=IN IP4 10.9.9.9\nm=message 0 TCP/MSRP *\n")
    result = transform(answer, {0: Plan(treatment=E2AE, address=None)}, ACCESS, ANSWER)
    assert write_description(result.description) == (
        "v=0\r\nc=IN IP4 10.9.9.9\r\nm=message 0 TCP/TLS/MSRP *\r\n"
    )


def test_a_plan_without_an_address_refuses() -> None:
    offer = read_description("v=0\nm=message 9 TCP/TLS/MSRP *\na=setup:active\n")
    result = transform(offer, {0: Plan(treatment=E2AE, address=None)}, CORE, OFFER)
    assert result.description.media[0].fields == ("message", "0", "TCP/MSRP", ("*",))
    assert write_description(result.description).count("setup") == 1


def test_refuse_leaves_one_line() -> None:
    media = read_description("v=0\nm=message 9 TCP/TLS/MSRP *\na=setup:active\n").media[0]
    assert refuse(media) == Media((Line("m", "message 0 TCP/TLS/MSRP *"),))


def test_the_gateways_fingerprint_must_be_known() -> None:
    media = read_description("v=0\nm=message 9 TCP/MSRP *\n").media[0]
    with pytest.raises(LocalError, match="fingerprint"):
        apply(RULES[E2AE, ACCESS, ANSWER], media)


def test_a_plan_for_a_media_that_is_not_there_is_our_bug() -> None:
    with pytest.raises(LocalError):
        transform(read_description("v=0\n"), {0: Plan(treatment=PLAIN, address=None)}, CORE, OFFER)


def test_every_treatment_has_rules_for_every_direction() -> None:
    assert set(RULES) == {(t, d, h) for t in Treatment for d in Towards for h in Half}


PROTOS = [(row.kind, proto) for row in KINDS for proto in (row.clear, row.secure)]
ATTRIBUTES = st.from_regex(r"[a-z0-9-]{1,12}(:[ -~]{0,20})?", fullmatch=True)


@given(st.sampled_from(PROTOS), st.sampled_from(list(RULES)), st.lists(ATTRIBUTES, max_size=8))
def test_lines_no_rule_names_survive_in_their_order(
    proto: tuple[str, str], which: tuple[Treatment, Towards, Half], attributes: list[str]
) -> None:
    lines = (Line("m", f"{proto[0]} 9 {proto[1]} *"), *(Line("a", text) for text in attributes))
    left = apply(RULES[which], Media(lines), DATAGRAM_AGW).media
    named = SECURED_LEG | {"setup", "connection"}
    assert [line for line in left.lines[1:] if line.attribute not in named] == [
        line for line in lines[1:] if line.attribute not in named
    ]


@given(st.sampled_from(PROTOS), st.lists(ATTRIBUTES, max_size=4), st.permutations(sorted(SECURED_LEG)))
def test_nothing_of_the_secured_leg_ever_reaches_the_core(
    proto: tuple[str, str], attributes: list[str], secured: list[str]
) -> None:
    media = "".join(f"a={text}\n" for text in (*attributes, *(f"{name.upper()}:x" for name in secured)))
    text = f"v=0\na=fingerprint:{UE}\na=3ge2ae:requested\nm={proto[0]} 9 {proto[1]} *\n{media}"
    for half in Half:
        plans = {0: Plan(treatment=E2AE, address=CORE_SIDE)}
        left = transform(read_description(text), plans, CORE, half).description
        names = {line.attribute.lower() for part in (left, *left.media) for line in part.lines}
        assert not names & SECURED_LEG
        assert "TLS" not in left.media[0].proto


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_what_is_not_read_loses_the_word_between_a_ue_and_its_edge_only(end: str) -> None:
    lines = ["v=0", "m=message 9 TCP/TLS/MSRP *", "a=3ge2aex:1", "a=setup:active", ""]
    forged = [*lines[:2], "a=3GE2AE:applied", *lines[2:-1], "a=3ge2ae:requested", ""]
    assert without_edge_security(end.join(forged)) == end.join(lines)
    assert without_edge_security(end.join(forged[:-1])) == end.join(lines)
