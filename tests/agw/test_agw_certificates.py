"""A realm gets another certificate: what was told before stays true, what comes after is new."""

import re

from imsedge.agw.messages import Certified
from imsedge.bearer.messages import Configure, Open
from imsedge.security.fingerprint import fingerprint_of
from kit.gateway_talk import CERTIFICATE, GatewayTalk

LATER = b"the certificate of the next year"
OLD, NEW = str(fingerprint_of(CERTIFICATE)), str(fingerprint_of(LATER))
BOTH = Certified({"access": "access-2", "core": "default"}, {"default": CERTIFICATE, "access-2": LATER})

LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=setup:actpass\na=fingerprint:sha-256 $\n"
REMOTE = "v=0\nc=IN IP4 198.51.100.7\nm=- 7654 TCP/TLS -\na=setup:active\n"


def add(realm: str, stream: int = 1) -> str:
    control = f'LocalControl {{ Mode = SendReceive, ipdc/realm = "{realm}" }}'
    return f"Add = $ {{ Media {{ Stream = {stream} {{ {control}, Local {{ {LOCAL}}} }} }} }}"


def told(answer: str) -> list[str]:
    return re.findall(r"a=fingerprint:(.*)", answer)


def shown(talk: GatewayTalk, kind: type[Configure | Open]) -> list[str]:
    """Which certificate the media plane was told to show."""
    return [command.settings.certificate for command in talk.plane.orders if isinstance(command, kind)]


def test_what_was_offered_stays_and_what_comes_is_new() -> None:
    talk = GatewayTalk()
    assert told(talk.ask(f"Context = $ {{ {add('access')} }}")) == [OLD]
    talk.feed(BOTH)
    assert told(talk.ask("Context = 1 { AuditValue = ip/access/1 { Audit { Media } } }")) == [OLD]
    talk.ask(
        f"Context = 1 {{ Modify = ip/access/1 {{ Media {{ Stream = 1 {{ Remote {{ {REMOTE}}} }} }} }} }}"
    )
    assert shown(talk, Configure) == ["default"]
    assert told(talk.ask(f"Context = $ {{ {add('access')} }}")) == [NEW]
    assert told(talk.ask(f"Context = $ {{ {add('core')} }}")) == [OLD]
    assert shown(talk, Open) == ["default", "access-2", "default"]


def test_a_further_stream_of_a_termination_shows_what_its_first_one_does() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add('access')} }}")
    talk.feed(BOTH)
    more = f"Stream = 2 {{ LocalControl {{ Mode = SendReceive }}, Local {{ {LOCAL}}} }}"
    assert told(talk.ask(f"Context = 1 {{ Modify = ip/access/1 {{ Media {{ {more} }} }} }}")) == [OLD]


def test_a_certificate_is_in_use_until_its_last_termination_is_gone() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {add('access')} }}")
    talk.feed(BOTH)
    talk.ask(f"Context = $ {{ {add('access')} }}")
    assert talk.gateway.presented() == {"default", "access-2"}
    talk.ask("Context = 1 { Subtract = ip/access/1 }")
    assert talk.gateway.presented() == {"access-2"}
    talk.feed(Certified({"access": "access-2", "core": "access-2"}, {"access-2": LATER}))
    assert told(talk.ask(f"Context = $ {{ {add('core')} }}")) == [NEW]
