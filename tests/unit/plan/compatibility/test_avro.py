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


def record(*fields: tuple[str, object], name: str = "R") -> dict[str, object]:
    return {"type": "record", "name": name, "fields": [{"name": field, "type": kind} for field, kind in fields]}


def enum(*symbols: str) -> dict[str, object]:
    return {"type": "enum", "name": "E", "symbols": symbols}


def conflicts(old: object, new: object) -> list[tuple[str, str, str, str, str]]:
    """Of data of ``old`` that is read with ``new``: kind, field, details, and the places in ``new`` and ``old``."""
    return [
        (each.kind, each.field, each.details, each.reader_place, each.writer_place)
        for each in find_conflicts(parse_avro(json.dumps(new)), parse_avro(json.dumps(old)))
    ]


NO_DEFAULT, MISMATCH = "READER_FIELD_MISSING_DEFAULT_VALUE", "TYPE_MISMATCH"


def test_a_conflict_names_kind_field_and_place() -> None:
    """In both schemas; a field that is missing at the record that lacks it."""
    old, new = record(("a", "int")), record(("a", "int"), ("b", "int"))
    assert conflicts(old, new) == [(NO_DEFAULT, "b", "", "/fields/1", "")]
    assert conflicts(new, old) == []
    assert conflicts("int", "string") == [
        (MISMATCH, "", "reader type: string not compatible with writer type: int", "", "")
    ]


def test_null_that_is_dropped_is_told_at_its_field() -> None:
    """Also where the field stands elsewhere in the other schema, or has a list of them."""
    words = "reader type: double not compatible with writer type: null"
    old = record(("a", "int"), ("e", ["null", "double"]))
    assert conflicts(old, record(("e", "double"))) == [(MISMATCH, "e", words, "/fields/0/type", "/fields/1/type/0")]
    lists = [record(("e", {"type": "array", "items": items})) for items in (["null", "double"], "double")]
    place = "/fields/0/type/items"
    assert conflicts(*lists) == [(MISMATCH, "e", words, place, f"{place}/0")]


def test_each_of_several_conflicts_has_its_own_place_and_details() -> None:
    """They are not mixed."""
    old = record(
        ("a", ["null", "int", "string"]), ("s", enum("A", "B", "C")), ("f", {"type": "fixed", "name": "F", "size": 2})
    )
    new = record(
        ("a", ["null", "int"]), ("s", enum("C")), ("f", {"type": "fixed", "name": "G", "size": 3}), ("e", "int")
    )
    assert sorted(conflicts(old, new)) == [
        ("FIXED_SIZE_MISMATCH", "f", "expected: 2, found: 3", "/fields/2/type/size", "/fields/2/type/size"),
        ("MISSING_ENUM_SYMBOLS", "s", "A, B", "/fields/1/type/symbols", "/fields/1/type/symbols"),
        ("MISSING_UNION_BRANCH", "a", "reader union lacking writer type string", "/fields/0/type", "/fields/0/type/2"),
        ("NAME_MISMATCH", "f", "expected: F", "/fields/2/type/name", "/fields/2/type/name"),
        (NO_DEFAULT, "e", "", "/fields/3", ""),
    ]


def test_what_is_wrong_inside_a_nullable_record_is_told_there() -> None:
    """And not as a branch that is missing; once, however often the type is used and whatever refers to itself."""

    def tree(*fields: str) -> dict[str, object]:
        inner = record(*((field, "int") for field in fields), ("next", ["null", "I"]), name="I")
        return record(("n", ["null", inner]), ("m", "I"))

    [conflict] = conflicts(tree("x"), tree("x", "y"))
    assert conflict == (NO_DEFAULT, "y", "", "/fields/0/type/1/fields/1", "/fields/0/type/1")
