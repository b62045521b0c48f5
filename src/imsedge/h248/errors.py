"""Error codes of ITU-T H.248.8, as the IANA registry lists them, and the error that carries one."""

from imsedge.core.errors import RemoteError
from imsedge.h248.model import ErrorDescriptor


class H248Error(RemoteError):
    """The peer broke H.248.1; ``code`` is the H.248.8 code to answer with."""

    def descriptor(self) -> ErrorDescriptor:
        """The error descriptor to send back: standard text, then what exactly was wrong."""
        return describe(self.code, self.reason)


SYNTAX_MESSAGE = 400
PROTOCOL = 401
SYNTAX_TRANSACTION = 403
VERSION = 406
IDENTIFIER = 410
TOO_MANY_TRANSACTIONS = 413
SYNTAX_ACTION = 422
SYNTAX_COMMAND = 442
UNKNOWN_COMMAND = 443
UNKNOWN_DESCRIPTOR = 444
UNKNOWN_PROPERTY = 445
UNKNOWN_PARAMETER = 446
DESCRIPTOR_NOT_LEGAL = 447
DESCRIPTOR_TWICE = 448
UNKNOWN_VALUE = 449
PROPERTY_ILLEGAL = 455
PROPERTY_TWICE = 456
UNKNOWN_PROFILE = 461
MISSING_INFORMATION = 472
INTERNAL = 500
NOT_IMPLEMENTED = 501
UNAUTHORIZED = 402
UNAUTHORIZED_ENTITY = 504
NOT_REGISTERED = 505
TOO_MANY_PENDINGS = 506
NO_RESOURCES = 510
BUSY = 511
REPLY_TOO_LARGE = 533

TEXTS: dict[int, str] = {
    400: "Syntax error in message",
    401: "Protocol Error",
    402: "Unauthorized",
    403: "Syntax error in transaction request",
    406: "Version Not Supported",
    410: "Incorrect identifier",
    411: "The transaction refers to an unknown ContextId",
    412: "No ContextIDs available",
    413: "Number of transactions in message exceeds maximum",
    421: "Unknown action or illegal combination of actions",
    422: "Syntax Error in Action",
    430: "Unknown TerminationID",
    431: "No TerminationID matched a wildcard",
    432: "Out of TerminationIDs or No TerminationID available",
    433: "TerminationID is already in a Context",
    434: "Max number of Terminations in a Context exceeded",
    435: "Termination ID is not in specified Context",
    440: "Unsupported or unknown Package",
    441: "Missing Remote or Local Descriptor",
    442: "Syntax Error in Command",
    443: "Unsupported or Unknown Command",
    444: "Unsupported or Unknown Descriptor",
    445: "Unsupported or Unknown Property",
    446: "Unsupported or Unknown Parameter",
    447: "Descriptor not legal in this command",
    448: "Descriptor appears twice in a command",
    449: "Unsupported or Unknown Parameter or Property Value",
    450: "No such property in this package",
    451: "No such event in this package",
    452: "No such signal in this package",
    453: "No such statistic in this package",
    454: "No such parameter value in this package",
    455: "Property illegal in this Descriptor",
    456: "Property appears twice in this Descriptor",
    457: "Missing parameter in signal or event",
    458: "Unexpected Event/Request ID",
    459: "Invalid Combination of Metering Detection Events",
    460: "Unable to set statistic on stream",
    461: "Unsupported or Unknown Profile",
    471: "Implied Add for Multiplex failure",
    472: "Required Information Missing",
    473: "Conflicting Property Values",
    474: "Invalid SDP Syntax",
    475: "Unable to pause the playout of the signal",
    476: "Unable to adjust the data delivery speed of the Signal",
    477: "Unable to adjust the playback relative scale of the signal",
    478: "Behaviour Contradicts Resource Rule",
    479: "Only one floor chair per floor is allowed in the Context",
    480: "Unsupported offset unit or Value",
    481: "Element not allowed in a Filter Group Context",
    482: "Unknown Filter Group",
    483: "Invalid action for Enrolment Session state",
    484: "Invalid action for Verification Session state",
    485: "Unsupported measurement block type",
    486: "Unsupported block parameter value",
    487: "Inconsistent block type parameters",
    488: "Incorrect stream endpoint interlinkage",
    489: "Invalid aggregation and/or de-aggregation",
    500: "Internal software Failure in MG or MGC",
    501: "Not Implemented",
    502: "Not ready.",
    503: "Service Unavailable",
    504: "Command Received from unauthorized entity",
    505: "Transaction Request Received before a Service Change Reply has been received",
    506: "Number of Transaction Pendings Exceeded",
    507: "Alternate Transport Mode Preferred",
    510: "Insufficient resources",
    511: "Temporarily Busy",
    512: "Media Gateway unequipped to detect requested Event",
    513: "Media Gateway unequipped to generate requested Signals",
    514: "Media Gateway cannot send the specified announcement",
    515: "Unsupported Media Type",
    517: "Unsupported or invalid mode",
    518: "Event buffer full",
    519: "Out of space to store digit map",
    520: "Digit Map undefined in the MG",
    521: "Termination is ServiceChangeing",
    522: "Functionality Requested in Topology Triple Not Supported",
    526: "Insufficient bandwidth",
    529: "Internal hardware failure in MG",
    530: "Temporary Network failure",
    531: "Permanent Network failure",
    532: "Audited Property, Statistic, Event or Signal does not exist",
    533: "Response exceeds maximum transport PDU size",
    534: "Illegal write or read only property",
    540: "Unexpected initial hook state",
    541: "Unexpected Spare Bit State",
    542: "Command is not allowed on this termination",
    543: "MGC requested event detection timestamp not supported",
    581: "Does Not Exist",
    600: "Illegal syntax within an announcement specification",
    601: "Variable type not supported",
    602: "Variable value out of range",
    603: "Category not supported",
    604: "Selector type not supported",
    605: "Selector value not supported",
    606: "Unknown segment ID",
    607: "Mismatch between play specification and provisioned data",
    608: "Provisioning error",
    609: "Invalid offset",
    610: "No free segment IDs",
    611: "Temporary segment not found",
    612: "Segment in use",
    613: "ISP port limit overrun",
    614: "No modems available",
    615: "Calling number unacceptable",
    616: "Called number unacceptable",
    **dict.fromkeys((617, 618, *range(622, 630)), "Reserved for H.248.9 return code"),
    **dict.fromkeys(range(630, 635), "Reserved for H.248.9 / H.248.74 return Code"),
    700: "Sieve Script Syntax Error",
    701: "Unsupported Sieve Require Error",
    702: "Sieve Actions Exceeded Error",
}

MAX_TEXT = 200  # characters of an error text: diagnostics must not make a small reply a big one


def describe(code: int, detail: str = "") -> ErrorDescriptor:
    """An error descriptor with the standard text of ``code``, extended by ``detail``.

    Quotes and control characters cannot stand in a quoted string (H.248.1 Annex B.2): they become ``'`` and
    spaces.  An unregistered code gets ``detail`` alone.
    """
    standard = TEXTS.get(code, "")
    text = f"{standard}: {detail}" if standard and detail else standard or detail
    clean = "".join("'" if c == '"' else c if c.isprintable() else " " for c in text[:MAX_TEXT])
    return ErrorDescriptor(code, clean)
