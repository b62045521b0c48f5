"""Registration with mediasec as operators' equipment really does it, by SIPp, OpenSSL and Kamailio.

The exchange is the one that Deutsche Telekom and its customers' equipment show in public: a REGISTER that
requires ``mediasec``, a 401 with a Security-Server for each mechanism, a REGISTER that echoes them.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.daemon.alg import AlgDaemon
from imsedge.daemon.service import running
from imsedge.daemon.settings import AlgSettings
from imsedge.play.place import own_place
from kit.kamailio import KamailioRegistrar
from kit.openssl import Openssl, OpensslCertificate, wait_for
from kit.sip_scenarios import challenges, registers_again
from kit.sipp import Sipp
from kit.system import changed

pytestmark = [pytest.mark.interop, pytest.mark.system]

OURS = ("msrp-tls;mediasec", "bfcp-tls;mediasec", "udptl-dtls;mediasec")
CHALLENGE = "WWW-Authenticate: Digest realm=home.test, nonce=abc"


class World:
    """Our controller on a loopback network of its own, without any gateway."""

    def __init__(self, settings: AlgSettings, ue_host: str, folder: Path) -> None:
        self.settings, self.sip, self.folder = settings, settings.sip, folder
        self.alg = AlgDaemon(settings)
        self.phone = TransportAddress(ue_host, 5060)

    async def exchange(self, phone: list[str], registrar: list[str]) -> tuple[list[str], list[str]]:
        """Both scenarios to their end; what the registrar and what the phone received."""
        with (
            Sipp(registrar, self.folder, "registrar", local=self.sip.next_hop, remote=self.sip.core) as core,
            Sipp(phone, self.folder, "phone", local=self.phone, remote=self.sip.access) as ue,
        ):
            await until(lambda: ue.ended and core.ended, "the end of the exchange")
            ue.check()
            core.check()
            return core.received(), ue.received()


async def until(condition: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(wait_for, condition, what, 20.0)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    own = own_place(RandomIds())
    made = World(own.alg, own.place.ue_host, tmp_path)
    async with running([made.alg]):
        yield made


def fields(message: str, name: str) -> list[str]:
    """Values of a header in order, one list whether in many fields or one."""
    lines = [line.partition(":")[2] for line in message.splitlines() if line.startswith(f"{name}:")]
    return [value.strip() for line in lines for value in line.split(",")]


SPELLINGS = {
    "one field each": tuple(f"Security-Client: {entry}" for entry in ("sdes-srtp;mediasec", *OURS)),
    "one list": ("Security-Client: sdes-srtp;mediasec, " + ", ".join(OURS),),
    "values, and IPsec before them": (
        "Security-Client: ipsec-3gpp; alg=hmac-sha-1-96; spi-c=1; spi-s=2; port-c=3; port-s=4",
        'Security-Client: mediasec="msrp-tls", mediasec="bfcp-tls" ,udptl-dtls ; MediaSec; q=0.100000.4',
    ),
}


@pytest.mark.parametrize("client", SPELLINGS.values(), ids=SPELLINGS)
async def test_the_public_exchange(world: World, client: tuple[str, ...]) -> None:
    needs = ("Require: mediasec", "Proxy-Require: mediasec")
    echo = tuple(f"Security-Verify: {entry}" for entry in OURS)
    phone = registers_again([(*needs, *client)], 401) + registers_again([(*needs, *client, *echo)], 200, 2)
    asked, told = await world.exchange(phone, challenges(CHALLENGE, 401) + challenges("Expires: 60", 200))
    assert [fields(answer, "Security-Server") for answer in told] == [list(OURS), list(OURS)]
    for register in asked:
        assert "mediasec" not in register.lower()
        assert len(fields(register, "Security-Client")) == ("ipsec" in client[0])
    paths = [fields(register, "Path") for register in asked]
    assert paths[0] == paths[1]
    (status,) = [world.alg.status()["registrations"]]
    assert status == 1


async def test_an_echo_that_differs_is_refused_and_the_next_one_taken(world: World) -> None:
    client = tuple(f"Security-Client: {entry}" for entry in OURS)
    good = tuple(f"Security-Verify: {entry}" for entry in reversed(OURS))
    phone = registers_again([(*client, *good[:1])], 494) + registers_again([(*client, *good)], 200, 2)
    asked, told = await world.exchange(phone, challenges("Expires: 60", 200))
    assert len(asked) == 1
    assert fields(told[0], "Security-Server") == list(OURS)


async def test_too_brief_then_granted_then_ended(world: World) -> None:
    brief = registers_again([("Security-Client: msrp-tls;mediasec", "Expires: 10")], 423)
    longer = registers_again([("Security-Client: msrp-tls;mediasec", "Expires: 600")], 200, 2)
    over = registers_again([("Expires: 0",)], 200, 3)
    _, told = await world.exchange(
        brief + longer + over,
        challenges("Min-Expires: 60", 423) + challenges("Expires: 600", 200) + challenges("Expires: 0", 200),
    )
    assert fields(told[0], "Min-Expires") == ["60"]
    assert [len(fields(answer, "Security-Server")) for answer in told] == [0, 3, 0]
    assert world.alg.status()["registrations"] == 0


# --- over TLS ----------------------------------------------------------------------------------------------

REGISTER = (
    "REGISTER sip:home.test SIP/2.0\r\nVia: SIP/2.0/TLS {local};branch=z9hG4bK1\r\n"
    "From: <sip:alice@home.test>;tag=1\r\nTo: <sip:alice@home.test>\r\nCall-ID: 1@{local}\r\n"
    "CSeq: 1 REGISTER\r\nContact: <sip:alice@{local};transport=tls>\r\nMax-Forwards: 70\r\n"
    "Security-Client: msrp-tls;mediasec\r\nContent-Length: 0\r\n\r\n"
)
OPTIONS = (
    "OPTIONS sip:alice@{contact} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK2\r\nRoute: {path}\r\n"
    "From: <sip:bob@home.test>;tag=2\r\nTo: <sip:alice@home.test>\r\nCall-ID: 2@{local}\r\n"
    "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


async def test_a_phone_over_tls_and_kamailio_over_tls(tmp_path: Path) -> None:
    """Both legs are TLS; a request of the core finds the phone on the connection that it opened."""
    own = own_place(RandomIds())
    edge = OpensslCertificate(tmp_path, "edge")
    core = OpensslCertificate(tmp_path, "core", hosts=(own.place.core_host,))
    network = own.place.ue_host.rpartition(".")[0]
    registrar = TransportAddress(own.place.core_host, 5061)
    tls = {"certificate": str(edge.certificate), "key": str(edge.key), "authorities": str(core.certificate)}
    tls |= {"access": f"{network}.20:5061", "core": f"{network}.21:5061"}
    sip = {"tls": tls, "next_hop": str(registrar), "next_hop_transport": "tls", "mediasec": "tls"}
    settings = changed(own.alg, {"sip": sip})
    daemon = AlgDaemon(settings)
    with ExitStack() as stack:
        judge = stack.enter_context(KamailioRegistrar(tmp_path, registrar, core.certificate, core.key))
        async with running([daemon]):
            listens = settings.sip.tls.access
            assert listens is not None
            phone = stack.enter_context(
                Openssl.client(
                    tmp_path, listens, None, "-quiet", "-CAfile", str(edge.certificate), "-verify", "1"
                )
            )
            contact = TransportAddress(own.place.ue_host, 5061)
            phone.send(REGISTER.format(local=contact).encode())
            await until(lambda: "SIP/2.0 200" in phone.output, "the 200")
            assert "Security-Server: msrp-tls;mediasec" in phone.output
            assert "verify error" not in phone.output
            (line,) = judge.judged()
            assert line.startswith("REGISTER over tls: <sip:")
            assert line.endswith(f"@{network}.21:5061;transport=tls;lr> [<null><null>]")
            path = line.partition(": ")[2].partition(" [")[0]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                peer.bind((own.place.core_host, 0))
                local = TransportAddress(*peer.getsockname())
                request = OPTIONS.format(contact=contact, local=local, path=path)
                peer.sendto(request.encode(), settings.sip.core)
                await until(lambda: "OPTIONS sip:alice@" in phone.output, "the core's request")
