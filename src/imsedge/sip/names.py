"""Names of header fields and reason phrases, as tables (RFC 3261 clauses 7.3.3, 20, 21)."""

from functools import lru_cache

COMPACT = {
    "a": "Accept-Contact",  # RFC 3841
    "b": "Referred-By",  # RFC 3892
    "c": "Content-Type",
    "d": "Request-Disposition",  # RFC 3841
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",  # RFC 3841
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",  # RFC 6665
    "r": "Refer-To",  # RFC 3515
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",  # RFC 6665
    "v": "Via",
    "x": "Session-Expires",  # RFC 4028
    "y": "Identity",  # RFC 8224
}
"""Compact form -> name."""

COMMA_LISTS = frozenset(
    {
        "Accept",
        "Accept-Contact",
        "Accept-Encoding",
        "Accept-Language",
        "Alert-Info",
        "Allow",
        "Allow-Events",
        "Call-Info",
        "Contact",
        "Content-Encoding",
        "Content-Language",
        "Error-Info",
        "Feature-Caps",
        "Geolocation",
        "History-Info",
        "In-Reply-To",
        "P-Asserted-Identity",
        "P-Associated-URI",
        "P-Charging-Function-Addresses",
        "P-Early-Media",
        "P-Preferred-Identity",
        "P-Visited-Network-ID",
        "Path",
        "Proxy-Require",
        "Reason",
        "Record-Route",
        "Reject-Contact",
        "Request-Disposition",
        "Require",
        "Route",
        "Security-Client",
        "Security-Server",
        "Security-Verify",
        "Service-Route",
        "Supported",
        "Unsupported",
        "Via",
        "Warning",
    }
)
"""Fields whose grammar is a comma list; the commas of others (Date, WWW-Authenticate) separate nothing."""

SINGLE = frozenset({"Call-ID", "CSeq", "From", "To", "Max-Forwards", "Content-Length", "Content-Type"})
"""Fields that may stand once only; a second one makes the message ambiguous (RFC 4475 clause 3.3.8)."""

_KNOWN = {
    name.lower(): name
    for name in (*COMMA_LISTS, *SINGLE, *COMPACT.values(), "Timestamp", "WWW-Authenticate", "Authorization")
}
_CANONICAL = _KNOWN | COMPACT


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """The spelling of the standard; lower case for names that no table here has."""
    lower = name.lower()
    return _CANONICAL.get(lower, lower)


REASONS = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    199: "Early Dialog Terminated",
    200: "OK",
    202: "Accepted",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    430: "Flow Failed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    494: "Security Agreement Required",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    580: "Precondition Failure",
    600: "Busy Everywhere",
    603: "Decline",
    606: "Not Acceptable",
}


def reason_phrase(status: int) -> str:
    """The usual phrase; that of the class for a status without its own."""
    return REASONS.get(status) or REASONS.get(status - status % 100, "Unknown")
