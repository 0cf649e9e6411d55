"""Avro schemas as Apache's package reads them, and which can read data of which."""

from __future__ import annotations

import json

import pytest

from gateway.errors import SchemaError
from gateway.plan.compatibility.avro import find_conflicts, parse_avro


def test_referenced_types_can_be_named():
    """A schema sees the types of those it refers to, and only those."""
    position = '{"type":"record","name":"geo.Position","fields":[]}'
    pump = '{"type":"record","name":"Pump","fields":[{"name":"at","type":"geo.Position"}]}'
    assert parse_avro(pump, [position]).type == "record"
    with pytest.raises(SchemaError, match=r"geo\.Position"):
        parse_avro(pump)


def test_an_unknown_logical_type_is_no_error():
    """It is ignored [Avro, Logical Types], and so are those on the wrong type."""
    for text in ('{"type":"long","logicalType":"fortnights"}', '{"type":"string","logicalType":"date"}'):
        assert parse_avro(text).type in {"long", "string"}


DEFAULTS = [
    ("null", None, True),
    ("null", 0, False),
    ("boolean", True, True),
    ("boolean", 0, False),
    ("int", 2**31 - 1, True),
    ("int", 2**31, False),
    ("int", True, False),
    ("int", 1.0, False),
    ("long", -(2**63), True),
    ("long", 2**63, False),
    ("double", 1, True),
    ("double", "1", False),
    ("string", "", True),
    ("string", None, False),
    ("bytes", "\u00ff", True),
    ("bytes", "\u0100", False),
    ({"type": "fixed", "name": "F", "size": 2}, "\u0000\u00ff", True),
    ({"type": "fixed", "name": "F", "size": 2}, "a", False),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "A", True),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "B", False),
    ({"type": "array", "items": "int"}, [1], True),
    ({"type": "array", "items": "int"}, ["1"], False),
    ({"type": "map", "values": "int"}, {"a": 1}, True),
    ({"type": "map", "values": "int"}, [], False),
    (["null", "int"], None, True),
    (["null", "int"], 1, True),
    (["null", "int"], "1", False),
    ({"type": "record", "name": "I", "fields": [{"name": "a", "type": "int"}]}, {"a": 1}, True),
    ({"type": "record", "name": "I", "fields": [{"name": "a", "type": "int"}]}, {}, False),
    ({"type": "record", "name": "I", "fields": [{"name": "a", "type": "int", "default": 1}]}, {}, True),
]


@pytest.mark.parametrize(("kind", "default", "fits"), DEFAULTS)
def test_a_default_must_fit_its_field(kind, default, fits):
    """Java's parser, which Confluent runs, refuses what does not fit; so do we, also deep inside."""
    inner = {"type": "record", "name": "R", "fields": [{"name": "x", "type": kind, "default": default}]}
    for text in (json.dumps(inner), json.dumps({"type": "array", "items": ["null", inner]})):
        if fits:
            parse_avro(text)
        else:
            with pytest.raises(SchemaError, match="Invalid default for field x"):
                parse_avro(text)


def test_a_conflict_names_kind_place_and_what_is_missing() -> None:
    """As Apache finds them."""
    old, new = (
        json.dumps({"type": "record", "name": "R", "fields": [{"name": name, "type": "int"} for name in names]})
        for names in ("a", "ab")
    )
    [conflict] = find_conflicts(parse_avro(new), parse_avro(old))
    assert (conflict.kind, conflict.places) == ("READER_FIELD_MISSING_DEFAULT_VALUE", ("/fields/1",))
    assert find_conflicts(parse_avro(old), parse_avro(new)) == []
