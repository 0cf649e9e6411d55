"""Which schemas a level compares, in which direction."""

from __future__ import annotations

import json

import pytest

from gateway.config.contract import Compatibility
from gateway.errors import SchemaError
from gateway.model import Format, Reference, SchemaVersion
from gateway.plan.compatibility.evolution import compared, evolution_objections
from gateway.plan.compatibility.objections import Rule

CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
WIDER = {**CLOSED, "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}


def version(schema: object, kind: Format = Format.JSON, *references: Reference) -> SchemaVersion:
    return SchemaVersion("s", 1, 1, kind, json.dumps(schema), None, references)


@pytest.mark.parametrize(
    ("level", "expected"),
    [("NONE", ""), ("BACKWARD", "c"), ("FULL", "c"), ("FORWARD_TRANSITIVE", "cba"), ("BACKWARD_TRANSITIVE", "cba")],
)
def test_which_versions_are_compared(level: str, expected: str) -> None:
    """The latest, or all from the latest on; none under NONE."""
    assert "".join(compared(Compatibility(level), "abc")) == expected


@pytest.mark.parametrize(
    ("level", "rules"),
    [
        ("NONE", []),
        ("BACKWARD", []),
        ("FORWARD", [Rule.PROPERTY_REMOVED]),
        ("FULL", [Rule.PROPERTY_REMOVED]),
        ("FULL_TRANSITIVE", [Rule.PROPERTY_REMOVED]),
    ],
)
def test_a_property_added_to_a_closed_model(level: str, rules: list[Rule]) -> None:
    """New readers read old data; old readers refuse new data, and the place is told in the new schema."""
    found = evolution_objections(version(CLOSED), version(WIDER), Compatibility(level))
    assert [each.rule for each in found] == rules
    assert all(each.path == "" for each in found)


def test_the_place_in_the_newer_schema() -> None:
    """Whichever of the two refuses."""
    narrower = {**CLOSED, "properties": {"a": {"type": "string", "maxLength": 5}}}
    [backward] = evolution_objections(version(CLOSED), version(narrower), Compatibility.BACKWARD)
    [forward] = evolution_objections(version(narrower), version(CLOSED), Compatibility.FORWARD)
    assert backward.path == forward.path == "/properties/a"


def test_an_avro_finding_names_its_field_and_its_place_in_the_newer_schema() -> None:
    """Whichever of the two cannot read."""
    old, new = (
        version({"type": "record", "name": "R", "fields": fields}, Format.AVRO)
        for fields in (
            [{"name": "a", "type": "int"}, {"name": "e", "type": ["null", "double"]}],
            [{"name": "e", "type": "double"}],
        )
    )
    backward, forward = evolution_objections(old, new, Compatibility.FULL)
    assert (backward.rule, backward.path) == (Rule.TYPE_MISMATCH, "/fields/0/type")
    assert (
        "(field 'e', reader type: double not compatible with writer type: null, at /fields/0/type)" in backward.message
    )
    assert (forward.rule, forward.path) == (Rule.FIELD_WITHOUT_DEFAULT, "")
    assert "the old schema cannot read data of the new one" in forward.message
    assert "(field 'a', at /)" in forward.message


BYTES = {"type": "array", "items": ["null", "bytes"]}
TEXT = {"type": "array", "items": ["null", "string"]}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 4}


@pytest.mark.parametrize(
    ("old", "new", "level", "found"),
    [
        (BYTES, TEXT, "BACKWARD", [("/items/1", False)]),
        (BYTES, TEXT, "FORWARD", []),
        (TEXT, BYTES, "BACKWARD", []),
        (TEXT, BYTES, "FULL", [("/items/1", False)]),
        ("bytes", ["string", "bytes"], "BACKWARD", []),
    ],
)
def test_bytes_that_are_read_as_text(old: object, new: object, level: str, found: list[tuple[str, bool]]) -> None:
    """Registries take it, and it fails where the bytes are no UTF-8: it is neither fine nor certainly wrong."""
    objections = evolution_objections(version(old, Format.AVRO), version(new, Format.AVRO), Compatibility(level))
    assert [(each.path, each.is_certain) for each in objections] == found
    assert all(each.rule is Rule.BYTES_AS_TEXT for each in objections)


def test_the_bytes_of_a_number_that_are_read_as_text_are_told_once() -> None:
    """As what they are: a number that nobody finds in the text."""
    old, new = version(DECIMAL, Format.AVRO), version("string", Format.AVRO)
    assert [each.rule for each in evolution_objections(old, new, Compatibility.BACKWARD)] == [Rule.LOGICAL_TYPE]


def test_another_format() -> None:
    """Nobody reads the one with the other."""
    [objection] = evolution_objections(version("int", Format.AVRO), version({}), Compatibility.FORWARD)
    assert objection.rule is Rule.FORMAT_CHANGED


def test_references_of_either_side_are_followed() -> None:
    """Each schema with its own."""
    shared = [
        SchemaVersion("t", n, n, Format.JSON, json.dumps({"type": kind})) for n, kind in ((1, "number"), (2, "integer"))
    ]
    old, new = (version({"$ref": "t.json"}, Format.JSON, Reference("t.json", each)) for each in shared)
    [objection] = evolution_objections(old, new, Compatibility.BACKWARD)
    assert objection.rule is Rule.TYPE_NARROWED
    types = [
        SchemaVersion("t", n, n, Format.AVRO, json.dumps({"type": "enum", "name": "E", "symbols": symbols}))
        for n, symbols in ((1, ["A", "B"]), (2, ["A"]))
    ]
    old, new = (version({"type": "array", "items": "E"}, Format.AVRO, Reference("E", each)) for each in types)
    [objection] = evolution_objections(old, new, Compatibility.BACKWARD)
    assert objection.rule is Rule.SYMBOLS_MISSING
    assert "lacks symbols" in objection.message


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/x", "x": 5},
        {"$ref": "#/x", "x": {"type": 5}},
        {"properties": {"a": {"$ref": "#/x"}}, "x": {"items": {"$ref": "#/y"}}, "y": {"required": 5}},
        {"$ref": "http://[bad"},
        {"type": 5},
        {"$ref": "#/x", "x": {"patternProperties": {"(": {}}}},
    ],
)
def test_what_is_no_schema(schema: object) -> None:
    """Also where only a reference leads to it; the error says so, instead of whatever the rules stumble over."""
    one = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    for pair in ((version(one), version(schema)), (version(schema), version(one))):
        with pytest.raises(SchemaError):
            evolution_objections(*pair, Compatibility.FULL)


@pytest.mark.parametrize(
    "draft", ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"]
)
def test_what_stands_where_schemas_may_stand_and_is_none(draft: str) -> None:
    """Lists of names under ``dependencies``: the schema around them is compared, and nothing is said of them."""
    old = {
        "$schema": draft,
        "properties": {"a": {"type": "number"}},
        "dependencies": {"a": ["b"], "b": {"minProperties": 2}},
    }
    new = {**old, "properties": {"a": {"type": "integer"}}}
    assert evolution_objections(version(new), version(old), Compatibility.BACKWARD) == []
    [objection] = evolution_objections(version(old), version(new), Compatibility.BACKWARD)
    assert (objection.rule, objection.path) == (Rule.TYPE_NARROWED, "/properties/a")
    assert evolution_objections(version({"prefixItems": [5]}), version({}), Compatibility.BACKWARD) == []


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"prefixItems": 5}, {"$ref": "#/nowhere"}])
def test_what_says_nothing(schema: object) -> None:
    """A schema that only refers to itself or to nothing, and what is no keyword of its draft."""
    found = evolution_objections(version(schema), version({"type": "integer"}), Compatibility.BACKWARD)
    assert found
    assert all(each.path in {"", "/type"} for each in found)


def test_what_no_meta_schema_looks_at_is_judged_where_a_reference_leads_to_it() -> None:
    """Before 2019-09 ``$defs`` is no keyword, and anything may stand there."""
    referring = {"$ref": "#/$defs/t", "$defs": {"t": {"type": 5}}}
    with pytest.raises(SchemaError, match="no schema of its draft"):
        evolution_objections(version(referring), version({}), Compatibility.FULL)
    idle = {"prefixItems": [{"$ref": "#/x"}], "$defs": {"t": {"type": 5}}, "x": 5}
    assert evolution_objections(version(idle), version({}), Compatibility.FULL) == []
