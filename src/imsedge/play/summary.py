"""One line for each message that crossed: what a reader of the ladder wants to know first."""

from collections.abc import Iterable

from imsedge.core.errors import RemoteError
from imsedge.core.trace import Crossing, Kind
from imsedge.h248 import codec
from imsedge.h248.model import (
    ALL,
    ALL_CONTEXTS,
    CHOOSE_CONTEXT,
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    Media,
    Signals,
    Stream,
    Transaction,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from imsedge.sdp.model import Description
from imsedge.sdp.parser import read_description, read_descriptions
from imsedge.sip.message import SipMessage, SipRequest
from imsedge.sip.parser import read_message

# The words of the figures.
_VERBS = {
    Verb.ADD: "ADD",
    Verb.MODIFY: "MOD",
    Verb.SUBTRACT: "SUB",
    Verb.MOVE: "MOV",
    Verb.AUDIT_VALUE: "AUDIT",
    Verb.AUDIT_CAPABILITY: "AUDITCAP",
    Verb.NOTIFY: "NOTIFY",
    Verb.SERVICE_CHANGE: "SVC",
}
_CONTEXTS = {CHOOSE_CONTEXT: "$", ALL_CONTEXTS: ALL, 0: "-"}
# Attributes that the figures write at an offer or an answer, in the figures' order.
_ATTRIBUTES = ("3ge2ae", "setup", "fingerprint")


def summarise(crossing: Crossing) -> str:
    """The text over the arrow; falls back to the driver's own words for octets that nobody can read."""
    try:
        match crossing.kind:
            case Kind.SIP if crossing.data:
                return sip(read_message(crossing.data))
            case Kind.H248 if crossing.data:
                return h248(crossing.data)
            case _:
                return crossing.summary
    except RemoteError:
        return crossing.summary


def sip(message: SipMessage) -> str:
    """``INVITE offer m=message TCP/TLS/MSRP setup:actpass fingerprint`` or ``200 OK (BYE)``."""
    if isinstance(message, SipRequest):
        first, offer_or_answer = message.method, "offer"
    else:
        first, offer_or_answer = f"{message.status} {message.reason} ({message.cseq.method})", "answer"
    if message.content_type != "application/sdp" or not message.body:
        return first
    return f"{first} SDP {offer_or_answer} ({_sdp(read_description(message.body))})"


def h248(data: bytes) -> str:
    """``ADD req C=$ T=$ m=TCP/TLS a=setup:actpass`` and the like, transactions joined by ``;``."""
    body = codec.decode(data).body
    if isinstance(body, ErrorDescriptor):
        return _error(body)
    return "; ".join(_transaction(transaction) for transaction in body)


def _transaction(transaction: Transaction) -> str:
    match transaction:
        case TransactionRequest():
            return ", ".join(map(_request, transaction.actions)) or "request"
        case TransactionReply(result=result):
            if isinstance(result, ErrorDescriptor):
                return f"reply {_error(result)}"
            return ", ".join(map(_reply, result))
        case TransactionPending():
            return "pending"
        case TransactionAck():
            return "ack"
        case _:
            return "segment ack"


def _request(action: ActionRequest) -> str:
    return ", ".join(_command(action.context, command) for command in action.commands) or "context"


def _reply(action: ActionReply) -> str:
    replies = [_command_reply(action.context, reply) for reply in action.replies]
    if action.error:
        replies.append(f"{_error(action.error)} {_at(action.context)}")
    return ", ".join(replies) or f"resp {_at(action.context)}"


def _command(context: int, command: CommandRequest) -> str:
    words = [_VERBS[command.verb], "req", _at(context, command.terminations)]
    if command.service_change:
        words += [command.service_change.method, command.service_change.reason]
    for descriptor in command.descriptors:
        match descriptor:
            case Media(streams=streams):
                words += [part for stream in streams for part in _stream(stream)]
            case Signals(signals=signals):
                words += [getattr(signal, "name", "list") for signal in signals]
            case _:
                pass
    if command.observed:
        words += [event.name for event in command.observed.events]
    return " ".join(words)


def _command_reply(context: int, reply: CommandReply) -> str:
    words = [_VERBS[reply.verb], "resp", _at(context, reply.terminations)]
    if reply.error:
        words.append(_error(reply.error))
    for item in reply.result:
        if isinstance(item, Media):
            words += [part for stream in item.streams for part in _stream(stream)]
    return " ".join(words)


def _stream(stream: Stream) -> Iterable[str]:
    if stream.local:
        yield f"L({_short(stream.local)})"
    if stream.remote:
        yield f"R({_short(stream.remote)})"
    if stream.control:
        yield from (
            f"{parameter.name.partition('/')[2]}={parameter.value}"
            for parameter in stream.control.properties
            if parameter.name.lower() in {"tcpbcc/mode", "tcpbcc/incoming"}
        )


def _short(text: str) -> str:
    return "; ".join(_sdp(description) for description in read_descriptions(text))


def _sdp(description: Description) -> str:
    words = []
    for media in description.media:
        address = (description.connection(media) or "").rpartition(" ")[2]
        words.append(f"c={address} m={media.port} {media.proto}")
        for name in _ATTRIBUTES:
            value = media.attribute(name)
            value = description.attribute(name) if value is None else value
            if value is not None:
                words.append(f"a={name}" if name == "fingerprint" else f"a={name}:{value}")
    return " ".join(words)


def _at(context: int, terminations: tuple[str, ...] = ()) -> str:
    where = f"C={_CONTEXTS.get(context, context)}"
    return f"{where} T={','.join(terminations)}" if terminations else where


def _error(error: ErrorDescriptor) -> str:
    return f"error {error.code} {error.text}".rstrip()
