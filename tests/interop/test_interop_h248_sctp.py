"""Associations over the SCTP of a kernel: what tshark says of the packets; our own reading of the capture."""

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from imsedge.core.ids import RandomIds
from imsedge.h248.association import (
    ControllerAssociation,
    ControllerSettings,
    GatewayAssociation,
    GatewaySettings,
    GatewayUp,
    Registered,
    RequestTo,
    Start,
    Stop,
    Stopped,
)
from imsedge.h248.codec import Encoding
from imsedge.h248.sources import Input, find_messages
from imsedge.h248.transactions import ReplyArrived
from kit.endpoints import Side, called, calling
from kit.h248 import GATEWAY, MGC, audit, settings
from kit.peers import need, run

pytestmark = [pytest.mark.interop, pytest.mark.sctp]

_FILE = struct.Struct("<IHHiIII")  # of pcap: magic, version 2.4, zone, precision, longest packet, Ethernet
_PACKET = struct.Struct("<IIII")
_ALL_KINDS = 0x0003
_ETHERNET = 1
_FIELDS = ("sctp.srcport", "sctp.dstport", "sctp.chunk_type", "sctp.data_payload_proto_id", "frame.protocols")
_INIT, _DATA = 1, 0


class Wire:
    """Records loopback: only one of the two times that each packet is seen there."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_KINDS))
        self._socket.bind(("lo", 0))
        self._socket.setblocking(False)

    def save(self, file: Path) -> None:
        file.write_bytes(_FILE.pack(0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, _ETHERNET) + b"".join(self._packets()))
        self._socket.close()

    def _packets(self) -> list[bytes]:
        packets: list[bytes] = []
        while True:
            try:
                data, (_, _, way, *_) = self._socket.recvfrom(0xFFFF)
            except BlockingIOError:
                return packets
            if way != socket.PACKET_OUTGOING:
                packets.append(_PACKET.pack(0, len(packets), len(data), len(data)) + data)


async def talk(encoding: Encoding) -> tuple[int, list[bytes]]:
    """A gateway registers, is audited and leaves; the port of the controller, and what it saw."""
    below, above = await called("sctp"), await calling("sctp")
    controller = Side(
        ControllerAssociation(
            ControllerSettings(), settings(MGC, reliable=True, encoding=encoding), RandomIds()
        ),
        below,
    )
    known = GatewaySettings(controllers=(below.local,), first_retry=0.1, longest_retry=0.2)
    own = settings(GATEWAY, reliable=True, encoding=encoding)
    gateway = Side(GatewayAssociation(known, own, RandomIds()), above)
    try:
        gateway.endpoint.feed(Start())
        up = await controller.hears(GatewayUp)
        await gateway.hears(Registered)
        controller.endpoint.feed(RequestTo(up.gateway, audit()))
        await controller.hears(ReplyArrived)
        gateway.endpoint.feed(Stop())
        await gateway.hears(Stopped)
    finally:
        gateway.endpoint.close()
        controller.endpoint.close()
        await asyncio.sleep(0.05)
    return below.local.port, [crossing.data for crossing in controller.seen]


@pytest.mark.parametrize(("encoding", "protocol"), [(Encoding.PRETTY, "megaco"), (Encoding.BER, "h248")])
async def test_what_crosses_is_h248_with_its_payload_protocol_and_the_gateway_calls(
    encoding: Encoding, protocol: str, tmp_path: Path
) -> None:
    capture = tmp_path / "sctp.pcap"
    wire = Wire()
    port, said = await talk(encoding)
    wire.save(capture)
    fields = [word for field in _FIELDS for word in ("-e", field)]
    command = (need("tshark"), "-n", "-r", str(capture), "-T", "fields", *fields, "-Y", "sctp")
    rows = [line.split("\t") for line in run(*command).decode().splitlines()]
    calls = [row for row in rows if str(_INIT) in row[2].split(",")]
    assert [row[1] for row in calls] == [str(port)]  # the gateway opens the one association
    data = [row for row in rows if str(_DATA) in row[2].split(",")]
    assert len(data) == len(said) >= 6
    assert {row[3] for row in data} == {"7"}
    assert all(protocol in row[4].split(":") and "_ws.malformed" not in row[4] for row in data), data
    assert [found.data for found in find_messages(capture.read_bytes(), Input.PCAP, (port,))] == said
