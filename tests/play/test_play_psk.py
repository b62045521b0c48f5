"""TLS with a pre-shared key: two built-in UEs, a wrong key, and ``openssl`` as the other one."""

import asyncio
import socket
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.play.media_end import MediaEnd
from imsedge.play.psk import SharedKey
from imsedge.play.secure_end import MediaError
from imsedge.security.tls import Role
from kit.openssl import Openssl, wait_for

pytestmark = pytest.mark.system

KEY = bytes(range(16))


async def ends(first: bytes, second: bytes) -> tuple[MediaEnd, MediaEnd]:
    alice, bob = (MediaEnd("127.0.0.1", lambda _: None, SharedKey(key)) for key in (first, second))
    await asyncio.gather(alice.connect(bob.local), bob.accept())
    return alice, bob


async def test_who_has_the_key_is_trusted(no_leaks: None) -> None:
    alice, bob = await ends(KEY, KEY)
    await asyncio.gather(alice.secure(Role.CLIENT, ()), bob.secure(Role.SERVER, ()))
    await alice.send(b"hello")
    assert await bob.receive() == b"hello"
    await alice.close()
    await bob.close()


async def test_who_has_another_is_not(no_leaks: None) -> None:
    alice, bob = await ends(KEY, KEY[::-1])
    serving = asyncio.create_task(bob.secure(Role.SERVER, ()))
    with pytest.raises(MediaError, match="handshake"):
        await alice.secure(Role.CLIENT, ())
    with pytest.raises(MediaError, match="handshake"):
        await serving
    await alice.close()
    await bob.close()


@pytest.mark.interop
async def test_openssl_knows_the_key(tmp_path: Path, no_leaks: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        at = TransportAddress(*free.getsockname())
    options = ("-accept", str(at), "-naccept", "1", "-nocert", "-tls1_2")
    with Openssl(tmp_path, "s_server", *options, "-psk", KEY.hex(), "-psk_identity", "ims") as server:
        await asyncio.to_thread(wait_for, lambda: "ACCEPT" in server.output, "openssl")
        alice = MediaEnd("127.0.0.1", lambda _: None, SharedKey(KEY))
        await alice.connect(at)
        await alice.secure(Role.CLIENT, ())
        await alice.send(b"hello\n")
        await asyncio.to_thread(wait_for, lambda: "hello" in server.output, "the words")
        assert "PSK" in server.output
        await alice.close()
