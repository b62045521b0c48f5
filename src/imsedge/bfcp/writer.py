"""Writing BFCP messages (RFC 8855 clause 5)."""

from imsedge.bfcp.attributes import SHAPES
from imsedge.bfcp.model import Attribute, Group, Message
from imsedge.bfcp.parser import HEADER
from imsedge.core.errors import LocalError

_MAX_ATTRIBUTE = 255  # one octet of length counts header and contents


def write_message(message: Message) -> bytes:
    """The octets; ``LocalError`` when a value does not fit its attribute."""
    payload = b"".join(map(_write_attribute, message.attributes))
    first = message.version << 5 | message.responder << 4
    header = HEADER.pack(
        first,
        message.primitive,
        len(payload) // 4,
        message.conference,
        message.transaction,
        message.user,
    )
    return header + payload


def _write_attribute(attribute: Attribute) -> bytes:
    contents = _contents(attribute)
    length = 2 + len(contents)
    if length > _MAX_ATTRIBUTE:
        raise LocalError(f"attribute {attribute.kind} is longer than {_MAX_ATTRIBUTE} octets")
    return bytes((attribute.kind << 1 | attribute.mandatory, length)) + contents + bytes(-length % 4)


def _contents(attribute: Attribute) -> bytes:
    value = attribute.value
    if isinstance(value, Group):
        return value.id.to_bytes(2, "big") + b"".join(map(_write_attribute, value.attributes))
    shape = SHAPES.get(attribute.kind)
    if shape is not None:
        return shape.write(value)
    if not isinstance(value, bytes):
        raise LocalError(f"attribute {attribute.kind} has no shape; its value is octets")
    return value
