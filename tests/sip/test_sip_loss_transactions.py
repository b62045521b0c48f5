"""A client and a server layer on a wire that loses and delays, in virtual time."""

from heapq import heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.address import TransportAddress
from imsedge.core.machine import NEVER, Tick
from imsedge.sip import events as ev
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipRequest, make_response
from imsedge.sip.transactions import TransactionLayer
from imsedge.sip.writer import write_message
from kit.sip import CORE, UE, request

DELAY = 0.03


class Wire:
    """``fates``: for each datagram in turn, whether it arrives; all later ones do."""

    def __init__(self, fates: list[bool], status: int) -> None:
        self.client, self.server = TransactionLayer(), TransactionLayer()
        self.executed: list[SipRequest] = []
        self.finals: list[int] = []
        self._fates = iter(fates)
        self._status = status
        self._now = 0.0
        self._order = 0
        self._under_way: list[tuple[float, int, TransportAddress, bytes]] = []

    def run(self, asked: SipRequest) -> None:
        """Until nothing is left to happen."""
        self._perform(self.client.handle(ev.SendRequest(asked, Flow("udp", CORE, UE)), 0.0))
        while (now := self._next()) != NEVER:
            self._now = now
            while self._under_way and self._under_way[0][0] <= self._now:
                _, _, to, data = heappop(self._under_way)
                layer = self.server if to == CORE else self.client
                flow = Flow("udp", UE if to == CORE else CORE, to)
                self._perform(layer.handle(ev.Received(data, flow), self._now))
            self._perform(self.client.handle(Tick(), self._now))
            self._perform(self.server.handle(Tick(), self._now))

    def _next(self) -> float:
        arrival = self._under_way[0][0] if self._under_way else NEVER
        return min(arrival, self.client.deadline, self.server.deadline)

    def _perform(self, outputs: list[ev.Output]) -> None:
        for output in outputs:
            match output:
                case ev.Transmit(data, flow) if next(self._fates, True):
                    self._order += 1
                    heappush(self._under_way, (self._now + DELAY, self._order, flow.remote, data))
                case ev.RequestArrived(key, asked, _):
                    self.executed.append(asked)
                    answer = make_response(asked, self._status, to_tag="b1")
                    self._perform(self.server.handle(ev.SendResponse(key, answer), self._now))
                case ev.ResponseArrived(_, response, _) if response.status >= 200:
                    self.finals.append(response.status)
                case ev.TransactionFailed(_, status):
                    self.finals.append(status)


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
@given(fates=st.lists(st.booleans(), max_size=24))
def test_executed_once_and_answered_once_whatever_is_lost(method: str, fates: list[bool]) -> None:
    wire = Wire(fates, 486)
    wire.run(request(method))
    assert len(wire.executed) <= 1
    assert wire.finals == ([486] if wire.executed and wire.finals != [408] else [408])
    assert (wire.client.open_clients, wire.server.open_servers) == (0, 0)


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
@given(fates=st.lists(st.booleans(), max_size=5))
def test_a_few_losses_are_always_repaired(method: str, fates: list[bool]) -> None:
    wire = Wire(fates, 486)
    wire.run(request(method))
    assert (len(wire.executed), wire.finals) == (1, [486])


def test_a_lost_2xx_is_the_user_agents_to_repeat() -> None:
    wire = Wire([True, False], 200)
    wire.run(request())
    assert wire.finals == [408]
    assert len(wire.executed) == 1


def test_a_datagram_that_comes_twice_is_executed_once() -> None:
    layer, data = TransactionLayer(), write_message(request())
    arrived = [layer.handle(ev.Received(data, Flow("udp", UE, CORE)), 0.0) for _ in range(2)]
    assert [len(outputs) for outputs in arrived] == [1, 0]
