"""How long a text, a list or an object may be."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.json_schema.references import Documents
from gateway.plan.compatibility.conjunction import Conjunction
from gateway.plan.compatibility.counts import characters_of, closed_names, items_of, properties_of, required_of


def together(*schemas: Any) -> Conjunction:
    return tuple(Documents(schema, {}).root for schema in schemas)


def test_the_strictest_limits_count() -> None:
    """Of all schemas that hold; none where there is no limit."""
    assert characters_of(together({"minLength": 1, "maxLength": 4}, {"minLength": 2, "maxLength": 3.0})) == (2, 3)
    assert characters_of(together(True)) == (0, None)
    assert characters_of(together({"minLength": 2}, {"maxLength": 1})).is_empty


TUPLE = [{"type": "string"}, {}]


@pytest.mark.parametrize(
    ("schema", "most"),
    [
        ({"items": TUPLE}, None),
        ({"items": TUPLE, "additionalItems": False}, 2),
        ({"items": [{}, False, {}]}, 1),
        ({"items": False, "maxItems": 3}, 0),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": TUPLE, "items": False}, 2),
        ({"prefixItems": TUPLE, "items": {}}, None),
    ],
)
def test_a_list_ends_where_no_item_is_allowed(schema: Any, most: int | None) -> None:
    """By the keywords of its draft."""
    assert items_of(together(schema)).most == most


def test_a_closed_model_has_no_more_properties_than_names() -> None:
    """Those that all of several closed ones have, without those that must not be there."""
    one = {"properties": {"a": {}, "b": {}, "c": {}}, "additionalProperties": False}
    other = {"properties": {"b": {}, "c": {}, "d": {}}, "additionalProperties": False}
    assert closed_names(together(one, other, {"properties": {"c": False}})) == frozenset("b")
    assert properties_of(together(one, other)) == (0, 2)
    assert closed_names(together({**one, "patternProperties": {"^x": {}}})) is None


def test_what_must_be_there() -> None:
    """By name, because another property wants it, and because all are wanted."""
    wanting = {"required": ["a"], "dependencies": {"a": ["b"], "b": ["c"], "d": ["e"], "c": {"minProperties": 1}}}
    assert required_of(together(wanting)) == {"a", "b", "c"}
    assert properties_of(together(wanting)).least == 3
    closed = {"properties": {"a": {}, "b": {}}, "additionalProperties": False}
    assert required_of(together({**closed, "minProperties": 1})) == set()
    assert required_of(together({**closed, "minProperties": 2})) == {"a", "b"}
