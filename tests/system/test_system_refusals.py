"""Who asks for e2ae security and cannot be served is refused, with the reason, and nothing leaves in clear.

The phone's INVITE is real, and so is the socket of the core at which no INVITE may arrive.
"""

import asyncio
import re
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from imsedge.daemon.alg import AlgDaemon
from imsedge.daemon.service import running
from imsedge.play import sessions
from imsedge.play.phone import PhoneError
from imsedge.play.scenes import Ensemble
from imsedge.play.stage import Stage
from imsedge.sip.message import SipRequest, SipResponse
from imsedge.sip.parser import read_message
from kit.system import System, Tables, ends, offer_of, originate, own_world, system, terminate

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

NEVER: Tables = {"policy": {"securing": {"msrp": "never"}}}
UNAWARE: Tables = {"policy": {"msrp": {"aware": "never"}}}
ALWAYS: Tables = {"policy": {"securing": {"msrp": "always"}}}
ONE_PORT: Tables = {
    "realms": {
        "access": {"low_port": 20_000, "high_port": 20_000},
        "core": {"low_port": 20_000, "high_port": 20_000},
    },
    "media": {"port_rest": 0.0},
}


class Change(NamedTuple):
    """What is wrong with an offer: a pattern of its text and what stands there instead."""

    pattern: str
    instead: str = ""

    def of(self, text: str) -> str:
        changed = re.sub(self.pattern, self.instead, text, flags=re.MULTILINE)
        assert changed != text
        return changed


OFFERS = {
    "no fingerprint": (Change("^a=fingerprint.*\r\n"), "no usable certificate fingerprint"),
    "a fingerprint of a hash that nobody trusts": (
        Change("sha-256 .*\r\n", "md5 " + ":".join(["AA"] * 16) + "\r\n"),
        "no usable certificate fingerprint",
    ),
    "a fingerprint that is none": (Change("sha-256 .*\r\n", "sha-256 XY\r\n"), "no usable certificate"),
    "no TLS": (Change("TCP/TLS/MSRP", "TCP/MSRP"), "e2ae security requested without TLS"),
    "neither msrp-cema nor a path": (Change("^a=(msrp-cema|path:.*)\r\n"), "MSRP without msrp-cema"),
    "no address": (Change("^c=.*\r\n"), "address or setup attribute"),
    "a name for an address": (Change("^c=.*\r\n", "c=IN IP4 ue.test\r\n"), "address or setup attribute"),
    "nobody who opens TCP": (Change("actpass", "holdconn"), "address or setup attribute"),
    "a setup that is none": (Change("actpass", "sometimes"), "address or setup attribute"),
    "no version": (Change("^v=0\r\n"), ""),
    "no SDP at all": (Change(r"(?s)\A.*\Z", "hello"), ""),
}


async def refused(cast: Ensemble, offer: str) -> None:
    """The phone calls with this offer, in vain."""
    with pytest.raises(PhoneError, match="refused"):
        await cast.ue.invite(cast.ue_proxy, cast.core.record, offer)


def reached_the_core(world: System) -> list[str]:
    """Methods of what the controller sent to the core, but for the registration."""
    sent = world.sip(world.place.sip_core)
    return [m.method for m in sent if isinstance(m, SipRequest) and m.method != "REGISTER"]


async def assert_refused(world: System, cast: Ensemble, offer: str, status: int, why: str) -> None:
    """No INVITE towards the core, nothing kept, the reason in a Warning."""
    before = world.held()
    await refused(cast, offer)
    (refusal,) = world.refusals()
    assert refusal[0] == status
    assert refusal[1].startswith("399 imsedge")
    assert why in refusal[1]
    assert reached_the_core(world) == []
    await world.returns_to(before)


@pytest.mark.parametrize(("change", "why"), OFFERS.values(), ids=OFFERS)
async def test_an_offer_without_what_is_needed_is_refused(change: Change, why: str) -> None:
    async with system() as world, ends(world.place) as cast:
        await cast.register()
        offer = change.of(sessions.write(offer_of(cast)))
        await assert_refused(world, cast, offer, 488, why)


async def test_where_no_paths_may_be_rewritten_an_offer_without_msrp_cema_is_refused() -> None:
    async with system(UNAWARE) as world, ends(world.place) as cast:
        await cast.register()
        offer = Change("^a=msrp-cema\r\n").of(sessions.write(offer_of(cast)))
        await assert_refused(world, cast, offer, 488, "cannot pass an application-agnostic gateway")


async def test_a_phone_that_is_not_registered_is_refused() -> None:
    async with system() as world, ends(world.place) as cast:
        offer = sessions.write(offer_of(cast))
        await assert_refused(world, cast, offer, 488, "not negotiated at registration")


async def test_a_phone_that_did_not_announce_msrp_tls_is_refused() -> None:
    async with system() as world, ends(world.place) as cast:
        registering = asyncio.create_task(cast.ue.register(cast.ue_proxy))
        arrived = await cast.core.expect("REGISTER")
        cast.core.accept(arrived, ("Contact", f"{arrived.request.required('Contact')};expires=3600"))
        await registering
        offer = sessions.write(offer_of(cast))
        await assert_refused(world, cast, offer, 488, "not negotiated at registration")


async def test_where_the_operator_says_never_it_is_refused() -> None:
    async with system(NEVER) as world, ends(world.place) as cast:
        await cast.register()
        await assert_refused(world, cast, sessions.write(offer_of(cast)), 488, "switched off here")


async def test_where_the_operator_says_always_no_registration_is_needed() -> None:
    """The other way round: the same phone, not registered, is served."""
    async with system(ALWAYS) as world, ends(world.place) as cast:
        before = world.held()
        agreed = await originate(cast, offer_of(cast), cast.told("core", "passive"))
        assert agreed.seen_by_ue.secure
        await cast.hang_up(agreed.ue)
        await world.returns_to(before)


async def test_a_line_that_cannot_be_secured_is_refused_and_the_other_served() -> None:
    """Two MSRP lines, the second without a fingerprint: the core sees it with port 0, and not its address."""
    async with system() as world, ends(world.place) as cast:
        await cast.register()
        before = world.held()
        offer = sessions.write(offer_of(cast))
        second = re.sub("^a=fingerprint.*\r\n", "", offer[offer.index("m=message") :], flags=re.MULTILINE)
        calling = asyncio.create_task(cast.ue.invite(cast.ue_proxy, cast.core.record, offer + second))
        invite = await cast.core.expect("INVITE")
        lines = [line.split() for line in invite.request.body.decode().splitlines() if line.startswith("m=")]
        assert [(line[1] == "0", line[2]) for line in lines] == [(False, "TCP/MSRP"), (True, "TCP/MSRP")]
        answer = sessions.write(cast.told("core", "passive"))
        cast.core.answer(invite, answer + "m=message 0 TCP/MSRP *\r\n")
        response, dialog = await calling
        ports = re.findall("^m=message (\\d+) TCP/TLS/MSRP", response.body.decode(), flags=re.MULTILINE)
        assert [port == "0" for port in ports] == [False, True]
        assert world.agw.gateway.load()[:3] == (1, 2, 2)
        await cast.core.expect("ACK")
        await cast.hang_up(dialog)
        await world.returns_to(before)


async def test_without_a_gateway_it_is_refused_until_one_is_there() -> None:
    own = own_world()
    stage = Stage(own.place.cast)
    async with running([AlgDaemon(own.alg, tap=stage)]), ends(own.place) as cast:
        await cast.register()
        await refused(cast, sessions.write(offer_of(cast)))
    answer = next(
        message
        for message in (read_message(c.data) for c in stage.crossings)
        if isinstance(message, SipResponse) and message.status == 503
    )
    assert "no gateway is available" in answer.required("Warning")
    assert answer.required("Retry-After")
    assert not any(c.destination == own.place.next_hop and b"INVITE" in c.data for c in stage.crossings)


async def test_without_a_free_port_it_is_refused_and_served_when_one_is_free() -> None:
    async with system(agw=ONE_PORT) as world, ends(world.place) as cast:
        await cast.register()
        offer = offer_of(cast)
        first = await originate(cast, offer, cast.told("core", "passive"))
        held = world.held()
        await refused(cast, sessions.write(offer))
        assert [status for status, _ in world.refusals()] == [503]
        assert "no free port" in world.refusals()[0][1]
        assert reached_the_core(world) == ["INVITE", "ACK"]
        await world.returns_to(held)
        await cast.hang_up(first.ue)
        second = await originate(cast, offer, cast.told("core", "passive"))
        assert second.seen_by_ue.address == first.seen_by_ue.address
        await cast.hang_up(second.ue)


async def test_beyond_the_gateways_limit_it_is_refused() -> None:
    async with system(agw={"limits": {"contexts": 1}}) as world, ends(world.place) as cast:
        await cast.register()
        first = await originate(cast, offer_of(cast), cast.told("core", "passive"))
        await refused(cast, sessions.write(offer_of(cast)))
        assert [status for status, _ in world.refusals()] == [503]
        await cast.hang_up(first.ue)


async def test_beyond_the_controllers_limit_it_is_refused() -> None:
    async with system(alg={"limits": {"calls": 1}}) as world, ends(world.place) as cast:
        await cast.register()
        first = await originate(cast, offer_of(cast), cast.told("core", "passive"))
        await refused(cast, sessions.write(offer_of(cast)))
        assert [status for status, _ in world.refusals()] == [503]
        await cast.hang_up(first.ue)


async def test_an_answer_of_the_core_that_cannot_be_served_ends_the_call() -> None:
    """The caller hears 488; the core, which has answered, an ACK and a BYE."""
    async with system() as world, ends(world.place) as cast:
        await cast.register()
        before = world.held()
        offer = sessions.write(offer_of(cast))
        calling = asyncio.create_task(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
        invite = await cast.core.expect("INVITE")
        answer = Change("^c=.*\r\n").of(sessions.write(cast.told("core", "passive")))
        cast.core.answer(invite, answer)
        with pytest.raises(PhoneError, match="488"):
            await calling
        await cast.core.expect("ACK")
        cast.core.accept(await cast.core.expect("BYE"))
        await world.returns_to(before)


async def test_an_answer_of_the_phone_without_a_fingerprint_ends_the_call() -> None:
    async with system() as world, ends(world.place) as cast:
        contact, path = await cast.register()
        before = world.held()
        offer = sessions.write(cast.told("core", "actpass"))
        calling = asyncio.create_task(cast.core.invite(cast.core_proxy, contact, offer, path))
        invite = await cast.ue.expect("INVITE")
        cast.ue.answer(invite, sessions.write(replace(cast.told("ue", "passive"), fingerprints=())))
        with pytest.raises(PhoneError, match="488"):
            await calling
        assert "without a certificate fingerprint" in world.refusals()[0][1]
        await cast.ue.expect("ACK")
        cast.ue.accept(await cast.ue.expect("BYE"))
        await world.returns_to(before)


async def test_a_phone_that_answers_in_clear_ends_the_call() -> None:
    async with system() as world, ends(world.place) as cast:
        way = await cast.register()
        before = world.held()
        clear = replace(cast.told("ue", "passive"), secure=False, fingerprints=())
        with pytest.raises(PhoneError, match="488"):
            await terminate(cast, way, cast.told("core", "actpass"), clear)
        await cast.ue.expect("ACK")
        cast.ue.accept(await cast.ue.expect("BYE"))
        await world.returns_to(before)
