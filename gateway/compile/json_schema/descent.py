"""From a schema to those that judge the same value, a property of it or an item: one step, whatever the keyword.

For what must know every schema that a value may meet. What depends on the value is taken to hold: every alternative
is judged, every pattern matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.compile.json_schema.references import Documents, Place

_HERE = ("not", "if", "then", "else")
_HERE_LISTED = ("allOf", "anyOf", "oneOf")
_HERE_NAMED = ("dependentSchemas", "dependencies")
_ANY_PROPERTY = ("additionalProperties", "unevaluatedProperties")
_ANY_ITEM = ("items", "additionalItems", "unevaluatedItems", "contains")
LISTED_ITEMS = ("items", "prefixItems")
"""Keywords that list a schema for each of the first items."""


def parts_of(documents: Documents, place: Place) -> Iterator[Place]:
    """What judges the value of ``place``, too: where its references lead, and its alternatives."""
    schema, below = place.schema, documents.below
    yield from documents.targets(place)
    yield from (below(place, keyword) for keyword in _HERE if keyword in schema)
    for keyword in _HERE_LISTED:
        yield from (below(place, keyword, n) for n in range(len(listed(schema, keyword))))
    for keyword in _HERE_NAMED:
        yield from (below(place, keyword, name) for name in named(schema, keyword))


def of_property(documents: Documents, place: Place, name: str | None) -> Iterator[Place]:
    """What judges the property, any other one than those that are named for None."""
    schema, below = place.schema, documents.below
    if name is not None and name in named(schema, "properties"):
        yield below(place, "properties", name)
    else:
        yield from (below(place, keyword) for keyword in _ANY_PROPERTY if keyword in schema)
    yield from (below(place, "patternProperties", pattern) for pattern in named(schema, "patternProperties"))


def of_item(documents: Documents, place: Place, index: int) -> Iterator[Place]:
    """What judges the item at an index."""
    schema, below = place.schema, documents.below
    for keyword in LISTED_ITEMS:
        if index < len(listed(schema, keyword)):
            yield below(place, keyword, index)
    yield from (below(place, keyword) for keyword in _ANY_ITEM if isinstance(schema.get(keyword), dict))


def named(schema: Mapping[str, Any], keyword: str) -> Mapping[str, Any]:
    """What stands under the keyword by name, nothing where it holds something else."""
    found = schema.get(keyword)
    return found if isinstance(found, dict) else {}


def listed(schema: Mapping[str, Any], keyword: str) -> list[Any]:
    """What stands under the keyword as a list, nothing where it holds something else."""
    found = schema.get(keyword)
    return found if isinstance(found, list) else []
