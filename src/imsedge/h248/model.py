"""H.248.1 messages as values: versions 1, 2 and 3, whatever the encoding.

One model for text (Annex B) and binary (Annex A).  Everything is immutable; change with
``msgspec.structs.replace``.  Names and values are kept as the text encoding spells them:

* a package item is ``"pkg/item"`` (``"ds/dscp"``, ``"pkg/*"``, ``"*/*"``);
* a value is its lexical form, quotes included (``'"[192.0.2.7]"'``, ``"ON"``, ``"0x1F"``), so that what
  we do not understand survives; ``h248.packages`` turns it into a Python value and back;
* Local and Remote are the SDP text as received; ``""`` is an empty descriptor, ``None`` is absent;
* a termination is its text name (``"ip/access/7"``, ``"ROOT"``, ``"$"``, ``"*"``, ``"ip/*"``).

Names compare case-insensitively (H.248.1 Annex B.2): use ``fold``.
"""

from enum import Enum as _Enum
from enum import StrEnum

from msgspec import Struct


class Enum(_Enum):
    """Its members are looked up all day; the hash of ``enum`` is written in Python."""

    __hash__ = object.__hash__


NULL_CONTEXT = 0
CHOOSE_CONTEXT = 0xFFFF_FFFE
ALL_CONTEXTS = 0xFFFF_FFFF
ALL_REQUESTS = 0xFFFF_FFFF

ROOT = "ROOT"
CHOOSE = "$"
ALL = "*"


def fold(name: str) -> str:
    """The form in which names are compared."""
    return name.lower()


# --- message ---------------------------------------------------------------------------------------


class IpMid(Struct, frozen=True, omit_defaults=True, gc=False, tag="ip"):
    """``[192.0.2.1]:2944``; ``port`` ``None`` when not given."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return f"[{self.host}]" if self.port is None else f"[{self.host}]:{self.port}"


class DomainMid(Struct, frozen=True, omit_defaults=True, gc=False, tag="domain"):
    """``<gw.example.net>:2944``."""

    name: str
    port: int | None = None

    def __str__(self) -> str:
        return f"<{self.name}>" if self.port is None else f"<{self.name}>:{self.port}"


class DeviceMid(Struct, frozen=True, omit_defaults=True, gc=False, tag="device"):
    """A device name (``pathNAME``)."""

    name: str

    def __str__(self) -> str:
        return self.name


class MtpMid(Struct, frozen=True, omit_defaults=True, gc=False, tag="mtp"):
    """``MTP{0a1b2c3d}``: 2 to 4 octets."""

    address: bytes

    def __str__(self) -> str:
        return f"MTP{{{self.address.hex()}}}"


Mid = IpMid | DomainMid | DeviceMid | MtpMid


class ErrorDescriptor(Struct, frozen=True, omit_defaults=True, gc=False, tag="Error"):
    """``code`` of H.248.8; ``text`` without quotes."""

    code: int
    text: str = ""


class AuthHeader(Struct, frozen=True, omit_defaults=True, gc=False):
    """Interim AH (clause 10.2): parsed and kept, never verified."""

    security_parameter_index: int
    sequence: int
    check_value: bytes


class TransactionRequest(Struct, frozen=True, omit_defaults=True, gc=False, tag="request"):
    """``error`` is set by the decoder when this transaction could not be read: answer it with that."""

    id: int
    actions: tuple["ActionRequest", ...] = ()
    error: ErrorDescriptor | None = None


class TransactionReply(Struct, frozen=True, omit_defaults=True, gc=False, tag="reply"):
    """``result``: action replies, or one error for the whole transaction.

    ``segment``: number from 1 when segmented (v3); ``last`` marks ``/END``.
    """

    id: int
    result: "tuple[ActionReply, ...] | ErrorDescriptor"
    immediate_ack: bool = False
    segment: int | None = None
    last: bool = False


class TransactionPending(Struct, frozen=True, omit_defaults=True, gc=False, tag="pending"):
    """Still executing."""

    id: int


class TransactionAck(Struct, frozen=True, omit_defaults=True, gc=False, tag="ack"):
    """Replies received: inclusive ranges of transaction ids."""

    ranges: tuple[tuple[int, int], ...]


class SegmentAck(Struct, frozen=True, omit_defaults=True, gc=False, tag="segment"):
    """A segment of a reply was received (v3)."""

    id: int
    segment: int
    last: bool = False


Transaction = TransactionRequest | TransactionReply | TransactionPending | TransactionAck | SegmentAck


class Extension(Struct, frozen=True, omit_defaults=True, gc=False):
    """Components at the end of a binary SEQUENCE that later versions of the module brought, as octets.

    ``path``: where, in words of the module and numbers of list elements.
    """

    path: str
    octets: bytes


class Message(Struct, frozen=True, omit_defaults=True, gc=False):
    """One message: ``body`` is transactions in order, or one error for the message as a whole.

    ``extensions``: what nobody here understands and goes back where it was; binary only.
    """

    version: int
    mid: Mid
    body: tuple[Transaction, ...] | ErrorDescriptor
    auth: AuthHeader | None = None
    extensions: tuple[Extension, ...] = ()


# --- context level -----------------------------------------------------------------------------------


class TopologyDirection(Enum):
    """Direction of a topology triple; the last two are v3."""

    BOTHWAY = "Bothway"
    ISOLATE = "Isolate"
    ONEWAY = "Oneway"
    ONEWAY_EXTERNAL = "OnewayExternal"
    ONEWAY_BOTH = "OnewayBoth"


class TopologyTriple(Struct, frozen=True, omit_defaults=True, gc=False):
    """``from_termination`` and ``to_termination`` may be wildcards; ``stream`` is v3."""

    from_termination: str
    to_termination: str
    direction: TopologyDirection
    stream: int | None = None


class Relation(Enum):
    """How the values of a parameter are meant."""

    EQUAL = "="  # one value
    NOT_EQUAL = "#"
    SMALLER = "<"
    GREATER = ">"
    ONE_OF = "{}"  # {a,b}: the other side picks
    ALL_OF = "[]"  # [a,b]: the value of a sub-list
    RANGE = "[:]"  # [a:b]


class Parameter(Struct, frozen=True, omit_defaults=True, gc=False):
    """A property, event, signal or statistic parameter with its lexical values."""

    name: str
    values: tuple[str, ...]
    relation: Relation = Relation.EQUAL

    @property
    def value(self) -> str:
        """The first value as written."""
        return self.values[0]


class ContextProperties(Struct, frozen=True, omit_defaults=True, gc=False):
    """Attributes of a context; ``None`` = not mentioned."""

    topology: tuple[TopologyTriple, ...] | None = None
    priority: int | None = None
    emergency: bool | None = None
    ieps: bool | None = None
    properties: tuple[Parameter, ...] = ()
    context_list: tuple[int, ...] | None = None


class ContextAudit(Struct, frozen=True, omit_defaults=True, gc=False):
    """``ContextAudit``: which attributes to return; selectors are v3."""

    topology: bool = False
    emergency: bool = False
    priority: bool = False
    ieps: bool = False
    properties: tuple[str, ...] = ()
    select_priority: int | None = None
    select_emergency: bool | None = None
    select_ieps: bool | None = None
    select_all: bool | None = None  # True = AND, False = OR
    attributes: tuple[str, ...] | None = None  # ContextAttr{...} form
    context_list: bool = False
    select_properties: tuple[Parameter, ...] = ()
    select_contexts: tuple[int, ...] | None = None


class ActionRequest(Struct, frozen=True, omit_defaults=True, gc=False):
    """Commands for one context, in order.  ``error``: could not be read (422 in its place)."""

    context: int
    commands: "tuple[CommandRequest, ...]" = ()
    properties: ContextProperties | None = None
    audit: ContextAudit | None = None
    error: ErrorDescriptor | None = None


class ActionReply(Struct, frozen=True, omit_defaults=True, gc=False):
    """``error`` stands last: it ended the action after the replies before it."""

    context: int
    replies: "tuple[CommandReply, ...]" = ()
    properties: ContextProperties | None = None
    error: ErrorDescriptor | None = None


# --- descriptors -------------------------------------------------------------------------------------


class StreamMode(Enum):
    """Values as the long tokens."""

    SEND_ONLY = "SendOnly"
    RECEIVE_ONLY = "ReceiveOnly"
    SEND_RECEIVE = "SendReceive"
    INACTIVE = "Inactive"
    LOOPBACK = "Loopback"


class LocalControl(Struct, frozen=True, omit_defaults=True, gc=False, tag="LocalControl"):
    """``None`` = not mentioned."""

    mode: StreamMode | None = None
    reserve_value: bool | None = None
    reserve_group: bool | None = None
    properties: tuple[Parameter, ...] = ()


class Statistic(Struct, frozen=True, omit_defaults=True, gc=False):
    """``values`` empty: named without a value."""

    name: str
    values: tuple[str, ...] = ()
    is_list: bool = False


class Stream(Struct, frozen=True, omit_defaults=True, gc=False):
    """One stream; ``id`` ``None`` when the parameters stand bare in Media (H.248's oneStream)."""

    id: int | None = None
    control: LocalControl | None = None
    local: str | None = None
    remote: str | None = None
    statistics: tuple[Statistic, ...] | None = None


class ServiceState(Enum):
    TEST = "Test"
    OUT_OF_SERVICE = "OutOfService"
    IN_SERVICE = "InService"


class EventBufferControl(Enum):
    OFF = "OFF"
    LOCK_STEP = "LockStep"


class TerminationState(Struct, frozen=True, omit_defaults=True, gc=False):
    """``None`` = not mentioned."""

    service_state: ServiceState | None = None
    buffer: EventBufferControl | None = None
    properties: tuple[Parameter, ...] = ()


class Media(Struct, frozen=True, omit_defaults=True, gc=False, tag="Media"):
    """``streams``: either one with ``id`` ``None`` or several with ids."""

    streams: tuple[Stream, ...] = ()
    state: TerminationState | None = None


class SignalType(Enum):
    ON_OFF = "OnOff"
    TIME_OUT = "TimeOut"
    BRIEF = "Brief"


class NotifyCompletion(Enum):
    TIME_OUT = "TimeOut"
    INTERRUPTED_BY_EVENT = "IntByEvent"
    INTERRUPTED_BY_SIGNALS = "IntBySigDescr"
    OTHER = "OtherReason"
    ITERATION = "Iteration"  # v3


class SignalDirection(Enum):
    EXTERNAL = "External"
    INTERNAL = "Internal"
    BOTH = "Both"


class Signal(Struct, frozen=True, omit_defaults=True, gc=False, tag="signal"):
    """``duration`` in units of 10 ms; the last three are v3."""

    name: str
    stream: int | None = None
    kind: SignalType | None = None
    duration: int | None = None
    notify_completion: tuple[NotifyCompletion, ...] | None = None
    keep_active: bool = False
    parameters: tuple[Parameter, ...] = ()
    direction: SignalDirection | None = None
    request_id: int | None = None
    intersignal_delay: int | None = None


class SignalList(Struct, frozen=True, omit_defaults=True, gc=False, tag="list"):
    id: int
    signals: tuple[Signal, ...]


class Signals(Struct, frozen=True, omit_defaults=True, gc=False, tag="Signals"):
    """Empty: stop all."""

    signals: tuple[Signal | SignalList, ...] = ()


class DigitMap(Struct, frozen=True, omit_defaults=True, gc=False, tag="DigitMap"):
    """``name``, ``body`` or both; ``body`` is the text between the braces."""

    name: str | None = None
    body: str | None = None


class NotifyBehaviour(Enum):
    """When an event is reported (v3)."""

    IMMEDIATE = "ImmediateNotify"
    NEVER = "NeverNotify"
    REGULATED = "RegulatedNotify"


class Embedded(Struct, frozen=True, omit_defaults=True, gc=False):
    """What starts when the event happens; ``None`` = not mentioned."""

    signals: Signals | None = None
    events: "Events | None" = None


class RequestedEvent(Struct, frozen=True, omit_defaults=True, gc=False):
    """One event to watch for."""

    name: str
    stream: int | None = None
    parameters: tuple[Parameter, ...] = ()
    keep_active: bool = False
    digit_map: DigitMap | None = None
    embedded: Embedded | None = None
    notify: NotifyBehaviour | None = None
    regulated: Embedded | None = None
    reset_events: bool = False


class Events(Struct, frozen=True, omit_defaults=True, gc=False, tag="Events"):
    """Without request id and events: watch for nothing any more."""

    request_id: int | None = None
    events: tuple[RequestedEvent, ...] = ()


class BufferedEvent(Struct, frozen=True, omit_defaults=True, gc=False):
    name: str
    stream: int | None = None
    parameters: tuple[Parameter, ...] = ()


class EventBuffer(Struct, frozen=True, omit_defaults=True, gc=False, tag="EventBuffer"):
    events: tuple[BufferedEvent, ...] = ()


class TimeStamp(Struct, frozen=True, omit_defaults=True, gc=False):
    """``date`` yyyymmdd and ``time`` hhmmssss (hundredths), digits as written."""

    date: str
    time: str


class ObservedEvent(Struct, frozen=True, omit_defaults=True, gc=False):
    name: str
    stream: int | None = None
    time: TimeStamp | None = None
    parameters: tuple[Parameter, ...] = ()


class ObservedEvents(Struct, frozen=True, omit_defaults=True, gc=False, tag="ObservedEvents"):
    request_id: int
    events: tuple[ObservedEvent, ...]


class Statistics(Struct, frozen=True, omit_defaults=True, gc=False, tag="Statistics"):
    """Termination-wide statistics; stream statistics stand in ``Stream``."""

    items: tuple[Statistic, ...] = ()


class PackageVersion(Struct, frozen=True, omit_defaults=True, gc=False):
    name: str
    version: int


class Packages(Struct, frozen=True, omit_defaults=True, gc=False, tag="Packages"):
    items: tuple[PackageVersion, ...] = ()


class Multiplex(Struct, frozen=True, omit_defaults=True, gc=False, tag="Mux"):
    """``kind``: ``H221`` ... or, in text only, ``X-...``; ``non_standard``: octets, in binary only."""

    kind: str
    terminations: tuple[str, ...]
    non_standard: bytes | None = None


class Modem(Struct, frozen=True, omit_defaults=True, gc=False, tag="Modem"):
    """Deprecated since v2: recognised, kept.  ``kinds`` and ``non_standard`` as in ``Multiplex``."""

    kinds: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    non_standard: bytes | None = None


class AuditItem(Enum):
    """Whole descriptors that an audit can ask for."""

    MUX = "Mux"
    MODEM = "Modem"
    MEDIA = "Media"
    SIGNALS = "Signals"
    EVENT_BUFFER = "EventBuffer"
    DIGIT_MAP = "DigitMap"
    STATISTICS = "Statistics"
    EVENTS = "Events"
    OBSERVED_EVENTS = "ObservedEvents"
    PACKAGES = "Packages"


class Audit(Struct, frozen=True, omit_defaults=True, gc=False, tag="Audit"):
    """What to return: whole descriptors, and (v2) individual items.

    An individual item is a descriptor that carries names without values: properties have
    ``values == ()`` there.  Empty ``items`` and ``individual``: return nothing.
    """

    items: tuple[AuditItem, ...] = ()
    individual: tuple[Media | Signals | Events | EventBuffer | DigitMap | Statistics | Packages, ...] = ()


AmmDescriptor = Media | Modem | Multiplex | Events | EventBuffer | Signals | DigitMap | Audit | Statistics

AuditReturn = (
    Media
    | Modem
    | Multiplex
    | Events
    | EventBuffer
    | Signals
    | DigitMap
    | ObservedEvents
    | Statistics
    | Packages
    | ErrorDescriptor
    | AuditItem  # named in the reply, but holds nothing
)


# --- service change ------------------------------------------------------------------------------------


class ServiceChangeMethod(StrEnum):
    GRACEFUL = "Graceful"
    FORCED = "Forced"
    RESTART = "Restart"
    DISCONNECTED = "Disconnected"
    HANDOFF = "HandOff"
    FAILOVER = "Failover"


class ServiceChange(Struct, frozen=True, omit_defaults=True, gc=False):
    """Parameters of a request.  ``method`` is a ``ServiceChangeMethod`` or an extension ``X-...``.

    ``reason`` such as ``"901 Cold Boot"`` without quotes; ``address`` and ``mgc_id`` exclude each other.
    """

    method: str
    reason: str
    address: Mid | int | None = None
    mgc_id: Mid | None = None
    profile: str | None = None  # "name/version"
    version: int | None = None
    delay: int | None = None  # seconds
    timestamp: TimeStamp | None = None
    extensions: tuple[Parameter, ...] = ()
    incomplete: bool = False  # v3 ServiceChangeIncompleteFlag
    audit: Audit | None = None
    non_standard: bytes | None = None  # NonStandardData that is no ``X-...``, in binary only


class ServiceChangeResult(Struct, frozen=True, omit_defaults=True, gc=False):
    """Parameters of a reply; all optional."""

    address: Mid | int | None = None
    mgc_id: Mid | None = None
    profile: str | None = None
    version: int | None = None
    timestamp: TimeStamp | None = None


# --- commands ------------------------------------------------------------------------------------------


class Verb(Enum):
    """The command's name, values as the long tokens."""

    ADD = "Add"
    MOVE = "Move"
    MODIFY = "Modify"
    SUBTRACT = "Subtract"
    AUDIT_VALUE = "AuditValue"
    AUDIT_CAPABILITY = "AuditCapability"
    NOTIFY = "Notify"
    SERVICE_CHANGE = "ServiceChange"


class CommandRequest(Struct, frozen=True, omit_defaults=True, gc=False):
    """One command.  Which of the fields after ``wildcard_reply`` are used depends on ``verb``:

    Add, Move, Modify: ``descriptors``; Subtract and the audits: ``audit`` (``None`` = not given);
    Notify: ``observed`` or ``reported`` (an error descriptor that the gateway reports); ServiceChange:
    ``service_change``.

    ``terminations``: one, or several (v3 list).  ``optional``: ``O-``; ``wildcard_reply``: ``W-``.
    ``error``: the command could not be read (442 and the like); answer it with that.
    """

    verb: Verb
    terminations: tuple[str, ...]
    optional: bool = False
    wildcard_reply: bool = False
    descriptors: tuple[AmmDescriptor, ...] = ()
    audit: Audit | None = None
    observed: ObservedEvents | None = None
    service_change: ServiceChange | None = None
    error: ErrorDescriptor | None = None
    reported: ErrorDescriptor | None = None


class CommandReply(Struct, frozen=True, omit_defaults=True, gc=False):
    """The answer to one command on one termination (or several, v3; or a wildcard, ``W-``).

    ``result``: descriptors returned, in order (an ``ErrorDescriptor`` alone: the command failed).
    ``listed``: answer to a wildcarded empty audit, ``AuditValue = Context{a, b}``.
    """

    verb: Verb
    terminations: tuple[str, ...]
    result: tuple[AuditReturn, ...] = ()
    service_change: ServiceChangeResult | None = None
    listed: bool = False

    @property
    def error(self) -> ErrorDescriptor | None:
        """The error, if the command failed."""
        for item in self.result:
            if isinstance(item, ErrorDescriptor):
                return item
        return None
