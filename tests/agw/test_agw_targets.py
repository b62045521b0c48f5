"""Which terminations the names of a command stand for."""

import pytest

from imsedge.agw.desk import Desk, Scope
from imsedge.agw.state import Registry
from imsedge.agw.targets import elsewhere, known_termination, matching, needed_context, single_choice
from imsedge.h248.errors import H248Error
from imsedge.h248.model import CommandRequest, Verb
from kit.gateway_talk import ACCESS, CORE, gateway_settings


def scope() -> Scope:
    """Context 1 with ip/core/1 and ip/access/1, context 2 with ip/core/2; we are in context 1."""
    desk = Desk(gateway_settings(), Registry())
    one, two = desk.registry.new_context(), desk.registry.new_context()
    for context, realm in ((one, CORE), (one, ACCESS), (two, CORE)):
        desk.registry.new_termination(context, realm, 0.0)
    return Scope(desk, one, 2)


def command(*names: str) -> CommandRequest:
    return CommandRequest(Verb.MODIFY, names)


MATCHING = {
    ("*",): ("ip/core/1", "ip/access/1"),
    ("ip/access/*",): ("ip/access/1",),
    ("ip/core/1", "*"): ("ip/core/1", "ip/access/1"),
    ("IP/Core/1",): ("ip/core/1",),
    ("x*",): (),
}
ELSEWHERE = {
    ("*",): ("ip/core/2",),
    ("ip/access/*",): (),
    ("ip/core/1", "ip/core/*"): ("ip/core/1", "ip/core/2"),
    ("nobody",): ("nobody",),
}
REFUSED = {("$",): 430, ("ROOT",): 435, ("nobody",): 430, ("ip/core/2",): 435}


@pytest.mark.parametrize(("names", "expected"), MATCHING.items(), ids=str)
def test_in_this_context(names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert matching(scope(), command(*names)) == expected


@pytest.mark.parametrize(("names", "expected"), ELSEWHERE.items(), ids=str)
def test_in_other_contexts(names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert elsewhere(scope(), command(*names)) == expected


@pytest.mark.parametrize(("names", "code"), REFUSED.items(), ids=str)
def test_nobody_is_meant(names: tuple[str, ...], code: int) -> None:
    with pytest.raises(H248Error) as raised:
        matching(scope(), command(*names))
    assert raised.value.code == code


def test_what_is_made_has_no_name_yet() -> None:
    assert single_choice(scope(), command("ip/access/$", "$")) == ("ip/access/$", "$")
    with pytest.raises(H248Error):
        single_choice(scope(), command("ip/core/1"))


def test_what_a_command_needs() -> None:
    here = scope()
    assert needed_context(here).id == 1
    assert known_termination(here, "IP/CORE/2").context == 2
    with pytest.raises(H248Error):
        needed_context(Scope(here.desk, None, 2))
    with pytest.raises(H248Error):
        known_termination(here, "nobody")
