"""``Message`` to text, pretty or compact (H.248.1 Annex B): the mirror of ``parser``."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.dialect import PLAIN, Dialect
from imsedge.h248.limits import HIGHEST_VERSION
from imsedge.h248.model import (
    ALL_CONTEXTS,
    CHOOSE_CONTEXT,
    NULL_CONTEXT,
    ActionReply,
    ActionRequest,
    AuditItem,
    AuditReturn,
    CommandReply,
    CommandRequest,
    ContextAudit,
    ContextProperties,
    ErrorDescriptor,
    Message,
    SegmentAck,
    ServiceChange,
    ServiceChangeResult,
    Transaction,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)
from imsedge.h248.text.style import Style, checked_word, quoted
from imsedge.h248.text.write_descriptors import (
    DESCRIPTORS,
    no_octets,
    write_audit,
    write_audit_items,
    write_kind,
    write_observed,
    write_parameter,
)

_CONTEXTS = {NULL_CONTEXT: "-", CHOOSE_CONTEXT: "$", ALL_CONTEXTS: "*"}


class TextWriter:
    """Writes messages in one style; keeps nothing between them."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._transactions: dict[type, Callable[[Any], str]] = {
            TransactionRequest: self._request,
            TransactionReply: self._reply,
            TransactionPending: self._pending,
            TransactionAck: self._acks,
            SegmentAck: self._segment,
        }

    def message(self, message: Message) -> bytes:
        """The whole message; ``LocalError`` when a value cannot stand in text."""
        if message.extensions:
            raise LocalError(
                f"extensions ({message.extensions[0].path or 'message'}) can be written in binary only"
            )
        style = self._style
        end = "\n" if style.pretty else " "
        head = f"{style.spell['MEGACO']}/{message.version} {message.mid}{end}"
        if auth := message.auth:
            fields = f"0x{auth.security_parameter_index:08X}:0x{auth.sequence:08X}:0x{auth.check_value.hex()}"
            head = f"{style.assign('Authentication', fields)}{end}{head}"
        if isinstance(message.body, ErrorDescriptor):
            text = head + self._error(message.body)
        else:
            text = head + ("\n" if style.pretty else " ").join([self.transaction(t) for t in message.body])
        if style.pretty and text[-1] == "}":  # white space may follow a brace, but not a Segment
            text += "\n"
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as wrong:
            raise LocalError(f"not Unicode: {wrong}") from None

    def transaction(self, transaction: Transaction) -> str:
        """One transaction."""
        return self._transactions[type(transaction)](transaction)

    def _error(self, error: ErrorDescriptor) -> str:
        return f"{self._style.assign('Error', str(error.code))}{{{quoted(error.text) if error.text else ''}}}"

    # --- requests

    def _request(self, request: TransactionRequest) -> str:
        if request.error is not None or not request.actions:
            raise LocalError(f"transaction {request.id} holds no actions that could be sent")
        style = self._style
        actions = [self._action(action) for action in request.actions]
        return style.block(style.assign("Transaction", str(request.id)), actions, "\n")

    def _action(self, action: ActionRequest) -> str:
        if action.error is not None:
            raise LocalError("an action that could not be read cannot be sent")
        style = self._style
        parts = [] if action.properties is None else self._properties(action.properties)
        if action.audit is not None:
            parts.append(self._context_audit(action.audit))
        parts += [self._command(command) for command in action.commands]
        return style.filled(style.assign("Context", _context(action.context)), parts, "\n  ")

    def _properties(self, properties: ContextProperties) -> list[str]:
        style = self._style
        parts = []
        if properties.topology:
            words = []
            for triple in properties.topology:
                words += [checked_word(triple.from_termination), checked_word(triple.to_termination)]
                words.append(style.spell[triple.direction.value])
                if triple.stream is not None:
                    style.need(3, "topology of a stream")
                    words.append(style.assign("Stream", str(triple.stream)))
            parts.append(style.block(style.spell["Topology"], words, "\n    "))
        if properties.priority is not None:
            parts.append(style.assign("Priority", str(properties.priority)))
        if properties.emergency is not None:
            parts.append(style.spell["Emergency" if properties.emergency else "EmergencyOff"])
        if properties.ieps is not None:
            parts.append(style.assign("IEPSCall", "ON" if properties.ieps else "OFF"))
        if properties.properties:
            inner = [write_parameter(style, parameter) for parameter in properties.properties]
            parts.append(style.block(style.spell["ContextAttr"], inner, "\n    "))
        if properties.context_list is not None:
            parts.append(self._context_list(properties.context_list))
        return parts

    def _context_list(self, contexts: tuple[int, ...]) -> str:
        style = self._style
        ids = ",".join([_context(context) for context in contexts])
        return style.block(style.spell["ContextAttr"], [style.assign("ContextList", f"{{{ids}}}")], "\n    ")

    def _context_audit(self, audit: ContextAudit) -> str:
        style = self._style
        spell = style.spell
        flags = (
            ("Topology", audit.topology),
            ("Emergency", audit.emergency),
            ("Priority", audit.priority),
            ("IEPSCall", audit.ieps),
            ("ContextList", audit.context_list),
        )
        parts = [spell[token] for token, wanted in flags if wanted]
        parts += [style.item(name) for name in (*audit.properties, *(audit.attributes or ()))]
        if audit.select_priority is not None:
            parts.append(style.assign("Priority", str(audit.select_priority)))
        if audit.select_emergency is not None:
            value = "Emergency" if audit.select_emergency else "EmergencyOff"
            parts.append(style.assign("EmergencyValue", spell[value]))
        if audit.select_ieps is not None:
            parts.append(style.assign("IEPSCall", "ON" if audit.select_ieps else "OFF"))
        if audit.select_all is not None:
            parts.append(spell["ANDLgc" if audit.select_all else "ORLgc"])
        selected = [[write_parameter(style, parameter) for parameter in audit.select_properties]]
        if audit.select_contexts is not None:
            ids = ",".join([_context(context) for context in audit.select_contexts])
            selected.append([style.assign("ContextList", f"{{{ids}}}")])
        if audit.attributes is not None:
            parts = [style.block(spell["ContextAttr"], sum(selected, parts), "\n      ")]
        else:
            parts += [style.block(spell["ContextAttr"], some, "\n      ") for some in selected if some]
        return style.filled(spell["ContextAudit"], parts, "\n    ")

    def _command(self, command: CommandRequest) -> str:
        if command.error is not None:
            raise LocalError("a command that could not be read cannot be sent")
        style = self._style
        prefix = ("O-" if command.optional else "") + ("W-" if command.wildcard_reply else "")
        target = _terminations(style, command.terminations)
        head = f"{prefix}{style.spell[command.verb.value]}{style.equal}{target}"
        inner = "\n      "
        if command.descriptors:
            parts = [DESCRIPTORS[type(item)](style, item, inner) for item in command.descriptors]  # type: ignore[operator]
        elif command.audit is not None:
            parts = [write_audit(style, command.audit, inner)]
        elif command.service_change is not None:
            parts = [self._service_change(command.service_change)]
        else:
            parts = [] if command.observed is None else [write_observed(style, command.observed, inner)]
            if command.reported is not None:
                parts.append(self._error(command.reported))
        parts = [part for part in parts if part]
        return style.block(head, parts, "\n    ") if parts else head

    def _service_change(self, change: ServiceChange) -> str:
        no_octets("ServiceChange", change.non_standard)
        style = self._style
        parts = [
            style.assign("Method", write_kind(style, change.method)),
            style.assign("Reason", quoted(change.reason)),
        ]
        if change.delay is not None:
            parts.append(style.assign("Delay", str(change.delay)))
        parts += self._common(change)
        parts += [write_parameter(style, parameter) for parameter in change.extensions]
        if change.incomplete:
            parts.append(style.spell["ServiceChangeInc"])
        if change.audit is not None:
            parts += write_audit_items(style, change.audit, "\n        ")
        return style.block(style.spell["Services"], parts, "\n      ")

    def _common(self, change: ServiceChange | ServiceChangeResult) -> list[str]:
        """Parameters that requests and replies share."""
        style = self._style
        parts = []
        if change.address is not None:
            parts.append(style.assign("ServiceChangeAddress", str(change.address)))
        if change.mgc_id is not None:
            parts.append(style.assign("MgcIdToTry", str(change.mgc_id)))
        if change.profile is not None:
            parts.append(style.assign("Profile", checked_word(change.profile)))
        if change.version is not None:
            parts.append(style.assign("Version", str(change.version)))
        if change.timestamp is not None:
            parts.append(f"{change.timestamp.date}T{change.timestamp.time}")
        return parts

    # --- replies

    def _reply(self, reply: TransactionReply) -> str:
        style = self._style
        number = str(reply.id)
        if reply.segment is not None:
            style.need(3, "segmentation")
            number = _segment(style, number, reply.segment, last=reply.last)
        parts = [style.spell["ImmAckRequired"]] if reply.immediate_ack else []
        if isinstance(reply.result, ErrorDescriptor):
            parts.append(self._error(reply.result))
        else:
            parts += [self._action_reply(action) for action in reply.result]
        return style.block(style.assign("Reply", number), parts, "\n")

    def _action_reply(self, action: ActionReply) -> str:
        style = self._style
        parts = [] if action.properties is None else self._properties(action.properties)
        parts += [self._command_reply(reply) for reply in action.replies]
        if action.error is not None:
            parts.append(self._error(action.error))
        head = style.assign("Context", _context(action.context))
        return style.block(head, parts, "\n  ") if parts else head

    def _command_reply(self, reply: CommandReply) -> str:
        style = self._style
        token = style.spell[reply.verb.value]
        parts = [part for part in map(self._returned, reply.result) if part]
        if reply.service_change is not None and (change := self._common(reply.service_change)):
            parts.append(style.block(style.spell["Services"], change, "\n      "))
        if reply.listed:
            parts = parts or [checked_word(name) for name in reply.terminations]
            return style.filled(f"{token}{style.equal}{style.spell['Context']}", parts, "\n    ")
        head = f"{token}{style.equal}{_terminations(style, reply.terminations)}"
        return style.block(head, parts, "\n    ") if parts else head

    def _returned(self, item: AuditReturn) -> str:
        if isinstance(item, ErrorDescriptor):
            return self._error(item)
        if isinstance(item, AuditItem):
            return self._style.spell[item.value]
        return DESCRIPTORS[type(item)](self._style, item, "\n      ")  # type: ignore[operator,no-any-return]

    # --- the rest

    def _pending(self, pending: TransactionPending) -> str:
        return f"{self._style.assign('Pending', str(pending.id))}{{}}"

    def _acks(self, ack: TransactionAck) -> str:
        ranges = [str(low) if low == high else f"{low}-{high}" for low, high in ack.ranges]
        return self._style.filled(self._style.spell["TransactionResponseAck"], ranges, "\n")

    def _segment(self, ack: SegmentAck) -> str:
        return self._style.assign("Segment", _segment(self._style, str(ack.id), ack.segment, last=ack.last))


def _segment(style: Style, number: str, segment: int, *, last: bool) -> str:
    return f"{number}/{segment}/{style.spell['END']}" if last else f"{number}/{segment}"


def _context(context: int) -> str:
    return _CONTEXTS.get(context) or str(context)


def _terminations(style: Style, names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return checked_word(names[0])
    style.need(3, "a list of terminations")
    return f"[{','.join([checked_word(name) for name in names])}]"


@lru_cache(maxsize=32)
def _writer(version: int, dialect: Dialect, *, pretty: bool) -> TextWriter:
    if not 1 <= version <= HIGHEST_VERSION:
        raise LocalError(f"version {version} of H.248.1 is not known here")
    return TextWriter(Style(pretty=pretty, version=version, dialect=dialect))


def write_message(message: Message, dialect: Dialect = PLAIN, *, pretty: bool) -> bytes:
    """One text message; ``LocalError`` when a value cannot stand in text or is too new for the version."""
    return _writer(message.version, dialect, pretty=pretty).message(message)
