"""A controller that blocks: H.248 text over one UDP socket, a question and its answer at a time."""

import itertools
import re
import socket
import time
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.h248.codec import decode
from imsedge.h248.model import ErrorDescriptor, TransactionReply, TransactionRequest, Verb
from kit.gateway_talk import shown, shown_request

_PATIENCE = 15.0
_REPEAT = 0.5


class Termination(NamedTuple):
    """One that the gateway has added."""

    name: str
    context: int
    local: TransportAddress


class Controller:
    """``ask`` what you like; ``add`` and ``modify`` write the usual."""

    def __init__(self, sock: socket.socket) -> None:
        self.reports: list[str] = []
        self._socket = sock
        self._gateway: tuple[str, int] | None = None
        self._numbers = itertools.count(1)
        self._heard: set[int] = set()
        self._replies: dict[int, TransactionReply] = {}

    def wait_for_gateway(self) -> None:
        """Until one has registered, and has our answer."""
        limit = time.monotonic() + _PATIENCE
        while self._gateway is None:
            assert time.monotonic() < limit, "no gateway has registered"
            self._hear(_REPEAT)
        while "Error = 505" in self.ask("Context = - { AuditValue = ROOT { Audit { } } }"):
            assert time.monotonic() < limit, "the gateway does not take our answer"

    def ask(self, actions: str) -> str:
        """The answer as text."""
        number, limit = next(self._numbers), time.monotonic() + _PATIENCE
        while number not in self._replies:
            assert time.monotonic() < limit, f"no answer to {actions}"
            self._send(f"Transaction = {number} {{ {actions} }}")
            self._hear(_REPEAT)
            while number not in self._replies and self._hear(0.05):
                pass
        return shown(self._replies.pop(number).result)

    def add(
        self,
        realm: str,
        *,
        context: int | str = "$",
        remote: TransportAddress | None = None,
        setup: str = "actpass",
        control: str = "tcpbcc/mode = proxy",
        more: str = "",
        ipv6: bool = False,
    ) -> Termination:
        """A termination with one TCP stream; ``more``: descriptors after Media."""
        family = 6 if ipv6 else 4
        stream = (
            f'LocalControl {{ Mode = SendReceive, ipdc/realm = "{realm}", {control} }},'
            f" Local {{ v=0\nc=IN IP{family} $\nm=- $ TCP -\na=setup:{setup}\n}}{_remote(remote)}"
        )
        answer = self.ask(
            f"Context = {context} {{ Add = $ {{ Media {{ Stream = 1 {{ {stream} }} }} {more} }} }}"
        )
        found = re.search(r"Context = (\d+).*Add = (\S+) .*c=IN IP\d (\S+)\s.*m=- (\d+)", answer, re.DOTALL)
        assert found, answer
        return Termination(found[2], int(found[1]), TransportAddress(found[3], int(found[4])))

    def modify(
        self,
        termination: Termination,
        *,
        control: str = "",
        remote: TransportAddress | None = None,
        signals: str = "",
    ) -> None:
        """What is not given stays."""
        parts = [f"LocalControl {{ {control} }}"] if control else []
        parts += [_remote(remote).removeprefix(", ")] if remote else []
        descriptors = [f"Media {{ Stream = 1 {{ {', '.join(parts)} }} }}"] if parts else []
        descriptors += [f"Signals {{ {signals} }}"] if signals else []
        command = f"Modify = {termination.name} {{ {', '.join(descriptors)} }}"
        answer = self.ask(f"Context = {termination.context} {{ {command} }}")
        assert "Error" not in answer, answer

    def subtract_all(self) -> None:
        """Every context, and forget what was reported."""
        answer = self.ask("Context = * { Subtract = * { Audit { } } }")
        assert "Error" not in answer or "Error = 431" in answer, answer
        self.reports.clear()

    def subtract(self, termination: Termination) -> str:
        """The last statistics."""
        context, name = termination.context, termination.name
        return self.ask(f"Context = {context} {{ Subtract = {name} {{ Audit {{ Statistics }} }} }}")

    def count(self, termination: Termination) -> str:
        """The statistics so far."""
        asked = f"AuditValue = {termination.name} {{ Audit {{ Statistics }} }}"
        return self.ask(f"Context = {termination.context} {{ {asked} }}")

    def report(self, *words: str) -> str:
        """The first Notify that has all these words; waits for it."""
        limit = time.monotonic() + _PATIENCE
        while True:
            found = next((text for text in self.reports if all(word in text for word in words)), None)
            if found is not None:
                return found
            assert time.monotonic() < limit, f"no report of {words}, but {self.reports}"
            self._hear(_REPEAT)

    def _hear(self, seconds: float) -> bool:
        self._socket.settimeout(seconds)
        try:
            data, self._gateway = self._socket.recvfrom(65_536)
        except TimeoutError:
            return False
        body = decode(data).body
        assert not isinstance(body, ErrorDescriptor), body
        for transaction in body:
            if isinstance(transaction, TransactionReply):
                self._replies.setdefault(transaction.id, transaction)
            elif isinstance(transaction, TransactionRequest):
                self._obey(transaction)
        return True

    def _obey(self, request: TransactionRequest) -> None:
        """The gateway registers, or reports something."""
        done = []
        for action in request.actions:
            commands = ", ".join(
                f"{_WORDS[command.verb]} = {command.terminations[0]}" for command in action.commands
            )
            done.append(f"Context = {action.context or '-'} {{ {commands} }}")
        self._send(f"Reply = {request.id} {{ {', '.join(done)} }}")
        if request.id not in self._heard:
            self._heard.add(request.id)
            self.reports.append(shown_request(request.actions))

    def _send(self, body: str) -> None:
        assert self._gateway is not None
        host, port = self._socket.getsockname()
        self._socket.sendto(f"MEGACO/2 [{host}]:{port}\n{body}".encode(), self._gateway)


_WORDS = {Verb.SERVICE_CHANGE: "ServiceChange", Verb.NOTIFY: "Notify"}


def _remote(address: TransportAddress | None) -> str:
    if address is None:
        return ""
    family = 6 if address.is_ipv6 else 4
    return f", Remote {{ v=0\nc=IN IP{family} {address.host}\nm=- {address.port} TCP -\n}}"
