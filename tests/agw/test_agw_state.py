"""Contexts, terminations and endpoints by number and name; realms and limits."""

import pytest

from imsedge.agw.desk import Desk, is_open
from imsedge.agw.messages import Order
from imsedge.agw.settings import GatewaySettings, Realm
from imsedge.agw.state import Registry
from imsedge.agw.streams import begin
from imsedge.bearer.messages import Configure, Query, Release
from imsedge.core.errors import SettingError
from imsedge.h248.model import Stream, StreamMode
from kit.gateway_talk import ACCESS, CORE, gateway_settings

LAST = 0x7FFF_FFFF
LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP -\n"


def test_context_numbers_come_round_and_skip_what_is_taken() -> None:
    registry = Registry(LAST)
    assert [registry.new_context().id for _ in range(3)] == [LAST, 1, 2]
    registry.drop_if_empty(1)
    registry._next_context = LAST
    assert registry.new_context().id == 1


def test_termination_names_count_by_realm_and_are_not_used_again() -> None:
    registry = Registry()
    context = registry.new_context()
    names = [registry.new_termination(context, realm, 0.0).name for realm in (CORE, ACCESS, CORE)]
    assert names == ["ip/core/1", "ip/access/1", "ip/core/2"]
    first = registry.termination("IP/CORE/1")
    assert first is not None
    registry.drop_if_empty(context.id)
    assert context.id in registry.contexts
    registry.remove_termination(first)
    assert not registry.is_live(first)
    assert registry.new_termination(context, CORE, 0.0).name == "ip/core/3"
    assert context.find("ip/core/1") is None


def test_a_moved_termination_is_in_its_new_context_only() -> None:
    registry = Registry()
    one, two = registry.new_context(), registry.new_context()
    termination = registry.new_termination(one, CORE, 0.0)
    registry.move_termination(termination, two)
    assert (termination.context, one.terminations, two.find("IP/core/1")) == (two.id, {}, termination)
    assert registry.is_live(termination)
    assert [registry.new_link(), registry.new_link()] == [1, 2]


def test_a_stream_is_released_once_and_then_unknown() -> None:
    desk = Desk(gateway_settings(), Registry())
    context = desk.registry.new_context()
    termination = desk.registry.new_termination(context, CORE, 0.0)
    terms = begin(Stream(1, local=LOCAL), CORE, None, StreamMode.INACTIVE)
    stream = desk.open_stream(context, termination, 1, terms)
    assert desk.registry.endpoint(stream.endpoint) == (termination, stream)
    assert not is_open(stream)
    desk.configure(termination, stream, terms)
    desk.query(stream)
    desk.close_stream(termination, stream)
    desk.order_release(stream)
    orders = [output.command for output in desk.outputs if isinstance(output, Order)]
    assert orders[1:] == [Query(1), Release(1)]
    assert desk.registry.endpoint(stream.endpoint) is None
    desk.configure(termination, stream, begin(Stream(1, local=LOCAL), CORE, None, StreamMode.SEND_ONLY))
    assert not [o for o in desk.outputs if isinstance(o, Order) and isinstance(o.command, Configure)]


def test_remove_all_says_how_many_there_were() -> None:
    desk = Desk(gateway_settings(), Registry())
    for _ in range(3):
        desk.registry.new_termination(desk.registry.new_context(), CORE, 0.0)
    assert desk.remove_all() == 3
    assert desk.registry.counts == (0, 0, 0)


def test_realms_are_found_in_any_case_and_know_their_families() -> None:
    settings = gateway_settings()
    assert settings.realm("ACCESS") is ACCESS
    assert settings.realm("mars") is None
    assert ACCESS.address(ipv6=True) == "2001:db8::5"
    assert CORE.address(ipv6=True) is None


def test_settings_that_cannot_be() -> None:
    with pytest.raises(SettingError, match="has no address"):
        Realm(name="x", addresses=())
    with pytest.raises(SettingError, match="not an IP address"):
        Realm(name="x", addresses=("host.example",))
    with pytest.raises(SettingError, match="default realm core"):
        GatewaySettings(realms=(ACCESS,))
