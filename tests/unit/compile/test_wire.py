"""The registry wire format, byte by byte."""

from __future__ import annotations

import pytest

from gateway.compile import wire


@pytest.mark.parametrize(
    ("schema_id", "data"), [(0, "0000000000"), (1, "0000000001"), (258, "0000000102"), ((1 << 32) - 1, "00ffffffff")]
)
def test_the_prefix_is_a_zero_and_the_id_big_endian(schema_id: int, data: str):
    """IDs up to 32 bits, and back again with what stands behind."""
    assert wire.prefix(schema_id).hex() == data
    assert wire.split(wire.prefix(schema_id) + b"body") == (schema_id, b"body")


@pytest.mark.parametrize("value", [b"", b"\x00\x00\x00\x00", b"\x01\x00\x00\x00\x01x", b"{}"])
def test_a_value_without_prefix_is_told(value: bytes):
    """Too short, or of another magic byte."""
    with pytest.raises(ValueError, match="schema ID"):
        wire.split(value)


def test_an_empty_body_is_a_body():
    """Avro's null has no bytes."""
    assert wire.split(wire.prefix(7)) == (7, b"")


def test_the_guid_header_is_a_one_and_sixteen_bytes():
    """In network order, from either spelling of the GUID."""
    name, value = wire.guid_header("89791762-2336-4186-9674-299B90A802E2")
    assert (name, value.hex()) == ("__value_schema_id", "0189791762233641869674299b90a802e2")
