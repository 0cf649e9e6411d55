"""The registry wire format: how a value says which schema it was written with.

Two forms (docs/registry.md): a 5-byte prefix in front of the value, which every reader knows, or a
record header with the schema's GUID and the value unframed, which needs Confluent 8 on both sides.
"""

from __future__ import annotations

import struct
from uuid import UUID

MAGIC_PREFIX = 0
"""First byte of the prefix form."""
MAGIC_HEADER = 1
"""First byte of the header form's value."""
GUID_HEADER = "__value_schema_id"
"""Record header that Confluent's readers look at before they look at the prefix."""

_PREFIX = struct.Struct(">bI")


def prefix(schema_id: int) -> bytes:
    """The 5 bytes in front of a value: ``00`` and the schema ID, big-endian."""
    return _PREFIX.pack(MAGIC_PREFIX, schema_id)


def split(value: bytes) -> tuple[int, bytes]:
    """``(schema ID, rest)`` of a framed value. Raises ValueError if it carries no prefix."""
    if len(value) < _PREFIX.size or value[0] != MAGIC_PREFIX:
        raise ValueError("the value does not start with a schema ID: its first byte is not 0 or it is shorter than 5")
    return _PREFIX.unpack_from(value)[1], value[_PREFIX.size :]


def guid_header(guid: str) -> tuple[str, bytes]:
    """The record header of the header form: ``01`` and the GUID's 16 bytes."""
    return GUID_HEADER, bytes([MAGIC_HEADER]) + UUID(guid).bytes
