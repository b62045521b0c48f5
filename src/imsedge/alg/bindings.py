"""Registered contacts, found by Path token, flow or contact; they expire by themselves."""

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from imsedge.core.timers import Timers
from imsedge.sip.errors import SipError
from imsedge.sip.flow import Flow
from imsedge.sip.uri import SipUri, read_uri

MAX_CONTACTS = 10
"""Contacts of one REGISTER, and of one binding; a phone has one, sometimes two."""


class BoundContact(NamedTuple):
    """One contact and when the registrar forgets it."""

    uri: str
    expires_at: float


class Binding(Struct, frozen=True, kw_only=True):
    """What a UE has registered together.  ``secured``: mechanisms that the UE and we have both announced."""

    token: str
    address_of_record: str
    contacts: tuple[BoundContact, ...]
    flow: Flow
    secured: frozenset[str]
    service_route: tuple[str, ...]

    @property
    def contact(self) -> str:
        """The first one's URI."""
        return self.contacts[0].uri

    @property
    def places(self) -> frozenset[str]:
        """What ``place_of`` says of the contacts."""
        return frozenset(place_of(contact.uri) for contact in self.contacts)

    def only(self, contacts: tuple[BoundContact, ...]) -> "Binding":
        """The same with other contacts."""
        return replace(self, contacts=contacts)


class Bindings:
    """The indexes.  A binding without contacts does not exist."""

    def __init__(self) -> None:
        self._by_token: dict[str, Binding] = {}
        self._by_contact: dict[str, str] = {}
        self._by_flow: dict[Flow, dict[str, None]] = {}  # oldest first; a flow may carry several users
        self._timers: Timers[str] = Timers()

    def __len__(self) -> int:
        return len(self._by_token)

    def __contains__(self, token: str) -> bool:
        return token in self._by_token

    @property
    def deadline(self) -> float:
        """When the next contact expires."""
        return self._timers.deadline

    def expire(self, now: float) -> list[Binding]:
        """Forget contacts whose time is over; returns the bindings that have none left."""
        ended = []
        for token in self._timers.due(now):
            binding = self._by_token[token]
            alive = tuple(contact for contact in binding.contacts if contact.expires_at > now)
            self.put(binding.only(alive))
            if not alive:
                ended.append(binding)
        return ended

    def by_token(self, token: str | None) -> Binding | None:
        """The binding whose Path carries ``token``."""
        return self._by_token.get(token) if token else None

    def by_contact(self, uri: str) -> Binding | None:
        """The binding of this contact, told by user, host and port."""
        return self.by_token(self._by_contact.get(place_of(uri)))

    def of_user(self, address_of_record: str) -> list[Binding]:
        """All of one user."""
        return [b for b in self._by_token.values() if b.address_of_record == address_of_record]

    def of_sender(self, flow: Flow, contact: str | None) -> Binding | None:
        """Whose request came over ``flow``: the contact's of that flow, else the flow's latest, else the
        contact's at the same host (a phone may send from another port than it registered from)."""
        named = self.by_contact(contact) if contact is not None else None
        if named is not None and named.flow == flow:
            return named
        tokens = self._by_flow.get(flow)
        if tokens:
            return self._by_token[next(reversed(tokens))]
        return named if named is not None and named.flow.remote.host == flow.remote.host else None

    def put(self, binding: Binding) -> None:
        """In the place of what had this token; a contact belongs to the binding that named it last."""
        self.drop(binding.token)
        if not binding.contacts:
            return
        self._by_token[binding.token] = binding
        for place in binding.places:
            self._by_contact[place] = binding.token
        self._by_flow.setdefault(binding.flow, {})[binding.token] = None
        self._timers.set(binding.token, min(contact.expires_at for contact in binding.contacts))

    def drop(self, token: str) -> None:
        """Forget a binding; harmless when there is none."""
        binding = self._by_token.pop(token, None)
        if binding is None:
            return
        self._timers.cancel(token)
        for place in binding.places:
            if self._by_contact.get(place) == token:
                del self._by_contact[place]
        tokens = self._by_flow[binding.flow]
        del tokens[token]
        if not tokens:
            del self._by_flow[binding.flow]


def place_of(uri: str) -> str:
    """What makes a contact the same one: user, host and port; registrars add parameters of their own."""
    try:
        parsed = read_uri(uri)
    except SipError:
        return uri
    if not isinstance(parsed, SipUri):
        return uri
    return f"{parsed.user or ''}@{parsed.host.lower()}:{parsed.address.port}"
