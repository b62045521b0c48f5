"""The gateway of the transaction benchmark gives to each request its stored reply."""

from imsedge.bench.h248_messages import PAIRS
from imsedge.bench.h248_server import Server
from imsedge.core.address import TransportAddress
from imsedge.h248.codec import Encoding, decode
from imsedge.net.transport import MemoryNetwork
from kit.transports import Inbox


async def test_every_request_gets_its_reply() -> None:
    network = MemoryNetwork()
    transport, asker = network.open(), network.open()
    server = Server(transport, Encoding.COMPACT)
    inbox = Inbox(asker)
    for request, reply in PAIRS:
        asker.send(request, transport.local)
        assert decode((await inbox.message())[0]).body == decode(reply).body
    asker.close()
    assert isinstance(transport.local, TransportAddress)
    server.endpoint.close()
