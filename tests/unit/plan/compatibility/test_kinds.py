"""Of which types values are left."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.json_schema.references import Documents
from gateway.plan.compatibility.kinds import kinds_of


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        ({"type": ["number", "null"]}, {"number", "integer", "null"}),
        ({"type": "number", "multipleOf": 2}, {"integer"}),
        ({"type": "number", "minimum": 1, "maximum": 1}, {"integer"}),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, {"number"}),
        ({"type": "number", "multipleOf": 0.5, "minimum": 0.5, "maximum": 0.5}, {"number"}),
        ({"type": ["integer", "null"], "minimum": 2, "maximum": 1}, {"null"}),
        ({"type": ["string", "null"], "minLength": 2, "maxLength": 1}, {"null"}),
        ({"type": ["array", "null"], "minItems": 2, "items": [{}], "additionalItems": False}, {"null"}),
        ({"type": ["object", "null"], "required": ["a"], "additionalProperties": False}, {"null"}),
        ({"type": ["object", "null"], "required": ["a"], "properties": {"a": False}}, {"null"}),
        ({"type": ["object", "null"], "required": ["a", "b"], "maxProperties": 1}, {"null"}),
        ({"enum": [1, "a", 0.5], "minimum": 1}, {"integer", "string"}),
        (True, {"null", "boolean", "integer", "number", "string", "array", "object"}),
        (False, set()),
    ],
)
def test_a_type_without_a_value_is_none(schema: Any, kinds: set[str]) -> None:
    """``number`` is for those that are no integers."""
    assert kinds_of((Documents(schema, {}).root,)) == kinds
