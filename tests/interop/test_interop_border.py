"""Two networks of SIPp's with our daemons between them: TLS from one end to the other, and nothing else seen.

What crossed is recorded whole: tshark finds it well-formed, and no octet of SIP or SDP in one network names a
host or an address of the other.
"""

import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.pcap import read_segments
from imsedge.daemon.settings_border import Role
from imsedge.play import sessions
from imsedge.play.e2e_checks import differences
from imsedge.play.sessions import Told
from imsedge.sdp.kinds import Medium
from kit.openssl import Openssl, OpensslCertificate, wait_for
from kit.peers import missing, need
from kit.sip_scenarios import answers, calls
from kit.sipp_world import World, description_in, ended, sipp_world, text_in, told, until

pytestmark = [pytest.mark.interop, pytest.mark.system]

TELLING = """
            Record-Route: <sip:scscf.visited.test;lr>, <sip:pcscf.visited.test;lr>
            P-Asserted-Identity: <sip:caller@[local_ip]>
            P-Access-Network-Info: IEEE-802.11;network-provided;local-access-id=[local_ip]
            P-Charging-Vector: icid-value=1;icid-generated-at=[local_ip];orig-ioi=visited.test
            History-Info: <sip:bob@icscf.visited.test>;index=1
            User-Agent: phone at [local_ip]
            Session-Expires: 1800
            Supported: timer, 100rel, replaces
            X-Vendor: seen by pcscf.visited.test"""
HOSTS = ("scscf.visited.test", "pcscf.visited.test", "icscf.visited.test")
FLOOR = ("floorid:1 mstrm:10", "confid:4321", "userid:1234")
SIP = 5060


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with sipp_world(tmp_path, role=Role.BORDER) as made:
        yield made


@contextmanager
def recorded(world: World) -> Iterator[Path]:
    """Everything on the loopback network of this call, in a file that is whole when the block ends."""
    tshark = need("tshark")
    if os.geteuid() != 0:
        missing("captures", "captures of the loopback interface (root)")
    network, file = world.place.ue_host.rpartition(".")[0], world.folder / "border.pcapng"
    command = [tshark, "-n", "-Q", "-i", "lo", "-f", f"net {network}.0/24", "-w", str(file)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            seen_in(file, world, b"it begins")
            yield file
            seen_in(file, world, b"it ends")
        finally:
            process.terminate()


def seen_in(file: Path, world: World, mark: bytes) -> None:
    """What was sent before this returns is in the file."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:

        def look() -> bool:
            sock.sendto(mark, (world.place.ue_host, 9))
            return file.exists() and mark in file.read_bytes()

        wait_for(look, "tshark")


def told_by(who: OpensslCertificate, address: TransportAddress, setup: str) -> str:
    told = Told(
        address=address,
        setup=setup,
        secure=True,
        medium=Medium.BFCP,
        lines=FLOOR,
        fingerprints=(who.fingerprint,),
    )
    return sessions.write(told)


async def test_tls_passes_between_two_networks_that_do_not_see_each_other(world: World) -> None:
    place = world.place
    ours, theirs = (OpensslCertificate(world.folder, name) for name in ("visited", "home"))
    at, core = TransportAddress(place.ue_host, 7654), TransportAddress(place.core_host, 2855)
    offer, answer = told_by(ours, at, "actpass"), told_by(theirs, core, "passive")
    server = ("-accept", str(core), "-naccept", "1", "-Verify", "1")
    client = ("-nocommands", "-bind", str(at), "-cert", str(ours.certificate), "-key", str(ours.key))
    identity = ("-cert", str(theirs.certificate), "-key", str(theirs.key))
    with (
        recorded(world) as file,
        Openssl(world.folder, "s_server", *server, *identity, name="home-end") as home,
        world.sipp(answers(answer), "callee", place.next_hop, place.sip_core) as callee,
        world.sipp(
            calls("sip:bob@home.test", offer, routes=TELLING), "caller", world.phone, place.sip_access
        ) as caller,
    ):
        gateway = (await told(caller)).address
        with Openssl(world.folder, "s_client", "-connect", str(gateway), *client, name="end") as visited:
            await until(lambda: "New, TLS" in visited.output, "the handshake")
            visited.send(b"from the visited network\n")
            await until(lambda: "from the visited network" in home.output, "its words")
            home.send(b"from home\n")
            await until(lambda: "from home" in visited.output, "the words from home")
            assert visited.peer_pem.split() == theirs.certificate.read_text().split()
            await ended(caller, callee)
        assert differences(offer, text_in(callee.received(), "INVITE"), hidden=True) == []
        assert differences(answer, text_in(caller.received(), "SIP/2.0 200"), hidden=True) == []
        met = description_in(callee.received(), "INVITE").address, gateway
    assert world.gateway.handshakes == 0
    assert malformed(file) == []
    inner = {core.host, place.sip_core.host, met[0].host}
    outer = {at.host, place.sip_access.host, met[1].host}
    assert shown(file, outer | set(HOSTS), seen_by=place.core_host) == []
    assert shown(file, inner, seen_by=place.ue_host) == []


def malformed(file: Path) -> list[str]:
    """What tshark has to say about frames that cannot be read, and about SIP and SDP."""
    wrong = "_ws.malformed or (_ws.expert.severity == error and (sip or sdp or megaco or h248))"
    command = [need("tshark"), "-n", "-r", str(file), "-Y", wrong]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()


def shown(file: Path, secrets: set[str], *, seen_by: str) -> list[str]:
    """Which of the names stand in SIP that this host was sent by us."""
    segments = [
        s for s in read_segments(file.read_bytes()) if s.transport == "udp" and s.destination.host == seen_by
    ]
    sip = b"".join(s.data for s in segments if s.source.port == SIP and s.source.host != seen_by)
    assert b"SIP/2.0" in sip
    return sorted(name for name in secrets if name.encode() in sip)
