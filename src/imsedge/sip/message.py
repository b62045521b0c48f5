"""SIP messages as immutable values that lose nothing (RFC 3261 clause 7).

``Headers`` keeps every field in its order, with the name as it was spelt and the value as text
(UTF-8 with surrogateescape, so that any octets come back).  Folded lines are one line, as the RFC says they
mean.  Names are found without case and in their compact form.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from imsedge.sip.errors import SipError
from imsedge.sip.fields import CSeq, NameAddress, Via, read_cseq, read_name_address, read_via
from imsedge.sip.grammar import read_number, split_outside
from imsedge.sip.names import COMMA_LISTS, canonical, reason_phrase


class Header(NamedTuple):
    """One header field as it stood on the wire."""

    name: str
    value: str


class Headers:
    """All header fields of a message; every ``with...`` returns a new one."""

    __slots__ = ("_fields", "_names")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = tuple([Header(*field) for field in fields])
        self._names = tuple([canonical(field.name) for field in self._fields])

    def __iter__(self) -> Iterator[Header]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: str) -> bool:
        return canonical(name) in self._names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self._fields)

    def __repr__(self) -> str:
        return f"Headers({list(map(tuple, self._fields))!r})"

    def get(self, name: str) -> str | None:
        """Value of the first field of that name, whole."""
        at = self._position(name)
        return None if at is None else self._fields[at].value

    def fields(self, name: str) -> tuple[str, ...]:
        """Values of all fields of that name, whole."""
        wanted = canonical(name)
        if wanted not in self._names:
            return ()
        pairs = zip(self._names, self._fields, strict=True)
        return tuple([field.value for known, field in pairs if known == wanted])

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of that name, top first; comma lists are cut where the grammar has lists."""
        values = self.fields(name)
        if canonical(name) not in COMMA_LISTS:
            return values
        return tuple(part for value in values for part in split_outside(value, ",") if part)

    def first(self, name: str) -> str | None:
        """The topmost value of that name (the first of its comma list)."""
        at = self._position(name)
        if at is None:
            return None
        value = self._fields[at].value
        if self._names[at] not in COMMA_LISTS or (value and "," not in value):
            return value
        return next(iter(self.all(name)), None)

    def with_first(self, name: str, *values: str) -> "Headers":
        """New fields above those of the same name, or on top of all when there are none."""
        at = self._position(name)
        return _insert(self._fields, at or 0, name, values)

    def with_last(self, name: str, *values: str) -> "Headers":
        """New fields below those of the same name, or at the end."""
        wanted = canonical(name)
        places = [at for at, known in enumerate(self._names, 1) if known == wanted]
        return _insert(self._fields, places[-1] if places else len(self._fields), name, values)

    def replaced(self, name: str, *values: str) -> "Headers":
        """Exactly these values, one field each, where the first one stood (or at the end)."""
        at = self._position(name)
        rest = tuple(self.without(name))
        return _insert(rest, len(rest) if at is None else at, name, values)

    def without(self, *names: str) -> "Headers":
        """No field of these names."""
        gone = {canonical(name) for name in names}
        pairs = zip(self._names, self._fields, strict=True)
        return Headers(field for known, field in pairs if known not in gone)

    def without_first(self, name: str) -> "Headers":
        """Without the topmost value; the rest of its comma list stays."""
        at = self._position(name)
        if at is None:
            return self
        field = self._fields[at]
        rest = split_outside(field.value, ",")[1:] if canonical(name) in COMMA_LISTS else []
        kept = (Header(field.name, ", ".join(rest)),) if rest else ()
        return Headers((*self._fields[:at], *kept, *self._fields[at + 1 :]))

    def with_first_replaced(self, name: str, value: str) -> "Headers":
        """The topmost value changed in its place."""
        at = self._position(name)
        if at is None:
            return self.with_first(name, value)
        field = self._fields[at]
        rest = split_outside(field.value, ",")[1:] if canonical(name) in COMMA_LISTS else []
        changed = Header(field.name, ", ".join((value, *rest)))
        return Headers((*self._fields[:at], changed, *self._fields[at + 1 :]))

    def _position(self, name: str) -> int | None:
        wanted = canonical(name)
        return self._names.index(wanted) if wanted in self._names else None


def _insert(fields: tuple[Header, ...], at: int, name: str, values: Iterable[str]) -> Headers:
    new = tuple(Header(name, value) for value in values)
    return Headers((*fields[:at], *new, *fields[at:]))


class Message(Struct, frozen=True, kw_only=True):
    """What requests and responses share."""

    headers: Headers
    body: bytes = b""

    @property
    def via(self) -> Via:
        """The topmost Via; ``SipError`` 400 when missing or broken (as for all readers below)."""
        return read_via(self.required("Via"))

    @property
    def cseq(self) -> CSeq:
        return read_cseq(self.required("CSeq"))

    @property
    def call_id(self) -> str:
        return self.required("Call-ID")

    @property
    def from_(self) -> NameAddress:
        return read_name_address(self.required("From"))

    @property
    def to(self) -> NameAddress:
        return read_name_address(self.required("To"))

    @property
    def contact(self) -> NameAddress | None:
        """The first Contact; ``None`` when there is none or it is ``*``."""
        value = self.headers.first("Contact")
        return None if value is None or value == "*" else read_name_address(value)

    @property
    def content_type(self) -> str:
        """Media type in lower case, without parameters; ``""`` when absent."""
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    def required(self, name: str) -> str:
        """Topmost value of a field that must be there."""
        value = self.headers.first(name)
        if value is None:
            raise SipError(400, f"{name} is missing")
        return value


class SipRequest(Message, frozen=True, kw_only=True):
    """``uri`` is the Request-URI as written; ``imsedge.sip.uri.read_uri`` reads it."""

    method: str
    uri: str

    @property
    def max_forwards(self) -> int:
        """70 when the field is missing (RFC 3261 clause 16.6 step 3)."""
        value = self.headers.get("Max-Forwards")
        return 70 if value is None else read_number(value, 255, "Max-Forwards")

    def with_headers(self, headers: Headers) -> "SipRequest":
        return replace(self, headers=headers)

    def with_body(self, body: bytes, content_type: str | None = None) -> "SipRequest":
        """Another body; Content-Type only changes when given, Content-Length is the writer's."""
        return replace(self, body=body, headers=_typed(self.headers, content_type))


class SipResponse(Message, frozen=True, kw_only=True):
    """``status`` 100..699."""

    status: int
    reason: str = ""

    def with_headers(self, headers: Headers) -> "SipResponse":
        return replace(self, headers=headers)

    def with_body(self, body: bytes, content_type: str | None = None) -> "SipResponse":
        """Another body; Content-Type only changes when given, Content-Length is the writer's."""
        return replace(self, body=body, headers=_typed(self.headers, content_type))


SipMessage = SipRequest | SipResponse

_DIALOG_FORMING = frozenset({"INVITE", "SUBSCRIBE", "REFER", "NOTIFY"})


def make_response(
    request: SipRequest,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> SipResponse:
    """A response to ``request`` (RFC 3261 clause 8.2.6).

    Via, From, To, Call-ID and CSeq are copied; ``to_tag`` is added to a To that has none; Record-Route is
    copied into 101..299 of requests that form dialogs (clause 12.1.1), Timestamp into 100.  Of a field that
    stands twice in a broken request only the first is copied.
    """
    to = request.required("To")
    copied = [
        *(("Via", value) for value in request.headers.fields("Via")),
        ("From", request.required("From")),
        ("To", to if to_tag is None else _tagged(to, to_tag)),
        ("Call-ID", request.required("Call-ID")),
        ("CSeq", request.required("CSeq")),
    ]
    if 100 < status < 300 and request.method in _DIALOG_FORMING:
        copied += [("Record-Route", value) for value in request.headers.fields("Record-Route")]
    if status == 100:
        copied += [("Timestamp", value) for value in request.headers.fields("Timestamp")]
    return SipResponse(
        status=status,
        reason=reason_phrase(status) if reason is None else reason,
        headers=Headers((*copied, *headers)),
        body=body,
    )


def _typed(headers: Headers, content_type: str | None) -> Headers:
    return headers if content_type is None else headers.replaced("Content-Type", content_type)


def _tagged(to: str, tag: str) -> str:
    return to if read_name_address(to).tag is not None else f"{to};tag={tag}"
