"""The guard of ``integers: int64`` beyond its vectors: references, places in the schema, large payloads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.model import Mode, Reference
from tests.unit.compile.compiled import accepted, json_version, reason, refused

INT64 = {"integers": "int64"}
NEW = "https://json-schema.org/draft/2020-12/schema"
BEYOND = 2**63


def test_a_reference_of_the_registry_is_guarded_too():
    """Wherever it is used; the violation names the place in the referenced schema."""
    uri = "http://example.com/counter.json"
    counter = Reference(uri, json_version({"$id": uri, "type": ["integer", "null"]}))
    version = json_version({"items": {"$ref": uri}}, references=(counter,))
    assert accepted(version, f"[{BEYOND}]")
    [violation] = refused(version, f"[1,{BEYOND}]", options=INT64).violations
    assert (violation.code, violation.path, violation.keyword) == ("out-of-range", "/1", "type")
    assert violation.schema_path == f"{uri}#/type"


def test_the_place_in_the_schema_is_the_type_that_is_there():
    """Not the bounds, which nobody wrote."""
    schema = {"properties": {"v": {"allOf": [{"minimum": 0}], "type": "integer"}}}
    [violation] = refused(json_version(schema), f'{{"v":{BEYOND}}}', options=INT64).violations
    assert violation.schema_path == "/properties/v/type"
    assert violation.expected == f"a whole number from {-BEYOND} to {BEYOND - 1}"


def test_every_number_that_is_too_large_is_told():
    """One violation a place, however many alternatives refuse it."""
    schema = {"items": {"anyOf": [{"type": "integer"}, {"type": "integer", "minimum": 5}, {"type": "null"}]}}
    found = refused(json_version(schema), f"[{BEYOND},null,{-BEYOND - 1}]", options=INT64).violations
    assert [(each.code, each.path) for each in found] == [("out-of-range", "/0"), ("out-of-range", "/2")]


@pytest.mark.parametrize("mode", Mode)
def test_what_the_schema_accepts_is_not_converted_to_get_past_the_guard(mode: Mode):
    """The number is out of range; that the schema takes text too does not make text of it."""
    for schema in ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"type": ["integer", "string"]}):
        assert reason(refused(json_version(schema), str(BEYOND), mode=mode, options=INT64)) == ("out-of-range", "")


@pytest.mark.parametrize(
    "schema",
    [
        {"contains": {"type": "integer"}},
        {"$schema": NEW, "contains": {"type": "integer"}, "maxContains": 1},
        {"items": {"if": {"type": "integer"}, "else": {"type": "string"}}},
        {"items": {"not": {"not": {"type": "integer"}}}},
        {"items": {"enum": [BEYOND]}},
        {"items": {"multipleOf": 1}},
    ],
)
def test_a_condition_is_no_type(schema: Any):
    """Where the schema asks what a value is, or names no type, nothing is bounded."""
    assert accepted(json_version(schema), f"[{BEYOND}]", options=INT64)


@pytest.mark.parametrize("mode", Mode)
def test_of_a_very_large_payload_the_first_is_told(mode: Mode):
    """Where the errors of a payload are not all made, the guard's first is told, as a schema's own would be."""
    schema = {"properties": {"v": {"type": "integer"}}, "allOf": [{"maxProperties": 9}] * 400}
    payload = json.dumps({"v": BEYOND, "bulk": [1] * 100_000})
    rejection = refused(json_version(schema), payload, mode=mode, options=INT64)
    assert (reason(rejection), rejection.truncated) == (("out-of-range", "/v"), True)


def test_keywords_that_depend_on_what_was_evaluated_stay_as_they_are():
    """The schema's own verdict comes first; a branch that the guard refuses leaves no field unknown."""
    schema = {
        "$schema": NEW,
        "anyOf": [{"properties": {"n": {"type": "integer"}}}, {"properties": {"s": True}}],
        "unevaluatedProperties": False,
    }
    assert accepted(json_version(schema), '{"n":5,"s":1}', options=INT64)
    assert reason(refused(json_version(schema), '{"x":1}', options=INT64)) == ("unknown-field", "/x")
    assert reason(refused(json_version(schema), f'{{"n":{BEYOND}}}', options=INT64))[0] == "out-of-range"


def test_a_number_makes_no_field_around_it_unknown():
    """Its subschema evaluates nothing then, and ``unevaluatedProperties`` complains, too: that follows from it."""
    schema = {
        "$schema": NEW,
        "properties": {"o": {"allOf": [{"properties": {"n": {"type": "integer"}}}], "unevaluatedProperties": False}},
    }
    found = refused(json_version(schema), f'{{"o":{{"n":{BEYOND}}}}}', options=INT64).violations
    assert [(each.path, each.expected) for each in found] == [
        ("/o/n", f"a whole number from {-BEYOND} to {BEYOND - 1}")
    ]


@pytest.mark.parametrize("payload", [{"n": BEYOND}, {"n": 1, "m": BEYOND}])
def test_where_only_the_object_can_be_named_its_numbers_are_wanted(payload: Any):
    """The validator does not say which value the subschema of ``unevaluatedProperties`` refuses, nor why."""
    schema = {"$schema": NEW, "unevaluatedProperties": {"type": "integer"}}
    [violation] = refused(json_version(schema), json.dumps(payload), options=INT64).violations
    assert (violation.code, violation.path, violation.found) == ("out-of-range", "", "object")
    assert violation.expected == f"only whole numbers from {-BEYOND} to {BEYOND - 1}"


def test_a_list_of_which_an_item_is_too_large_is_told_so_too():
    """Beside a number that is told at its own place elsewhere."""
    rest = {"unevaluatedItems": {"type": "integer"}}
    schema = {"$schema": NEW, "properties": {"l": rest, "n": {"type": "integer"}}}
    found = refused(json_version(schema), f'{{"l":[{BEYOND}],"n":{BEYOND}}}', options=INT64).violations
    bounds = f"from {-BEYOND} to {BEYOND - 1}"
    assert {each.path: each.expected for each in found} == {
        "/l": f"only whole numbers {bounds}",
        "/n": f"a whole number {bounds}",
    }
