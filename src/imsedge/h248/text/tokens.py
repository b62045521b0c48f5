"""Every token of the text encoding: long form, short form, version that brought it (H.248.1 Annex B.2).

The reader accepts both forms in any mix of cases, whatever the version in the header: a token of a later
version cannot mean anything else.  The writer spells long (pretty) or short (compact) and looks up ``SINCE``.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, TypeVar

from imsedge.h248 import model

Meaning = TypeVar("Meaning")
Member = TypeVar("Member", bound=Enum)


class Token(NamedTuple):
    """One row; ``since`` is the H.248.1 version."""

    long: str
    short: str
    since: int = 1


TOKENS: tuple[Token, ...] = (
    Token("Add", "A"),
    Token("ANDLgc", "ANDLgc", 3),
    Token("Audit", "AT"),
    Token("AuditCapability", "AC"),
    Token("AuditValue", "AV"),
    Token("Authentication", "AU"),
    Token("Both", "B", 3),
    Token("Bothway", "BW"),
    Token("Brief", "BR"),
    Token("Buffer", "BF"),
    Token("Context", "C"),
    Token("ContextAttr", "CT", 3),
    Token("ContextAudit", "CA"),
    Token("ContextList", "CLT", 3),
    Token("Delay", "DL"),
    Token("DigitMap", "DM"),
    Token("Disconnected", "DC"),
    Token("Duration", "DR"),
    Token("Embed", "EM"),
    Token("Emergency", "EG"),
    Token("EmergencyOff", "EGO", 3),
    Token("EmergencyValue", "EGV", 3),
    Token("END", "&", 3),
    Token("Error", "ER"),
    Token("EventBuffer", "EB"),
    Token("Events", "E"),
    Token("External", "EX", 3),
    Token("Failover", "FL"),
    Token("Forced", "FO"),
    Token("Graceful", "GR"),
    Token("H221", "H221"),
    Token("H223", "H223"),
    Token("H226", "H226"),
    Token("HandOff", "HO"),
    Token("IEPSCall", "IEPS", 3),
    Token("ImmAckRequired", "IA"),
    Token("ImmediateNotify", "NBIN", 3),
    Token("Inactive", "IN"),
    Token("InService", "IV"),
    Token("IntByEvent", "IBE"),
    Token("IntBySigDescr", "IBS"),
    Token("Internal", "IT", 3),
    Token("Intersignal", "SPAIS", 3),
    Token("Isolate", "IS"),
    Token("Iteration", "IR", 3),
    Token("KeepActive", "KA"),
    Token("Local", "L"),
    Token("LocalControl", "O"),
    Token("LockStep", "SP"),
    Token("Loopback", "LB"),
    Token("Media", "M"),
    Token("MEGACO", "!"),
    Token("Method", "MT"),
    Token("MgcIdToTry", "MG"),
    Token("Mode", "MO"),
    Token("Modem", "MD"),
    Token("Modify", "MF"),
    Token("Move", "MV"),
    Token("MTP", "MTP"),
    Token("Mux", "MX"),
    Token("NeverNotify", "NBNN", 3),
    Token("Notify", "N"),
    Token("NotifyCompletion", "NC"),
    Token("Nx64Kservice", "N64", 2),
    Token("ObservedEvents", "OE"),
    Token("OFF", "OFF"),
    Token("ON", "ON"),
    Token("Oneway", "OW"),
    Token("OnewayBoth", "OWB", 3),
    Token("OnewayExternal", "OWE", 3),
    Token("OnOff", "OO"),
    Token("ORLgc", "ORLgc", 3),
    Token("OtherReason", "OR"),
    Token("OutOfService", "OS"),
    Token("Packages", "PG"),
    Token("Pending", "PN"),
    Token("Priority", "PR"),
    Token("Profile", "PF"),
    Token("Reason", "RE"),
    Token("ReceiveOnly", "RC"),
    Token("RegulatedNotify", "NBRN", 3),
    Token("Remote", "R"),
    Token("Reply", "P"),
    Token("ReservedGroup", "RG"),
    Token("ReservedValue", "RV"),
    Token("ResetEventsDescriptor", "RSE", 3),
    Token("Restart", "RS"),
    Token("Segment", "SM", 3),
    Token("SendOnly", "SO"),
    Token("SendReceive", "SR"),
    Token("ServiceChange", "SC"),
    Token("ServiceChangeAddress", "AD"),
    Token("ServiceChangeInc", "SIC", 3),
    Token("Services", "SV"),
    Token("ServiceStates", "SI"),
    Token("SignalList", "SL"),
    Token("Signals", "SG"),
    Token("SignalType", "SY"),
    Token("SPADirection", "SPADI", 3),
    Token("SPARequestID", "SPARQ", 3),
    Token("Statistics", "SA"),
    Token("Stream", "ST"),
    Token("Subtract", "S"),
    Token("SynchISDN", "SN"),
    Token("TerminationState", "TS"),
    Token("Test", "TE"),
    Token("TimeOut", "TO"),
    Token("Topology", "TP"),
    Token("Transaction", "T"),
    Token("TransactionResponseAck", "K"),
    Token("V18", "V18"),
    Token("V22", "V22"),
    Token("V22b", "V22b"),
    Token("V32", "V32"),
    Token("V32b", "V32b"),
    Token("V34", "V34"),
    Token("V76", "V76"),
    Token("V90", "V90"),
    Token("V91", "V91"),
    Token("Version", "V"),
)

# Spellings of drafts and of a widely used stack that stand for a token of the table above.
ALIASES: dict[str, str] = {
    "EmergencyOff": "EmergencyOffToken",  # Erlang/OTP writes the name of the rule
    "SPADirection": "Direction",  # older v3 drafts
    "SPARequestID": "RequestID",
}
_DRAFT_SHORT = {"SPADirection": "DI", "SPARequestID": "RQ"}

SHORT: dict[str, str] = {token.long: token.short for token in TOKENS}
SINCE: dict[str, int] = {token.long: token.since for token in TOKENS}


def spellings(long: str) -> tuple[str, ...]:
    """Everything that reads as the token ``long``, in lower case."""
    every = (long, SHORT[long], ALIASES.get(long), _DRAFT_SHORT.get(long))
    return tuple(dict.fromkeys(text.lower() for text in every if text))


def reading(meanings: Mapping[str, Meaning]) -> dict[str, Meaning]:
    """From ``{long token: meaning}`` to ``{any spelling in lower case: meaning}``."""
    return {text: meaning for long, meaning in meanings.items() for text in spellings(long)}


def members(enum: type[Member]) -> dict[str, Member]:
    """How the values of ``enum`` (long tokens) are read."""
    return reading({member.value: member for member in enum})


STREAM_MODES = members(model.StreamMode)
SERVICE_STATES = members(model.ServiceState)
BUFFER_CONTROLS = members(model.EventBufferControl)
SIGNAL_TYPES = members(model.SignalType)
SIGNAL_DIRECTIONS = members(model.SignalDirection)
COMPLETIONS = members(model.NotifyCompletion)
TOPOLOGY_DIRECTIONS = members(model.TopologyDirection)
METHODS = members(model.ServiceChangeMethod)
VERBS = members(model.Verb)
AUDIT_ITEMS = members(model.AuditItem)
NOTIFY_BEHAVIOURS = members(model.NotifyBehaviour)
MUX_KINDS = {long.lower(): long for long in ("H221", "H223", "H226", "V76")} | {
    "n64": "Nx64Kservice",
    "nx64kservice": "Nx64Kservice",
}
MODEM_KINDS = {
    long.lower(): long for long in ("V18", "V22", "V22b", "V32", "V32b", "V34", "V90", "V91", "SynchISDN")
} | {"sn": "SynchISDN"}
BOOLEANS = {"on": True, "off": False}
EMERGENCY_VALUES = reading({"Emergency": True, "EmergencyOff": False})
