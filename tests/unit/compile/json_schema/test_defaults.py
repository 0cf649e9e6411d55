"""``defaults: fill`` under JSON Schema: what is filled, what is not, and what is refused at load."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import SchemaError
from gateway.model import Format, Mode, Reference, SchemaVersion
from tests.unit.compile.compiled import accepted, conversions, json_version, reason, refused, route_of

FILL = {"defaults": "fill"}
NEW = "https://json-schema.org/draft/2020-12/schema"


def filled(schema: Any, payload: Any, references: tuple[Reference, ...] = (), **declared: Any) -> Any:
    """What the payload becomes under a contract that asks for defaults."""
    declared = declared or {"options": FILL}
    record = accepted(json_version(schema, references=references), json.dumps(payload), **declared)
    return json.loads(record.value[5:])


@pytest.mark.parametrize("mode", Mode)
def test_declared_defaults_are_filled_under_plain_properties(mode: Mode):
    """Off unless declared; then a missing property gets its default, in every mode, and that is recorded."""
    version = json_version({"type": "object", "properties": {"a": {"default": 5}, "b": {}}})
    assert accepted(version, '{"b":1}', mode=mode).value[5:] == b'{"b":1}'
    record = accepted(version, '{"b":1}', mode=mode, options=FILL)
    assert record.value[5:] == b'{"b":1,"a":5}'
    assert conversions(record) == [("/a", "default-filled")]


def test_a_null_that_is_there_is_not_missing():
    """Only what is absent is filled."""
    assert filled({"properties": {"a": {"default": 5}}}, {"a": None}) == {"a": None}


@pytest.mark.parametrize(
    ("schema", "payload", "becomes"),
    [
        ({"properties": {"o": {"$ref": "#/definitions/O"}}}, {"o": {"k": 1}}, {"o": {"k": 1, "d": 7}}),
        ({"$ref": "#/definitions/O"}, {"k": 1}, {"k": 1, "d": 7}),
        (
            {"allOf": [{"$ref": "#/definitions/O"}, {"properties": {"e": {"default": 8}}}]},
            {"k": 1},
            {"k": 1, "d": 7, "e": 8},
        ),
        ({"properties": {"k": {}, "d": {"$ref": "#/definitions/D"}}}, {"k": 1}, {"k": 1, "d": 9}),
        ({"properties": {"k": {}, "d": {"allOf": [{"$ref": "#/definitions/D"}]}}}, {"k": 1}, {"k": 1, "d": 9}),
        ({"properties": {"l": {"items": {"$ref": "#/definitions/O"}}}}, {"l": [{"k": 1}]}, {"l": [{"k": 1, "d": 7}]}),
        ({"properties": {"k": {}, "d": {"$ref": "#/definitions/N", "default": 3}}}, {"k": 1}, {"k": 1}),
        (
            {"$schema": NEW, "properties": {"k": {}, "d": {"$ref": "#/definitions/N", "default": 3}}},
            {"k": 1},
            {"k": 1, "d": 3},
        ),
        ({"properties": {"k": {}, "o": {"properties": {"x": {"default": 1}}}}}, {"k": 1}, {"k": 1}),
        (
            {"properties": {"k": {}, "o": {"default": {}, "properties": {"x": {"default": 1}}}}},
            {"k": 1},
            {"k": 1, "o": {}},
        ),
        ({"properties": {"k": {}}, "anyOf": [{"properties": {"d": {"default": 1}}}]}, {"k": 1}, {"k": 1}),
        ({"properties": {"k": {}}, "if": {}, "then": {"properties": {"d": {"default": 1}}}}, {"k": 1}, {"k": 1}),
        ({"patternProperties": {"d": {"default": 1}}, "properties": {"k": {}}}, {"k": 1}, {"k": 1}),
        ({"additionalProperties": {"properties": {"d": {"default": 1}, "k": {}}}}, {"o": {"k": 1}}, {"o": {"k": 1}}),
        ({"properties": {"k": {}, "d": {"$ref": "elsewhere.json#/nothing"}}}, {"k": 1}, {"k": 1}),
        ({"properties": {"k": {}, "d": {"default": None}}}, {"k": 1}, {"k": 1, "d": None}),
    ],
)
def test_what_is_filled_follows_from_the_schema_alone(schema: Any, payload: Any, becomes: Any):
    """``properties``, items, ``$ref`` and ``allOf`` hold whatever the payload says; all else is left alone."""
    if "elsewhere" in json.dumps(schema):
        text = json.dumps({"nothing": {}})
        references = (Reference("elsewhere.json", SchemaVersion("e", 1, 8, Format.JSON, text)),)
        assert filled(schema, payload, references) == becomes
        return
    definitions = {
        "O": {"properties": {"k": {}, "d": {"default": 7}}},
        "D": {"type": "integer", "default": 9},
        "N": {"type": "integer"},
    }
    assert filled({**schema, "definitions": definitions}, payload) == becomes


def test_a_referenced_schema_s_defaults_are_filled():
    """Of another subject, by its own references in turn."""
    unit = SchemaVersion("u", 1, 9, Format.JSON, json.dumps({"definitions": {"U": {"default": "C"}}}))
    text = json.dumps({"properties": {"k": {}, "unit": {"$ref": "unit.json#/definitions/U"}}})
    probe = SchemaVersion("p", 1, 8, Format.JSON, text, references=(Reference("unit.json", unit),))
    schema = {"properties": {"probe": {"$ref": "probe.json"}}}
    assert filled(schema, {"probe": {"k": 1}}, (Reference("probe.json", probe),)) == {"probe": {"k": 1, "unit": "C"}}


def test_a_definition_inside_itself_is_filled_at_every_level():
    """With the options that hold at its outside, and the place of each filling recorded."""
    node = {"properties": {"v": {"default": 0}, "next": {"$ref": "#"}, "list": {"items": {"$ref": "#"}}}}
    payload = {"next": {"next": {"v": 1}, "list": [{"v": 2, "next": {"list": []}}]}}
    record = accepted(json_version(node), json.dumps(payload), options=FILL)
    assert json.loads(record.value[5:]) == {
        "v": 0,
        "next": {"v": 0, "next": {"v": 1}, "list": [{"v": 2, "next": {"v": 0, "list": []}}]},
    }
    assert sorted(path for path, _ in conversions(record)) == ["/next/list/*/next/v", "/next/v", "/v"]


def test_an_object_without_known_properties_stays_as_it_is():
    """A misspelled payload must not become one of defaults, at the top or inside."""
    schema = {"properties": {"a": {"default": 1}, "o": {"properties": {"b": {"default": 2}}}}}
    assert filled(schema, {"A": 0}) == {"A": 0}
    assert filled(schema, {}) == {}
    assert filled(schema, {"a": 0, "o": {"B": 0}}) == {"a": 0, "o": {"B": 0}}


def test_each_payload_gets_a_default_of_its_own():
    """Filled-in lists are not shared: a conversion inside one payload does not show in the next."""
    schema = {"properties": {"k": {}, "l": {"default": ["1"], "items": {"type": "integer"}}}}
    for _ in range(2):
        record = accepted(json_version(schema), '{"k":1}', options=FILL)
        assert record.value[5:] == b'{"k":1,"l":[1]}'
        assert conversions(record) == [("/l", "default-filled"), ("/l/*", "string-to-number")]


def test_filling_can_be_asked_for_in_one_subtree_only():
    """``overrides`` hold for their subtree, the nearest wins."""
    schema = {"properties": {"k": {}, "a": {"default": 1}, "o": {"properties": {"k": {}, "b": {"default": 2}}}}}
    payload = {"k": 0, "o": {"k": 0}}
    assert filled(schema, payload, overrides={"/o": FILL}) == {"k": 0, "o": {"k": 0, "b": 2}}
    nothing: dict[str, Any] = {"options": FILL, "overrides": {"/o/b": {"defaults": "reject"}}}
    assert filled(schema, payload, **nothing) == {"k": 0, "a": 1, "o": {"k": 0}}


def test_a_default_that_the_schema_refuses_is_refused_with_the_payload():
    """It is a value like any other, at the place where it was put."""
    version = json_version({"properties": {"k": {}, "a": {"default": -1, "minimum": 0}}})
    rejection = refused(version, '{"k":1}', options=FILL)
    assert (reason(rejection), rejection.violations[0].found) == (("constraint-violated", "/a"), "absent")


def test_the_same_default_twice_is_one():
    """By way of two branches of ``allOf``, as JSON values: 1 is not true."""
    schema = {"allOf": [{"properties": {"a": {"default": 1}}}, {"properties": {"a": {"default": 1}, "k": {}}}]}
    assert filled(schema, {"k": 0}) == {"k": 0, "a": 1}


@pytest.mark.parametrize("other", [2, True, "1", [1], {"a": 1}, None])
def test_two_defaults_of_one_property_are_refused_when_the_contract_is_compiled(other: Any):
    """Which one is meant is not guessed; where nothing is filled they do no harm."""
    schema = {"allOf": [{"properties": {"a": {"default": 1}}}, {"properties": {"a": {"default": other}}}]}
    with pytest.raises(SchemaError, match="/a has more than one default"):
        route_of(json_version(schema), options=FILL)
    assert route_of(json_version(schema))
    assert route_of(json_version(schema), overrides={"/b": FILL})


def test_a_schema_that_refers_to_itself_without_end_is_compiled_or_refused():
    """A cycle of references, one through ``allOf``, and definitions that double with each line."""
    cycle: Any = {"definitions": {"A": {"$ref": "#/definitions/B"}, "B": {"$ref": "#/definitions/A"}}}
    assert route_of(json_version({**cycle, "properties": {"a": {"$ref": "#/definitions/A"}}}), options=FILL)
    definitions: dict[str, Any] = {"R0": {"properties": {"a": {"default": 1}}}}
    for n in range(1, 30):
        below = {"$ref": f"#/definitions/R{n - 1}"}
        definitions[f"R{n}"] = {"properties": {"a": below, "b": below}}
    with pytest.raises(SchemaError, match="too large"):
        route_of(json_version({"$ref": "#/definitions/R29", "definitions": definitions}), options=FILL)
    chain = {f"C{n}": {"properties": {"a": {"$ref": f"#/definitions/C{n + 1}"}}} for n in range(400)}
    with pytest.raises(SchemaError, match="too large"):
        route_of(json_version({"$ref": "#/definitions/C0", "definitions": {**chain, "C400": {}}}), options=FILL)
