"""What changed between two versions of a schema, told in its own words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.config.load import load_contracts
from gateway.model import Format
from gateway.plan.differences import differences
from tests.parts.gateway import SCHEMAS


def record(*fields: Any, **others: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields), **others}


def field(name: str, kind: Any = "int", **others: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **others}


def enum(*symbols: str, **others: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **others}


TS = {"type": "long", "logicalType": "timestamp-millis"}

AVRO: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "the same, spelled otherwise": (["null", "int"], ["null", {"type": "int"}], {}),
    "field added": (
        record(),
        record(field("a", ["null", "int"])),
        {"/fields/0": "field 'a' added, null or int, without a default"},
    ),
    "field added with default": (
        record(),
        record(field("a", "string", default="x")),
        {"/fields/0": "field 'a' added, string, with default \"x\""},
    ),
    "field removed": (record(field("a"), field("b")), record(field("a")), {"/fields/1": "field 'b' removed"}),
    "type widened": (
        record(field("a")),
        record(field("a", "long")),
        {"/fields/0/type": "type widened from int to long"},
    ),
    "type changed": (
        record(field("a")),
        record(field("a", enum("X"))),
        {"/fields/0/type": "type changed from int to enum E"},
    ),
    "made nullable": (record(field("a")), record(field("a", ["null", "int"])), {"/fields/0/type": "null allowed, too"}),
    "logical type": ("long", TS, {"/logicalType": 'logicalType added: "timestamp-millis"'}),
    "logical type of a field": (
        record(field("a", {"type": "long", "x": 1})),
        record(field("a", TS)),
        {"/fields/0/type/x": "x removed: 1", "/fields/0/type/logicalType": 'logicalType added: "timestamp-millis"'},
    ),
    "symbol added": (enum("A"), enum("A", "B"), {"/symbols": 'added "B"'}),
    "symbols removed and moved": (
        enum("A", "B", "C"),
        enum("C", "A"),
        {"/symbols": 'removed "B"; symbols in another order'},
    ),
    "default": (
        record(field("a", default=1)),
        record(field("a", default=True)),
        {"/fields/0/default": "default changed from 1 to true"},
    ),
    "doc": (record(doc="a"), record(doc="b"), {"/doc": "doc changed"}),
    "renamed": (record(namespace="x"), {**record(), "name": "y.R"}, {"": "renamed from x.R to y.R"}),
    "fields moved": (
        record(field("a"), field("b")),
        record(field("b"), field("a")),
        {"/fields": "fields in another order"},
    ),
    "union's type replaced": (["null", "int"], ["null", "string"], {"/1": "type changed from int to string"}),
    "union's types moved": (["null", "int"], ["int", "null"], {"": "types of the union in another order"}),
    "deep inside": (
        {"type": "array", "items": {"type": "map", "values": record(field("a"))}},
        {"type": "array", "items": {"type": "map", "values": record(field("a", "double"))}},
        {"/items/values/fields/0/type": "type widened from int to double"},
    ),
    "size": (
        {"type": "fixed", "name": "F", "size": 2},
        {"type": "fixed", "name": "F", "size": 4},
        {"/size": "size changed from 2 to 4"},
    ),
}


def obj(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({} if required is None else {"required": required})}


INT = {"type": "integer"}
JSON: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "the same": (obj(a=INT), json.loads(json.dumps(obj(a=INT))), {}),
    "property added": (
        obj(),
        obj(["a"], a=INT),
        {"/required": '"a" required now', "/properties/a": "property 'a' added, integer, required"},
    ),
    "optional property added": (obj(), obj(a={}), {"/properties/a": "property 'a' added, any value, optional"}),
    "property removed": (obj(a=INT), obj(), {"/properties/a": "property 'a' removed"}),
    "required less": (obj(["a"]), obj(["b"]), {"/required": '"b" required now; "a" not required any more'}),
    "type": ({"type": "integer"}, {"type": ["integer", "null"]}, {"/type": '"null" allowed, too'}),
    "enum": ({"enum": [1, "a"]}, {"enum": [True, "a"]}, {"/enum": "true allowed, too; 1 not allowed any more"}),
    "limit": (
        {"minimum": 0},
        {"minimum": 1, "maximum": 2},
        {"/minimum": "minimum changed from 0 to 1", "/maximum": "maximum added: 2"},
    ),
    "limit removed": ({"pattern": "^a"}, {}, {"/pattern": 'pattern removed: "^a"'}),
    "closed": ({}, {"additionalProperties": False}, {"/additionalProperties": "additionalProperties added: false"}),
    "closed from a schema": (
        {"items": INT},
        {"items": False},
        {"/items": 'items changed from {"type": "integer"} to false'},
    ),
    "description": (
        {"description": "a"},
        {"description": "b", "title": "c"},
        {"/description": "description changed", "/title": "title added"},
    ),
    "in items": (
        {"items": INT},
        {"items": {"type": "number"}},
        {"/items/type": '"number" allowed, too; "integer" not allowed any more'},
    ),
    "alternative": ({"anyOf": [INT]}, {"anyOf": [INT, {"type": "null"}]}, {"/anyOf/1": "anyOf: null added"}),
    "definition": (
        {"$defs": {"a": INT}},
        {"$defs": {"b": INT}},
        {"/$defs/a": "definition 'a' removed", "/$defs/b": "definition 'b' added"},
    ),
    "all or nothing": (True, False, {"": "changed from true to false"}),
}

CASES = [(Format.AVRO, *case) for case in AVRO.values()] + [(Format.JSON, *case) for case in JSON.values()]


def told(kind: Format, old: Any, new: Any) -> dict[str, str]:
    """Path -> messages, several at one place with a semicolon."""
    found: dict[str, str] = {}
    for each in differences(kind, json.dumps(old), json.dumps(new)):
        found[each.path] = f"{found[each.path]}; {each.message}" if each.path in found else each.message
    return found


@pytest.mark.parametrize(("kind", "old", "new", "expected"), CASES, ids=[*AVRO, *JSON])
def test_each_change_is_told_at_its_place(kind: Format, old: Any, new: Any, expected: dict[str, str]) -> None:
    """In the order of the newer schema."""
    assert told(kind, old, new) == expected


def test_schemas_do_not_differ_from_themselves() -> None:
    """All that are shipped."""
    for folder in load_contracts(SCHEMAS):
        assert folder.schema is not None
        assert differences(folder.schema.format, folder.schema.text, folder.schema.text) == ()
