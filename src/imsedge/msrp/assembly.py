"""Putting chunks together again (RFC 4975 clause 7.3.1), within limits."""

from msgspec import Struct

from imsedge.msrp.errors import MsrpError
from imsedge.msrp.model import Flag, Request


class AssemblyLimits(Struct, frozen=True):
    """What a peer may make us hold: messages begun and not ended, and octets of one of them."""

    messages: int = 64
    octets: int = 64 * 1024 * 1024


DEFAULT_LIMITS = AssemblyLimits()


class Whole(Struct, frozen=True):
    """A message with all its chunks."""

    message_id: str
    content_type: str
    body: bytes


class Assembly:
    """Messages that have begun and not ended, by Message-ID."""

    def __init__(self, limits: AssemblyLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._begun: dict[str, bytearray] = {}

    def __len__(self) -> int:
        return len(self._begun)

    def add(self, request: Request) -> Whole | None:
        """Take one SEND; the whole message when this was its last chunk.

        A SEND without a body is no message.  Chunks of different messages may come mixed; those of one come
        in order, repeated octets replace the earlier ones.  Raises ``MsrpError`` 400 for a chunk behind a
        gap, 413 for what is too much: the message is forgotten.
        """
        if request.body is None:
            return None
        message_id, start = request.message_id, request.byte_range.start
        held = self._begun.pop(message_id, bytearray())
        if start - 1 > len(held):
            raise MsrpError(400, "chunk does not follow the one before it")
        if start - 1 + len(request.body) > self._limits.octets:
            raise MsrpError(413, f"message is longer than {self._limits.octets} octets")
        held[start - 1 : start - 1 + len(request.body)] = request.body
        match request.flag:
            case Flag.COMPLETE:
                return Whole(message_id, request.header("Content-Type") or "", bytes(held))
            case Flag.MORE:
                if len(self._begun) == self._limits.messages:
                    raise MsrpError(413, f"more than {self._limits.messages} messages at once")
                self._begun[message_id] = held
        return None
