"""Two built-in telephones talk to each other without anybody between them."""

import asyncio

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds, RandomIds
from imsedge.play.phone import Phone, PhoneError

pytestmark = pytest.mark.system

ANY = TransportAddress("127.0.0.1", 0)
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_is_made_answered_and_hung_up(transport: str, no_leaks: None) -> None:
    alice = Phone("alice", "home.test", RandomIds(), transport=transport)
    bob = Phone("bob", "home.test", RandomIds(), transport=transport)
    await alice.start(ANY)
    await bob.start(ANY)
    try:
        calling = asyncio.create_task(alice.invite(bob.local, bob.contact.strip("<>"), SDP))
        invite = await bob.expect("INVITE")
        assert invite.request.body.decode() == SDP
        bobs = bob.answer(invite, SDP.replace("o=-", "o=bob"))
        response, alices = await calling
        assert response.body.startswith(b"v=0\r\no=bob")
        await bob.expect("ACK")
        ending = asyncio.create_task(bob.hang_up(bobs))
        alice.accept(await alice.expect("BYE"))
        assert (await ending).status == 200
        assert alices.call_id == bobs.call_id
    finally:
        await alice.stop()
        await bob.stop()


async def test_a_registration_offers_media_security_and_a_refused_call_says_why() -> None:
    alice = Phone("alice", "home.test", CountingIds())
    core = Phone("core", "home.test", RandomIds())
    await alice.start(ANY)
    await core.start(ANY)
    try:
        registering = asyncio.create_task(alice.register(core.local, "msrp-tls;mediasec"))
        register = await core.expect("REGISTER")
        assert register.request.headers.all("Security-Client") == ("msrp-tls;mediasec",)
        core.accept(register, ("Security-Server", "msrp-tls;mediasec"))
        assert (await registering).headers.get("Security-Server") == "msrp-tls;mediasec"
        calling = asyncio.create_task(alice.invite(core.local, core.record, SDP))
        core.refuse(await core.expect("INVITE"), 488)
        with pytest.raises(PhoneError, match="488 Not Acceptable Here"):
            await calling
    finally:
        await alice.stop()
        await core.stop()
