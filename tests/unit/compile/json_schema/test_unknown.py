"""Which fields of a place some part of a schema names, by every keyword that leads there."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.json_schema.references import Documents
from gateway.compile.json_schema.unknown import Unknown

A: dict[str, Any] = {"properties": {"a": {}}}
B: dict[str, Any] = {"properties": {"b": {}}}


def _named(schema: Any, *where: str | int) -> set[str]:
    return set(Unknown(Documents(schema, {})).named_at(where))


@pytest.mark.parametrize(
    "schema",
    [
        {**A, "allOf": [B]},
        {**A, "anyOf": [{}, B]},
        {**A, "oneOf": [True, B]},
        {**A, "if": B},
        {**A, "if": {}, "then": B},
        {**A, "if": {}, "else": {"allOf": [B]}},
        {**A, "dependentSchemas": {"a": B}},
        {"allOf": [A, {"$ref": "#/$defs/b"}], "$defs": {"b": B}},
        {**A, "allOf": [B, {"$ref": "#"}]},
    ],
)
def test_every_part_that_judges_the_same_object_counts(schema: Any) -> None:
    """Whether or not it holds for the payload at hand; a schema that refers to itself is looked at once."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    assert _named(schema) == {"a", "b"}
    assert _named({**schema, "properties": {"a": {}, "c": {}}, "allOf": [B]}) == {"a", "b", "c"}


def test_the_place_decides() -> None:
    """What is named for another place, a field of a field, an item of a list, is not named here."""
    schema = {"properties": {"a": A, "l": {"items": [A, B], "additionalItems": {}}}, "additionalProperties": B}
    assert _named(schema) == {"a", "l"}
    assert _named(schema, "a") == {"a"}
    assert _named(schema, "other") == {"b"}
    assert _named(schema, "l", 1) == {"b"}
    assert _named(schema, "l", 2) == set()
    assert _named({"patternProperties": {"^x": A}, "allOf": [{"properties": {"x1": B}}]}, "x1") == {"a", "b"}
    assert _named({"items": {"items": A}}, 3, 0) == {"a"}
