"""A gateway that executes nothing, for measuring what a transaction costs: asked, it gives the stored reply.

    python -m imsedge.bench.h248_server udp|tcp pretty|compact|ber

Prints its port and runs until standard input ends.
"""

import asyncio
import sys

from imsedge.bench.h248_messages import PAIRS
from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.core.machine import Tick
from imsedge.h248.association import Disconnect, TransportLost
from imsedge.h248.codec import Encoding, decode
from imsedge.h248.model import DeviceMid, TransactionReply, TransactionRequest, Verb
from imsedge.h248.transactions import (
    RequestArrived,
    Result,
    SendReply,
    TransactionInput,
    TransactionOutput,
    Transactions,
    TransactionSettings,
)
from imsedge.net.h248 import H248Endpoint
from imsedge.net.tpkt import TpktTransport
from imsedge.net.transport import Transport
from imsedge.net.udp import UdpTransport

ANY = TransportAddress("127.0.0.1", 0)


class Server:
    """Answers by the verb of the first command."""

    def __init__(self, transport: Transport, encoding: Encoding) -> None:
        settings = TransactionSettings(
            mid=DeviceMid("gw"), encoding=encoding, reliable=transport.reliable, max_remembered=1_000_000
        )
        self._replies = dict(map(_stored, PAIRS))
        self.endpoint: H248Endpoint[TransactionInput, TransactionOutput] = H248Endpoint(
            _Machine(Transactions(settings, RandomIds())), transport, self._on_output
        )

    def _on_output(self, output: TransactionOutput) -> None:
        if isinstance(output, RequestArrived):
            verb = output.request.actions[0].commands[0].verb
            self.endpoint.feed(SendReply(output.handle, self._replies[verb]))


class _Machine:
    """Transactions for which a lost connection is no event."""

    def __init__(self, transactions: Transactions) -> None:
        self._inner = transactions

    @property
    def deadline(self) -> float:
        return self._inner.deadline

    def handle(
        self, event: TransactionInput | TransportLost | Tick, now: float
    ) -> list[TransactionOutput | Disconnect]:
        if isinstance(event, TransportLost):
            return []
        return self._inner.handle(event, now)  # type: ignore[return-value]


def _stored(pair: tuple[bytes, bytes]) -> tuple[Verb, Result]:
    (request,), (reply,) = (decode(octets).body for octets in pair)  # type: ignore[misc]
    if not isinstance(request, TransactionRequest) or not isinstance(reply, TransactionReply):
        raise TypeError(pair)
    return request.actions[0].commands[0].verb, reply.result


async def serve(transport: str, encoding: Encoding) -> None:
    """Until standard input ends."""
    opened = await (UdpTransport.open(ANY) if transport == "udp" else TpktTransport.listen(ANY))
    server = Server(opened, encoding)
    sys.stdout.write(f"{opened.local.port}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.endpoint.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Encoding(sys.argv[2])))
