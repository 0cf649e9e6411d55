"""How deep a payload may be before a schema that contains itself is judged too often."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.compile.json_schema.dialect import documents_of
from gateway.compile.json_schema.references import Documents
from gateway.compile.json_schema.repetition import MOST_JUDGEMENTS, count_repetition
from gateway.compile.json_schema.validator import make_validator
from gateway.errors import SchemaError
from gateway.model import Format, Mode, Reference, Rejection, SchemaVersion
from tests.unit.compile.compiled import accepted, encode, json_version, reason, refused, route_of

SCHEMAS = Path(__file__).parents[4] / "schemas"
NEW = "https://json-schema.org/draft/2020-12/schema"


def _node(*names: str) -> dict[str, Any]:
    return {"properties": {"v": {}, "n": {"anyOf": [{"$ref": f"#/definitions/{name}"} for name in names]}}}


def _limit(schema: Any, *references: Reference) -> int | None:
    documents = documents_of(json_version(schema, references=references), schema)
    return count_repetition(Documents(schema, documents)).deepest


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "integer"},
        {"oneOf": [{"properties": {"kind": {"const": n}, "v": {}}} for n in range(3000)]},
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}},
        {"properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}},
        {"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}},
        {"anyOf": [{"type": "string"}, {"items": {"$ref": "#"}}, {"additionalProperties": {"$ref": "#"}}]},
        {"$ref": "#/definitions/A", "definitions": {"A": _node("A")}},
    ],
)
def test_a_schema_that_judges_each_value_once_sets_no_limit(schema: Any):
    """Trees, lists and JSON itself may be nested as deep as the configuration allows."""
    assert _limit(schema) is None


def test_the_schemas_of_this_project_set_no_limit():
    """Ordinary telemetry, with conditions and alternatives."""
    files = list(SCHEMAS.rglob("schema.json"))
    assert files
    for file in files:
        assert _limit(json.loads(file.read_text())) is None


TWINS = {"$ref": "#/definitions/A", "definitions": {"A": _node("A", "B"), "B": _node("A", "B")}}
TWO_WAYS: list[Any] = [
    TWINS,
    {"anyOf": [{"properties": {"n": {"$ref": "#"}}}, {"properties": {"n": {"$ref": "#"}, "v": {}}}]},
    {"properties": {"n": {"$ref": "#"}}, "patternProperties": {"n": {"$ref": "#"}}},
    {"properties": {"n": {"$ref": "#"}}, "if": {"properties": {"n": {"$ref": "#"}}}, "then": {}},
    {"properties": {"n": {"$ref": "#"}}, "not": {"properties": {"n": {"$ref": "#"}, "x": False}}},
    {"properties": {"n": {"$ref": "#"}}, "dependencies": {"n": {"properties": {"n": {"$ref": "#"}}}}},
    {"allOf": [{"items": {"$ref": "#"}}, {"contains": {"$ref": "#"}}]},
    {"allOf": [{"items": [{"$ref": "#"}]}, {"items": [{"$ref": "#"}]}]},
    {"$schema": NEW, "prefixItems": [{"$ref": "#"}], "contains": {"$dynamicRef": "#"}},
    {
        "$schema": NEW,
        "additionalProperties": {"$ref": "#"},
        "dependentSchemas": {"n": {"additionalProperties": {"$ref": "#"}}},
    },
]


@pytest.mark.parametrize("schema", TWO_WAYS)
def test_a_schema_that_contains_itself_twice_sets_a_limit(schema: Any):
    """Twice as many judgements at each level: about as many levels as there are doublings in the budget."""
    limit = _limit(schema)
    assert limit is not None
    assert MOST_JUDGEMENTS.bit_length() - 5 <= limit <= MOST_JUDGEMENTS.bit_length()


def test_a_schema_that_contains_itself_by_another_subject_sets_a_limit():
    """References to other documents are followed, and back."""
    other = SchemaVersion("b", 1, 8, Format.JSON, json.dumps({"anyOf": [{"$ref": "a.json"}, {"$ref": "a.json"}]}))
    schema = {"$id": "a.json", "properties": {"n": {"$ref": "b.json"}}}
    assert _limit(schema, Reference("b.json", other)) is not None


@pytest.mark.parametrize("mode", Mode)
def test_a_payload_beyond_the_limit_is_refused_before_it_is_judged(mode: Mode):
    """At 60 levels the validator would not come back; up to the limit payloads are accepted."""
    limit = _limit(TWINS)
    assert limit is not None
    deep = '{"v":1,"n":' * 60 + '{"v":1}' + "}" * 60
    rejection = refused(json_version(TWINS), deep, mode=mode)
    assert (reason(rejection), rejection.violations[0].params["limit"]) == (("payload-limit", ""), "depth")
    assert route_of(json_version(TWINS)).depth == limit
    assert accepted(json_version(TWINS), '{"n":' * (limit - 1) + "{}" + "}" * (limit - 1), mode=mode)


def test_what_the_limit_lets_through_is_judged_often_but_not_without_end():
    """The bound is one: a wrong value at the deepest level is told no more often than it says."""
    wrong = json.loads(json.dumps(TWINS).replace('"v": {}', '"v": {"type": "integer"}'))
    limit = _limit(wrong)
    assert limit is not None
    payload = '{"n":' * (limit - 1) + '{"v":[]}' + "}" * (limit - 1)
    assert isinstance(encode(json_version(wrong), payload), Rejection)
    errors = list(make_validator(wrong, {}).iter_errors(json.loads(payload)))
    assert sum(map(_leaves, errors)) <= MOST_JUDGEMENTS


def _leaves(error: Any) -> int:
    branches = error.kind.as_dict().get("context", ())
    return sum(_leaves(inner) for branch in branches for inner in branch) if branches else 1


def test_a_schema_that_alternatives_alone_make_endless_is_refused():
    """30 definitions, each twice the one before, are a billion judgements of a single number."""
    definitions: dict[str, Any] = {"R0": {}}
    for n in range(1, 30):
        definitions[f"R{n}"] = {"allOf": [{"$ref": f"#/definitions/R{n - 1}"}, {"$ref": f"#/definitions/R{n - 1}"}]}
    with pytest.raises(SchemaError, match="too many ways"):
        route_of(json_version({"$ref": "#/definitions/R29", "definitions": definitions}))
