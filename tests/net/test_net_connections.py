"""What the transports with connections have in common, at TPKT; the conformance suites show the rest."""

import pytest

from imsedge.core.address import TransportAddress
from imsedge.net import connections
from imsedge.net.tpkt import TpktTransport
from kit.transports import Inbox

ANY = TransportAddress("127.0.0.1", 0)


@pytest.mark.system
async def test_messages_that_wait_for_a_connection_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_QUEUED", 2)
    server, client = await TpktTransport.listen(ANY), TpktTransport.connector(ANY)
    inbox, other = Inbox(client), Inbox(server)
    for n in range(3):
        client.send(b"%d" % n, server.local)
    assert await inbox.loss() == server.local
    assert [(await other.message())[0] for _ in range(2)] == [b"0", b"1"]
    client.close()
    server.close()
