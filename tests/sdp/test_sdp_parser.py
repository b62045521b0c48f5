"""SDP in, lines out; what is bad, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sdp.errors import SdpError
from imsedge.sdp.model import Line
from imsedge.sdp.parser import Limits, read_description, read_descriptions
from imsedge.sdp.writer import write_description, write_octets

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
    "m=message 7654 TCP/TLS/MSRP *\r\na=setup:actpass\r\na=x-vendor:  kept as it is \r\n"
)

LINE_ENDS = {
    "CRLF, as it should be": OFFER,
    "LF only": OFFER.replace("\r\n", "\n"),
    "CR only": OFFER.replace("\r\n", "\r"),
    "a bare LF behind the c= line that a gateway added": OFFER.replace("100.7\r\nt", "100.7\nt"),
    "no end at the end": OFFER[:-2],
    "an empty line at the end": OFFER + "\r\n",
}


@pytest.mark.parametrize("text", LINE_ENDS.values(), ids=LINE_ENDS)
def test_any_line_end_is_read_and_crlf_is_written(text: str) -> None:
    assert write_description(read_description(text)) == OFFER
    assert write_octets(read_description(text.encode())) == OFFER.encode()


def test_lines_belong_to_the_session_or_to_their_media() -> None:
    text = OFFER + "m=audio 4000/2 RTP/AVP 0 8\r\nc=IN IP4 198.51.100.9\r\na=sendrecv\r\n"
    description = read_description(text)
    message, audio = description.media
    assert [line.kind for line in description.lines] == ["v", "o", "s", "c", "t"]
    assert message.fields == ("message", "7654", "TCP/TLS/MSRP", ("*",))
    assert (message.attribute("SETUP"), audio.attribute("sendrecv"), audio.attribute("setup")) == (
        "actpass",
        "",
        None,
    )
    assert description.connection(message) == "IN IP4 198.51.100.7"
    assert description.connection(audio) == "IN IP4 198.51.100.9"
    assert audio.port == "4000/2"


def test_octets_that_are_not_utf_8_survive() -> None:
    octets = OFFER.encode() + b"a=note:caf\xe9 \xff\xfe\r\n"
    assert write_octets(read_description(octets)) == octets


SHORT_FORMS = {
    "the gateway picks everything": "v=0\r\nc=IN IP4 $\r\nm=- $ TCP/TLS -\r\na=fingerprint:sha-256 $\r\n",
    "no v= line at all": "c=IN IP4 $\r\nm=- $ TCP -\r\n",
    "any port": "v=0\r\nm=message * TCP/MSRP *\r\n",
    "not known port": "v=0\r\nm=message - TCP/MSRP *\r\n",
    "no media": "v=0\r\n",
}


@pytest.mark.parametrize("text", SHORT_FORMS.values(), ids=SHORT_FORMS)
def test_short_forms_of_h248_are_read_and_written_as_they_are(text: str) -> None:
    (found,) = read_descriptions(text)
    assert write_description(found) == text


def test_each_version_line_begins_a_description() -> None:
    first, second = read_descriptions("v=0\nm=- $ TCP -\nv=0\nm=- $ UDP -\n")
    assert (first.media[0].proto, second.media[0].proto) == ("TCP", "UDP")
    assert second.lines == (Line("v", "0"),)


BAD = {
    "nothing": "",
    "only line ends": "\r\n\r\n",
    "no version": "o=- 1 1 IN IP4 192.0.2.1\r\n",
    "version 1": "v=1\r\n",
    "two descriptions in a SIP body": "v=0\r\nv=0\r\n",
    "a line without an equals sign": "v=0\r\nhello\r\n",
    "two letters": "v=0\r\naa=1\r\n",
    "a NUL": "v=0\r\na=x\0y\r\n",
    "media without proto": "v=0\r\nm=message 9\r\n",
    "media with nothing": "v=0\r\nm=\r\n",
    "port 65536": "v=0\r\nm=message 65536 TCP/MSRP *\r\n",
    "port of letters": "v=0\r\nm=message nine TCP/MSRP *\r\n",
    "port in foreign digits": "v=0\r\nm=message \u0664\u0662 TCP/MSRP *\r\n",
    "negative port": "v=0\r\nm=message -1 TCP/MSRP *\r\n",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_the_peer_is_blamed_with_400(text: str) -> None:
    with pytest.raises(SdpError) as caught:
        read_description(text)
    assert caught.value.code == 400
    assert not set(caught.value.reason) & set('"\r\n')


SMALL = Limits(octets=64, lines=6, media=2, descriptions=2)
AT_LIMIT = {
    "octets": ("v=0\na=" + "x" * 58, "v=0\na=" + "x" * 59),
    "lines": ("v=0\n" + "a=x\n" * 5, "v=0\n" + "a=x\n" * 6),
    "media": ("v=0\n" + "m=a 9 TCP *\n" * 2, "v=0\n" + "m=a 9 TCP *\n" * 3),
    "descriptions": ("v=0\n" * 2, "v=0\n" * 3),
}


@pytest.mark.parametrize(("fits", "too_much"), AT_LIMIT.values(), ids=AT_LIMIT)
def test_limits_hold_exactly(fits: str, too_much: str) -> None:
    read_descriptions(fits, SMALL)
    with pytest.raises(SdpError, match="400"):
        read_descriptions(too_much, SMALL)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_input_is_accepted_or_the_peer_is_blamed(data: bytes | str) -> None:
    for read in (read_description, read_descriptions):
        try:
            read(data)
        except SdpError:
            continue


LINES = st.tuples(
    st.sampled_from("abikoprstuz"), st.text(st.characters(blacklist_characters="\r\n\0"), max_size=30)
)


@given(st.lists(LINES, max_size=12))
def test_what_was_read_is_written_again(lines: list[tuple[str, str]]) -> None:
    text = "v=0\r\n" + "".join(f"{kind}={value}\r\n" for kind, value in lines)
    assert write_description(read_description(text)) == text
