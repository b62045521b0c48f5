"""Registrations of user equipment as a P-CSCF sees them (TS 24.229 clauses 5.2.2 and 7.2A.7).

A REGISTER goes on to the next hop with our ``Path`` (RFC 3327) and without what concerns the access only.
What the UE can secure (Security-Client with ``mediasec``) and what we announced (Security-Server, in 401 and
200) is kept for each contact: both together decide about e2ae security.  The user part of the Path is a token
that names the binding, so that a request coming back along it finds the flow of the UE.

What Security-Verify must echo is remembered for each UE, told by address of record and contact, from the
answer that announced it.  An echo that differs is refused with 494 and the list as it is (RFC 3329 clause
2.3.1).  No echo at all is let pass: many UEs send it in signalling agreements only.
"""

from collections import OrderedDict
from typing import NamedTuple

from msgspec import Struct

from imsedge.core.ids import IdSource
from imsedge.core.timers import Timers
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
from imsedge.sip.uri import SipUri, read_uri

MAX_CONTACTS = 10
"""Contacts of one REGISTER; a phone has one, sometimes two."""

MAX_EXPIRES = 2**32 - 1  # RFC 3261 clause 20.19
DEFAULT_EXPIRES = 3600  # of a 200 that does not say, RFC 3261 clause 10.2.1.1

MAX_PENDING = 1_000
"""UEs between a 401 and their next REGISTER whose announced list is remembered; the oldest is forgotten."""


class Binding(Struct, frozen=True, kw_only=True):
    """A registered contact.  ``secured``: mechanisms that the UE and we have both announced."""

    token: str
    address_of_record: str
    contact: str
    flow: Flow
    secured: frozenset[str]
    service_route: tuple[str, ...]
    expires_at: float


class Attempt(Struct, frozen=True, kw_only=True):
    """A REGISTER on its way: what its answer will be read with."""

    token: str
    address_of_record: str
    contacts: tuple[str, ...]
    all_contacts: bool
    flow: Flow
    offered: frozenset[str]
    expires: int


class Accepted(NamedTuple):
    """A REGISTER may go on, for this attempt."""

    attempt: Attempt


class Refused(NamedTuple):
    """It may not: answer with this."""

    response: SipResponse


class Registrations:
    """All bindings, found by token, flow or contact; they expire by themselves."""

    def __init__(self, mechanisms: tuple[str, ...], limit: int, ids: IdSource) -> None:
        self._announced: tuple[Mechanism, ...] = tuple(media_mechanism(name) for name in mechanisms)
        self._limit = limit
        self._ids = ids
        self._by_token: dict[str, Binding] = {}
        self._by_contact: dict[str, str] = {}
        self._by_flow: dict[Flow, str] = {}
        self._tokens: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._timers: Timers[str] = Timers()

    def __len__(self) -> int:
        return len(self._by_token)

    @property
    def deadline(self) -> float:
        """When the next binding expires."""
        return self._timers.deadline

    def expire(self, now: float) -> list[Binding]:
        """Forget what has expired."""
        return [binding for token in self._timers.due(now) if (binding := self._drop(token))]

    def by_token(self, token: str | None) -> Binding | None:
        """The binding whose Path carries ``token``."""
        return self._by_token.get(token) if token else None

    def by_contact(self, uri: str) -> Binding | None:
        """The binding of this contact, told by user, host and port."""
        return self.by_token(self._by_contact.get(_place(uri)))

    def of_sender(self, flow: Flow, contact: str | None) -> Binding | None:
        """Whose request came over ``flow``: that of the flow, else of the contact at the same host."""
        found = self.by_token(self._by_flow.get(flow))
        if found is None and contact is not None:
            known = self.by_contact(contact)
            found = known if known is not None and known.flow.remote.host == flow.remote.host else None
        return found

    # --- REGISTER ------------------------------------------------------------------------------------

    def register(self, request: SipRequest, flow: Flow) -> Accepted | Refused:
        """Judge a REGISTER from the access side.  ``SipError`` when it cannot be read."""
        address = request.to.uri
        values = request.headers.all("Contact")
        if len(values) > MAX_CONTACTS:
            raise SipError(400, f"more than {MAX_CONTACTS} contacts")
        named = [read_name_address(value) for value in values if value != "*"]
        contacts = tuple(contact.uri for contact in named)
        token = self._token_for(address, contacts)
        verify = read_mechanisms(request.headers, SECURITY_VERIFY)
        if media_names(verify) and not verify_matches(self._announced, verify):
            return Refused(self._with_announcement(make_response(request, 494, to_tag=self._ids.token(6))))
        known = token in self._by_token
        if not known and contacts and len(self._by_token) >= self._limit:
            raise SipError(503, "too many registrations")
        asked = next((contact.params.value("expires") for contact in named), None)
        expires = asked or request.headers.get("Expires")
        return Accepted(
            Attempt(
                token=token,
                address_of_record=address,
                contacts=contacts,
                all_contacts="*" in values,
                flow=flow,
                offered=media_names(read_mechanisms(request.headers, SECURITY_CLIENT)),
                expires=DEFAULT_EXPIRES if expires is None else _read_expires(expires),
            )
        )

    def answered(self, attempt: Attempt, response: SipResponse, now: float) -> SipResponse:
        """The registrar answered: keep what it says, announce what we can do."""
        if 200 <= response.status < 300:
            self._keep(attempt, response, now)
        if attempt.offered and (response.status == 401 or 200 <= response.status < 300):
            return self._with_announcement(response)
        return response

    def _keep(self, attempt: Attempt, response: SipResponse, now: float) -> None:
        granted = {
            _place(contact.uri): _lifetime(contact, response, attempt)
            for value in response.headers.all("Contact")
            if value != "*" and (contact := _readable(value)) is not None
        }
        if not granted and attempt.contacts:  # a registrar that lists nothing has granted what was asked for
            granted = {_place(attempt.contacts[0]): attempt.expires}
        uri = next((uri for uri in attempt.contacts if granted.get(_place(uri))), None)
        if uri is None:
            if attempt.contacts or attempt.all_contacts:
                self._forget(attempt)
            return
        self._drop(attempt.token)
        binding = Binding(
            token=attempt.token,
            address_of_record=attempt.address_of_record,
            contact=uri,
            flow=attempt.flow,
            secured=attempt.offered & media_names(self._announced),
            service_route=response.headers.all("Service-Route"),
            expires_at=now + granted[_place(uri)],
        )
        self._by_token[binding.token] = binding
        self._by_contact[_place(uri)] = binding.token
        self._by_flow[binding.flow] = binding.token
        self._tokens.pop(_identity(attempt.address_of_record, attempt.contacts), None)
        self._timers.set(binding.token, binding.expires_at)

    def _forget(self, attempt: Attempt) -> None:
        self._drop(attempt.token)
        if attempt.all_contacts:
            for binding in [*self._by_token.values()]:
                if binding.address_of_record == attempt.address_of_record:
                    self._drop(binding.token)

    def _drop(self, token: str) -> Binding | None:
        binding = self._by_token.pop(token, None)
        if binding is not None:
            self._timers.cancel(token)
            if self._by_contact.get(_place(binding.contact)) == token:
                del self._by_contact[_place(binding.contact)]
            if self._by_flow.get(binding.flow) == token:
                del self._by_flow[binding.flow]
        return binding

    def _token_for(self, address: str, contacts: tuple[str, ...]) -> str:
        """The same for every REGISTER of a UE, also between its first and the one with credentials."""
        for contact in contacts:
            known = self.by_contact(contact)
            if known is not None and known.address_of_record == address:
                return known.token
        identity = _identity(address, contacts)
        if identity not in self._tokens:
            if len(self._tokens) >= MAX_PENDING:
                self._tokens.popitem(last=False)
            self._tokens[identity] = self._ids.token(8)
        return self._tokens[identity]

    def _with_announcement(self, response: SipResponse) -> SipResponse:
        values = [str(mechanism) for mechanism in self._announced]
        return response.with_headers(response.headers.with_last(SECURITY_SERVER, *values))


def _identity(address: str, contacts: tuple[str, ...]) -> tuple[str, ...]:
    return (address, *contacts)


def _place(uri: str) -> str:
    """What makes a contact the same one: user, host and port; registrars add parameters of their own."""
    try:
        parsed = read_uri(uri)
    except SipError:
        return uri
    if not isinstance(parsed, SipUri):
        return uri
    return f"{parsed.user or ''}@{parsed.host.lower()}:{parsed.address.port}"


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
