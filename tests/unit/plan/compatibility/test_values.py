"""Listed values, and what a schema asks of them as a whole."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from gateway.compile.json_schema.dialect import DRAFT_4
from gateway.compile.json_schema.references import Documents
from gateway.errors import SchemaError
from gateway.plan.compatibility.values import accepted, listed_values, spelled_out


def listed(*schemas: Any) -> list[Any] | None:
    return listed_values(tuple(Documents(schema, {}).root for schema in schemas))


def test_values_that_all_schemas_allow() -> None:
    """By their lists, types and limits; None without any list."""
    assert listed({"enum": [1, 2, "a", None]}, {"enum": [1.0, "a", True, None]}) == [1, "a", None]
    assert listed({"enum": [1, 5, "a", "bc", [], [1]]}, {"minimum": 2, "minLength": 2, "minItems": 1}) == [5, "bc", [1]]
    assert listed({"enum": [1, 0.5, "a"], "type": "integer"}) == [1]
    assert listed({"const": None}) == [None]
    assert listed({"const": 1}, False) == []
    assert listed({"minimum": 1}) is None
    assert listed({"$schema": DRAFT_4, "enum": [1.0, 2], "type": "integer", "const": 5}) == [1.0, 2]


def test_only_the_keywords_asked_for_count() -> None:
    """A pattern that is none is told."""
    place = Documents({"minLength": 2, "pattern": "^a"}, {}).root
    assert accepted(place, ["a", "bb"], ["minLength"]) == ["bb"]
    assert accepted(place, ["a", "bb"], ["maxLength"]) == ["a", "bb"]
    with pytest.raises(SchemaError):
        accepted(Documents({"pattern": "("}, {}).root, ["a"], ["pattern"])


@pytest.mark.parametrize("value", [[], [1, [None]], {}, {"a": 1, "b": {"c": []}}])
def test_a_schema_of_just_one_value(value: Any) -> None:
    """Nothing else satisfies it."""
    schema = spelled_out(value, Documents({}, {}).root).schema
    others = [[], [1], [1, [None]], [1, [None], 2], {}, {"a": 1}, {"a": 1, "b": {"c": []}}, {"a": 1, "b": {}}, None]
    assert [each for each in others if jsonschema_rs.Draft7Validator(schema).is_valid(each)] == [value]
