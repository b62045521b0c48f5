"""Registrations of user equipment as a P-CSCF sees them (TS 24.229 clauses 5.2.2 and 7.2A.7).

A REGISTER goes on to the next hop with our ``Path`` (RFC 3327) and without what concerns the access only.
What the UE can secure (Security-Client with ``mediasec``) and what we announced (Security-Server, in 401 and
200) is kept with its contacts: both together decide about e2ae security.  The user part of the Path is a
token that names the binding, so that a request coming back along it finds the flow of the UE.

What the registrar grants counts, contact by contact: contacts that a 2xx no longer lists are gone, those that
a REGISTER does not name stay until they expire, and any other answer (401, 423 ...) changes nothing.

Security-Verify must echo what we announce, in REGISTER and in every other request that opens something: one
that differs is refused with 494 and the list as it is (RFC 3329 clause 2.3.1).  No echo at all is let pass:
many UEs send it in signalling agreements only.  Requests inside a dialog are not judged again.

Who registers somebody else (From is not To, RFC 3261 clause 10.2) is let through to the registrar, but says
nothing about that UE: neither its flow nor what it can secure.  Such a REGISTER can end a binding only.
"""

from collections import OrderedDict
from typing import NamedTuple

from msgspec import Struct

from imsedge.alg.bindings import MAX_CONTACTS, Binding, Bindings, BoundContact, place_of
from imsedge.core.ids import IdSource
from imsedge.sip.errors import SipError
from imsedge.sip.fields import NameAddress, read_name_address
from imsedge.sip.flow import Flow
from imsedge.sip.grammar import read_number
from imsedge.sip.message import SipRequest, SipResponse, make_response
from imsedge.sip.sec_agree import (
    SECURITY_CLIENT,
    SECURITY_SERVER,
    SECURITY_VERIFY,
    Mechanism,
    media_mechanism,
    media_names,
    read_mechanisms,
    verify_matches,
)

MAX_EXPIRES = 2**32 - 1  # RFC 3261 clause 20.19
DEFAULT_EXPIRES = 3600  # of a 200 that does not say, RFC 3261 clause 10.2.1.1

MAX_PENDING = 1_000
"""UEs between a 401 and their next REGISTER whose token is remembered; the oldest is forgotten."""

STAR = "*"
"""A Contact that means all of the user, to end them (RFC 3261 clause 10.2.2)."""


class Attempt(Struct, frozen=True, kw_only=True):
    """A REGISTER on its way: what its answer will be read with.

    ``announced``: what the UE is told that we can secure.  ``for_another``: who sends it is not who is
    registered.
    """

    token: str
    address_of_record: str
    contacts: tuple[str, ...]
    all_contacts: bool
    flow: Flow
    offered: frozenset[str]
    announced: tuple[Mechanism, ...]
    for_another: bool
    expires: int


class Accepted(NamedTuple):
    """A REGISTER may go on, for this attempt."""

    attempt: Attempt


class Refused(NamedTuple):
    """It may not: answer with this."""

    response: SipResponse


class Registrations(Bindings):
    """All bindings, and what becomes of a REGISTER.

    ``protected_only``: media mechanisms are negotiated over TLS only, as fingerprints prove nothing to who
    can change them on the way (TS 33.328 clause 5).
    """

    def __init__(
        self, mechanisms: tuple[str, ...], limit: int, ids: IdSource, *, protected_only: bool = False
    ) -> None:
        super().__init__()
        self._mechanisms: tuple[Mechanism, ...] = tuple(media_mechanism(name) for name in mechanisms)
        self._limit = limit
        self._ids = ids
        self._protected_only = protected_only
        self._tokens: OrderedDict[tuple[str, ...], str] = OrderedDict()

    def register(self, request: SipRequest, flow: Flow) -> Accepted | Refused:
        """Judge a REGISTER from the access side.  ``SipError`` when it cannot be read."""
        refused = self.refuse_echo(request, flow)
        if refused is not None:
            return Refused(refused)
        address = request.to.uri
        values = request.headers.all("Contact")
        if len(values) > MAX_CONTACTS:
            raise SipError(400, f"more than {MAX_CONTACTS} contacts")
        named = [read_name_address(value) for value in values if value != STAR]
        contacts = tuple(contact.uri for contact in named)
        asked = next((contact.params.value("expires") for contact in named), None)
        said = asked or request.headers.get("Expires")
        expires = DEFAULT_EXPIRES if said is None else _read_expires(said)
        if STAR in values and (contacts or len(values) > 1 or expires or said is None):
            raise SipError(400, "Contact: * goes alone and with Expires: 0 only")
        token = self._token_for(address, contacts)
        if token not in self and contacts and len(self) >= self._limit:
            raise SipError(503, "too many registrations")
        offered = media_names(read_mechanisms(request.headers, SECURITY_CLIENT))
        return Accepted(
            Attempt(
                token=token,
                address_of_record=address,
                contacts=contacts,
                all_contacts=STAR in values,
                flow=flow,
                offered=offered,
                announced=self._announced(flow) if offered else (),
                for_another=place_of(request.from_.uri) != place_of(address),
                expires=expires,
            )
        )

    def answered(self, attempt: Attempt, response: SipResponse, now: float) -> SipResponse:
        """The registrar answered: keep what it says, announce what we can do."""
        success = 200 <= response.status < 300
        if success:
            self._keep(attempt, response, now)
        return _announcing(response, attempt.announced) if success or response.status == 401 else response

    def refuse_echo(self, request: SipRequest, flow: Flow) -> SipResponse | None:
        """The 494 for a request whose Security-Verify is not what we announce; ``None`` when it is."""
        announced = self._announced(flow)
        verify = read_mechanisms(request.headers, SECURITY_VERIFY)
        if not announced or not media_names(verify) or verify_matches(announced, verify):
            return None
        return _announcing(make_response(request, 494, to_tag=self._ids.token(6)), announced)

    def _announced(self, flow: Flow) -> tuple[Mechanism, ...]:
        return () if self._protected_only and flow.transport != "tls" else self._mechanisms

    def _keep(self, attempt: Attempt, response: SipResponse, now: float) -> None:
        if attempt.all_contacts:
            for binding in self.of_user(attempt.address_of_record):
                self.drop(binding.token)
            return
        if not attempt.contacts:
            return  # it only asked
        granted = _granted(attempt, response)
        known = self.by_token(attempt.token)
        held = known.contacts if known is not None else ()
        if attempt.for_another:
            if known is not None:
                named = {place_of(uri) for uri in attempt.contacts}
                ended = {place for place in named if not granted.get(place)}
                self.put(known.only(tuple(one for one in held if place_of(one.uri) not in ended)))
            return
        self.put(
            Binding(
                token=attempt.token,
                address_of_record=attempt.address_of_record,
                contacts=_contacts(attempt, granted, held, now),
                flow=attempt.flow,
                secured=attempt.offered & media_names(attempt.announced),
                service_route=response.headers.all("Service-Route"),
            )
        )
        self._tokens.pop((attempt.address_of_record, *attempt.contacts), None)

    def _token_for(self, address: str, contacts: tuple[str, ...]) -> str:
        """The same for every REGISTER of a UE, also between its first and the one with credentials."""
        for contact in contacts:
            known = self.by_contact(contact)
            if known is not None and known.address_of_record == address:
                return known.token
        identity = (address, *contacts)
        if identity not in self._tokens:
            if len(self._tokens) >= MAX_PENDING:
                self._tokens.popitem(last=False)
            self._tokens[identity] = self._ids.token(8)
        return self._tokens[identity]


def _announcing(response: SipResponse, announced: tuple[Mechanism, ...]) -> SipResponse:
    values = [str(mechanism) for mechanism in announced]
    return response.with_headers(response.headers.with_last(SECURITY_SERVER, *values))


def _granted(attempt: Attempt, response: SipResponse) -> dict[str, int]:
    """Seconds by place; a registrar that lists nothing has granted what was asked for."""
    granted = {
        place_of(contact.uri): _lifetime(contact, response, attempt)
        for value in response.headers.all("Contact")
        if value != STAR and (contact := _readable(value)) is not None
    }
    return granted or {place_of(uri): attempt.expires for uri in attempt.contacts}


def _contacts(
    attempt: Attempt, granted: dict[str, int], held: tuple[BoundContact, ...], now: float
) -> tuple[BoundContact, ...]:
    """Those of the REGISTER that were granted, then those that it did not name."""
    named = {place_of(uri): uri for uri in attempt.contacts}
    fresh = [BoundContact(uri, now + granted[place]) for place, uri in named.items() if granted.get(place)]
    others = [one for one in held if place_of(one.uri) not in named]
    return (*fresh, *others)[:MAX_CONTACTS]


def _readable(value: str) -> NameAddress | None:
    try:
        return read_name_address(value)
    except SipError:
        return None


def _lifetime(contact: NameAddress, response: SipResponse, attempt: Attempt) -> int:
    """``expires`` of the contact, else Expires of the answer, else what was asked (RFC 3261 clause 10.3)."""
    said = contact.params.value("expires") or response.headers.get("Expires")
    try:
        return attempt.expires if said is None else _read_expires(said)
    except SipError:
        return DEFAULT_EXPIRES


def _read_expires(text: str) -> int:
    return read_number(text.strip(), MAX_EXPIRES, "Expires")
