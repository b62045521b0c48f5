"""Two media ends: what they say to each other arrives, and the tap sees what really crossed."""

import asyncio

import pytest

from imsedge.core.ids import RandomIds
from imsedge.core.msrp_uri import read_msrp_uri
from imsedge.core.trace import Crossing, Kind
from imsedge.play.chat import Chat
from imsedge.play.media_end import MediaEnd
from imsedge.play.secure_end import Identity, MediaError
from imsedge.security.certificates import self_signed
from imsedge.security.tls import Role

pytestmark = pytest.mark.system

ALICE, BOB = self_signed("alice"), self_signed("bob")
ALICE_URI = read_msrp_uri("msrps://127.0.0.1:7654/alice;tcp")
BOB_URI = read_msrp_uri("msrps://127.0.0.1:7655/bob;tcp")


async def connected(seen: list[Crossing], *, tls: bool) -> tuple[MediaEnd, MediaEnd]:
    alice = MediaEnd("127.0.0.1", seen.append, Identity(ALICE) if tls else None)
    bob = MediaEnd("127.0.0.1", lambda _: None, Identity(BOB) if tls else None)
    await asyncio.gather(alice.connect(bob.local), bob.accept())
    return alice, bob


async def talk(alice: MediaEnd, bob: MediaEnd) -> None:
    ids = RandomIds()
    hers, his = Chat(alice, ALICE_URI, (BOB_URI,), ids), Chat(bob, BOB_URI, (ALICE_URI,), ids)
    await his.begin(active=False)
    await hers.begin(active=True)
    await hers.say("hello")
    assert await his.heard() == "hello"
    await his.say("good day")
    assert await hers.heard() == "good day"
    await hers.end()
    await his.end()


async def test_in_clear_the_octets_of_each_message_are_seen(no_leaks: None) -> None:
    seen: list[Crossing] = []
    await talk(*await connected(seen, tls=False))
    assert [c.summary for c in seen if c.kind is Kind.TCP][:3] == ["SYN", "SYN ACK", "ACK"]
    words = [c.summary for c in seen if c.kind is Kind.MSRP and c.summary]
    assert words == ["SEND", "200 OK", "SEND (5 octets)", "200 OK", "SEND (8 octets)", "200 OK"]
    assert b"hello" in b"".join(c.data for c in seen)


async def test_over_tls_only_records_cross(no_leaks: None) -> None:
    seen: list[Crossing] = []
    alice, bob = await connected(seen, tls=True)
    await asyncio.gather(
        alice.secure(Role.CLIENT, (BOB.fingerprint(),)), bob.secure(Role.SERVER, (ALICE.fingerprint(),))
    )
    await talk(alice, bob)
    tls = [c for c in seen if c.kind is Kind.TLS]
    assert tls[0].summary == "ClientHello"
    assert "ServerHello" in tls[1].summary
    assert b"hello" not in b"".join(c.data for c in seen)
    assert "SEND (5 octets)" in [c.summary for c in seen]


async def test_records_that_came_together_are_all_read() -> None:
    alice, bob = await connected([], tls=True)
    await asyncio.gather(
        alice.secure(Role.CLIENT, (BOB.fingerprint(),)), bob.secure(Role.SERVER, (ALICE.fingerprint(),))
    )
    await alice.send(b"one")
    await alice.send(b"two")
    await asyncio.sleep(0.05)  # both records are in the socket now
    assert (await bob.receive(), await bob.receive()) == (b"one", b"two")
    await alice.close()
    assert await bob.receive() == b""
    await bob.close()


async def test_the_connection_comes_from_the_advertised_port() -> None:
    alice, bob = MediaEnd("127.0.0.1", lambda _: None), MediaEnd("127.0.0.1", lambda _: None)
    advertised = alice.local
    await asyncio.gather(alice.connect(bob.local), bob.accept())
    assert bob.peer == advertised == alice.local
    await alice.close()
    await bob.close()


async def test_nobody_listens() -> None:
    alice, bob = MediaEnd("127.0.0.1", lambda _: None), MediaEnd("127.0.0.1", lambda _: None)
    await bob.close()
    with pytest.raises(MediaError, match="does not answer"):
        await alice.connect(bob.local)
    await alice.close()


async def test_another_certificate_than_announced_is_not_trusted(no_leaks: None) -> None:
    alice, bob = await connected([], tls=True)
    serving = asyncio.create_task(bob.secure(Role.SERVER, (ALICE.fingerprint(),)))
    with pytest.raises(MediaError, match="does not match"):
        await alice.secure(Role.CLIENT, (self_signed("mallory").fingerprint(),))
    await serving
    await alice.close()
    await bob.close()
