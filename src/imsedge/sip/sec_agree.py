"""Security-Client, Security-Server and Security-Verify (RFC 3329) with media mechanisms (TS 24.229 7.2A.7).

An entry is ``mechanism *(;parameter)``.  An entry with the parameter ``mediasec`` concerns media only; all
others (``ipsec-3gpp``, ``tls`` ...) concern signalling.  Both kinds come mixed, in several fields or in one
comma list; they are never compared with each other.

What peers really send, and what is made of it:

* ``msrp-tls;mediasec`` (TS 24.229, Deutsche Telekom): mechanism ``msrp-tls``;
* ``mediasec="msrp-tls"`` and ``...;mediasec=bfcp-tls`` (drafts): the value is the mechanism;
* ``q=0.100000.4`` (Asterisk): kept as written, never a reason to refuse;
* ``Require: mediasec`` and ``Proxy-Require: mediasec`` (draft-dawes-sipcore-mediasec-parameter).
"""

from msgspec import Struct

from imsedge.sip.errors import SipError
from imsedge.sip.grammar import NO_PARAMS, Param, Params, is_token, read_params, unquote
from imsedge.sip.message import Headers
from imsedge.sip.routing import without_option

SECURITY_CLIENT = "Security-Client"
SECURITY_SERVER = "Security-Server"
SECURITY_VERIFY = "Security-Verify"

MEDIASEC = "mediasec"
"""Header parameter and option tag."""

MEDIA_MECHANISMS = ("sdes-srtp", "dtls-srtp", "msrp-tls", "bfcp-tls", "udptl-dtls")
"""TS 24.229 clause 7.2A.7; ``dtls-srtp`` is Asterisk's."""

MAX_MECHANISMS = 32
"""Entries of one header that are looked at; real lists have at most a dozen (ipsec-3gpp times algorithms)."""


class Mechanism(Struct, frozen=True):
    """One entry.  ``name`` in lower case; ``params`` as written; ``text`` the whole as written."""

    name: str
    params: Params = NO_PARAMS
    is_media: bool = False
    text: str = ""

    def __str__(self) -> str:
        return self.text or f"{self.name}{self.params}"

    @property
    def preference(self) -> float:
        """``q``: 0.0 to 1.0; 0.0 when missing or not a number (lenient on purpose)."""
        value = self.params.value("q") or ""
        whole, _, fraction = value.partition(".")
        if whole not in {"0", "1"} or not value.isascii() or (fraction and not fraction.isdigit()):
            return 0.0
        return min(float(value), 1.0)


def media_mechanism(name: str) -> Mechanism:
    """``name;mediasec``, as we announce it."""
    return read_mechanism(f"{name};{MEDIASEC}")


def read_mechanism(text: str) -> Mechanism:
    """One entry of the list; ``SipError`` 400 when not even its mechanism can be told."""
    head, semicolon, rest = text.partition(";")
    name, equals, value = (part.strip().lower() for part in head.partition("="))
    params = _read_lenient(semicolon + rest)
    if name == MEDIASEC and equals:
        return _media(unquote(value), params, text)
    if equals or not is_token(name):
        raise SipError(400, "bad security mechanism")
    if not params.has(MEDIASEC):
        return Mechanism(name, params, is_media=False, text=text)
    return _media((params.value(MEDIASEC) or name).lower(), params, text)


def _media(name: str, params: Params, text: str) -> Mechanism:
    if not is_token(name):
        raise SipError(400, "bad media security mechanism")
    return Mechanism(name, params, is_media=True, text=text)


def _read_lenient(text: str) -> Params:
    """The well-formed parameters; the others are dropped from view only, not from ``text``."""
    found: list[Param] = []
    for part in text.split(";")[1:]:
        try:
            found.extend(read_params(";" + part, "security mechanism"))
        except SipError:
            continue
    return Params(found)


def read_mechanisms(headers: Headers, name: str) -> tuple[Mechanism, ...]:
    """All entries of one of the three headers, in order; unreadable entries are left out."""
    found = []
    for text in headers.all(name)[:MAX_MECHANISMS]:
        try:
            found.append(read_mechanism(text))
        except SipError:
            continue
    return tuple(found)


def media_names(mechanisms: tuple[Mechanism, ...]) -> frozenset[str]:
    """Names of the media entries: what a UE can do, or what we announced."""
    return frozenset(mechanism.name for mechanism in mechanisms if mechanism.is_media)


def verify_matches(announced: tuple[Mechanism, ...], verify: tuple[Mechanism, ...]) -> bool:
    """Whether Security-Verify echoes the media part of our Security-Server.

    Names are compared as a set: a media entry has no preference, and peers quote and order differently.
    Signalling entries are left to whoever announced them (RFC 3329 clause 2.4).  No media entry at all is the
    echo of a UE that does not know ``mediasec``, and matches only when nothing was announced.
    """
    return media_names(announced) == media_names(verify)


def without_media(headers: Headers) -> Headers:
    """What the core may see: no media entries, no ``mediasec`` option tags; signalling entries stay.

    ``sec-agree`` is taken out of Require and Proxy-Require too when no signalling entry is left: it asked
    for the agreement that ends here (RFC 3329 clause 2.3.1).
    """
    for name in (SECURITY_CLIENT, SECURITY_SERVER, SECURITY_VERIFY):
        headers = _without_media_entries(headers, name)
    tags = [MEDIASEC]
    if SECURITY_CLIENT not in headers and SECURITY_VERIFY not in headers:
        tags.append("sec-agree")
    for name in ("Require", "Proxy-Require"):
        for tag in tags:
            headers = without_option(headers, name, tag)
    return headers


def _without_media_entries(headers: Headers, name: str) -> Headers:
    values = headers.all(name)
    kept = [value for value in values if not _is_media(value)]
    if len(kept) == len(values):
        return headers
    return headers.replaced(name, *kept) if kept else headers.without(name)


def _is_media(text: str) -> bool:
    try:
        return read_mechanism(text).is_media
    except SipError:
        return MEDIASEC in text.lower()
