"""What a reader gets back, in the JSON form that examples and ``gateway try`` use."""

import json
import struct
from decimal import Decimal

import pytest

from gateway.compile.readback import compile_readback, read_back
from gateway.errors import SchemaError
from gateway.model import Reference
from tests.unit.compile.compiled import json_version, version_of

POSITION = version_of(
    {
        "type": "record",
        "name": "Position",
        "namespace": "geo",
        "fields": [
            {"name": "lat", "type": "double"},
            {"name": "fix", "type": {"type": "enum", "name": "Fix", "symbols": ["NONE", "FULL"]}},
        ],
    },
    subject="geo",
)
AT = bytes(8) + b"\x02"
"""A Position at latitude 0 with a full fix."""


@pytest.mark.parametrize(
    ("schema", "body", "value"),
    [
        ("null", b"", None),
        ("boolean", b"\x01", True),
        ("long", b"\x01", -1),
        ("string", b"\x04\xc3\xa4", "ä"),
        ("bytes", b"\xff\x41", "\u00ffA"),
        ({"type": "fixed", "name": "F", "size": 2}, b"\x00\x80", "\u0000\u0080"),
        ("float", struct.pack("<f", 23.4), struct.unpack("<f", struct.pack("<f", 23.4))[0]),
        ("double", struct.pack("<d", float("nan")), "NaN"),
        ("double", struct.pack("<d", float("inf")), "Infinity"),
        ("float", struct.pack("<f", float("-inf")), "-Infinity"),
        ({"type": "long", "logicalType": "timestamp-millis"}, b"\x02", 1),
        ({"type": "int", "logicalType": "date"}, b"\x02", 1),
        ({"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}, b"\x01\xe2\x3a", "\x01\u00e2:"),
        ({"type": "string", "logicalType": "uuid"}, b"\x04ab", "ab"),
        (["null", "string"], b"\x00", None),
        (["null", "string"], b"\x02\x02x", "x"),
        ({"type": "map", "values": "bytes"}, b"\x02\x02k\x02\xe9\x00", {"k": "é"}),
        ({"type": "array", "items": ["int", "double"]}, b"\x02\x00\x06\x00", [3]),
        ([{"type": "fixed", "name": "F", "size": 1}, {"type": "map", "values": {"type": "F"}}], b"\x02\x00", {}),
    ],
)
def test_avro_comes_back_as_physical_values(schema: object, body: bytes, value: object) -> None:
    """Logical types as their base, bytes as latin-1 text (at the top without a length), unions untagged."""
    text = json.dumps(schema)
    read = read_back(version_of(text), body)
    assert (type(read), read) == (type(value), value)


def test_unions_of_records_are_not_tagged() -> None:
    """The branch's name does not show."""
    union = [
        {"type": "record", "name": "A", "fields": [{"name": "a", "type": "int"}]},
        {"type": "record", "name": "B", "fields": [{"name": "b", "type": "int"}]},
    ]
    assert read_back(version_of(union), b"\x02\x08") == {"b": 4}


@pytest.mark.parametrize(
    ("schema", "body", "value"),
    [
        ('"geo.Position"', AT, {"lat": 0.0, "fix": "FULL"}),
        ('["null", "geo.Position"]', b"\x02" + AT, {"lat": 0.0, "fix": "FULL"}),
        ('{"type": "array", "items": "geo.Position"}', b"\x02" + AT + b"\x00", [{"lat": 0.0, "fix": "FULL"}]),
        (
            (
                '{"type": "record", "name": "R", "namespace": "geo", "fields": [{"name": "p", "type": "Position"},'
                ' {"name": "q", "type": ["null", "geo.Position"]}, {"name": "f", "type": "geo.Fix"}]}'
            ),
            AT + b"\x02" + AT + b"\x00",
            {"p": {"lat": 0.0, "fix": "FULL"}, "q": {"lat": 0.0, "fix": "FULL"}, "f": "NONE"},
        ),
    ],
)
def test_references_are_known_wherever_they_stand(schema: str, body: bytes, value: object) -> None:
    """Alone, in a union, as items, twice in a record, and what the reference itself defines."""
    version = version_of(schema, references=(Reference("geo.Position", POSITION),))
    assert read_back(version, body) == value


def test_a_reference_of_a_reference_is_known() -> None:
    """Named types are looked for down to the last reference, each read once."""
    outer = version_of(
        {"type": "record", "name": "Track", "fields": [{"name": "at", "type": "geo.Position"}]},
        references=(Reference("geo.Position", POSITION),),
        subject="track",
    )
    version = version_of(
        '{"type": "record", "name": "Trip", "fields": [{"name": "t", "type": "Track"}]}',
        references=(Reference("geo.Position", POSITION), Reference("Track", outer)),
    )
    assert read_back(version, AT) == {"t": {"at": {"lat": 0.0, "fix": "FULL"}}}


def test_recursive_records() -> None:
    """A type that contains itself is read as deep as it was written."""
    tree = {"type": "record", "name": "N", "fields": [{"name": "next", "type": ["null", "N"]}]}
    assert read_back(version_of(tree), b"\x02\x02\x00") == {"next": {"next": {"next": None}}}


def test_what_decides_nothing_about_bytes_is_not_looked_at() -> None:
    """Defaults that another library finds odd, aliases and docs do not stop a reading."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "n", "type": "int", "default": "x", "doc": 1}]}
    assert read_back(version_of(schema), b"\x02") == {"n": 1}


@pytest.mark.parametrize("body", [b"", b"\x00", bytes(8) + b"\x02\x00"])
def test_bytes_that_are_not_one_value_are_refused(body: bytes) -> None:
    """Cut values and trailing bytes are never taken for a reading."""
    with pytest.raises(ValueError, match="'geo'"):
        read_back(POSITION, body)


def test_a_schema_that_fastavro_refuses_is_an_error_of_the_schema() -> None:
    """With the subject's name."""
    with pytest.raises(SchemaError, match="'t-value'"):
        compile_readback(version_of('{"type": "unheard-of"}'))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (b"18446744073709551617", 18446744073709551617),
        (b"1e400", Decimal("1e400")),
    ],
)
def test_json_comes_back_as_it_is(body: bytes, value: object) -> None:
    """Integers keep all digits, and a number that no double holds is not infinity."""
    read = read_back(json_version({}), body)
    assert (type(read), read) == (type(value), value)
