"""Several JSON Schemas that all hold for one value, and what they say of it together.

``allOf``, ``$ref`` with keywords beside it, and properties that several of them describe all lead to that. Whatever is
told of a value here is implied by the schemas; what they say beyond it is not looked at. So the values are at most
fewer than what is told, never more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import jsonschema_rs

from gateway.compile.json_schema.references import Documents, Place
from gateway.errors import SchemaError
from gateway.plan.compatibility.vocabularies import keywords_of

Conjunction: TypeAlias = tuple[Place, ...]
"""Schemas that all hold; none has a ``$ref`` that counts or an ``allOf`` that was not taken apart."""

TYPES = frozenset({"null", "boolean", "object", "array", "number", "string", "integer"})
_MOST_PARTS = 500
"""Schemas that hold for one value; beyond it nobody wrote them by hand."""


class Unfollowed(Exception):
    """A reference leads nowhere that is known here. Control flow of this package."""


def flatten(documents: Documents, places: Sequence[Place]) -> Conjunction:
    """The schemas that ``places`` consist of, references followed and ``allOf`` taken apart.

    Raises Unfollowed, also for what has no end.
    """
    found: list[Place] = []
    waiting = list(reversed(places))
    seen: set[int] = set()
    while waiting:
        place = waiting.pop()
        if id(place.schema) in seen and isinstance(place.schema, dict):
            continue
        seen.add(id(place.schema))
        if len(seen) > _MOST_PARTS:
            raise Unfollowed
        schema = place.schema
        if not isinstance(schema, dict):
            found.append(place)
            continue
        if "$ref" in schema:
            target = documents.target(place)
            if target is None:
                raise Unfollowed
            waiting.append(target)
            if not place.siblings_count:
                continue
        waiting += [documents.below(place, "allOf", n) for n in range(len(schema.get("allOf", ())))]
        found.append(place)
    return tuple(found)


def types_of(conjunction: Conjunction) -> frozenset[str]:
    """The types that a value may have, ``number`` being for those that are no integers."""
    allowed = TYPES
    for place in conjunction:
        allowed &= _own_types(place)
    return allowed


def _own_types(place: Place) -> frozenset[str]:
    if isinstance(place.schema, bool):
        return TYPES if place.schema else frozenset()
    allowed, values = types_by_name(place), values_of(place)
    return allowed if values is None else allowed & {kind_of(value) for value in values}


def types_by_name(place: Place) -> frozenset[str]:
    """The types that ``type`` allows."""
    listed = keywords_of(place).get("type")
    if listed is None:
        return TYPES
    allowed = frozenset([listed] if isinstance(listed, str) else listed)
    return allowed | {"integer"} if "number" in allowed else allowed


def kind_of(value: Any) -> str:
    """The type of a JSON value."""
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    names = {type(None): "null", bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def values_of(place: Place) -> list[Any] | None:
    """The values that a schema lists itself, None where it lists none."""
    keywords = keywords_of(place)
    if "const" in keywords:
        return [keywords["const"]]
    return list(keywords["enum"]) if "enum" in keywords else None


def is_among(value: Any, values: Sequence[Any]) -> bool:
    """Whether JSON takes ``value`` for equal to one of ``values``: 1 is 1.0, and not true."""
    return bool(jsonschema_rs.is_valid({"enum": list(values)}, value))


def property_names(conjunction: Conjunction) -> Iterator[str]:
    """The properties that are described by name, each once, in order."""
    yield from dict.fromkeys(name for place in conjunction for name in keywords_of(place).get("properties", ()))


def property_places(documents: Documents, place: Place, name: str) -> list[Place]:
    """The schemas that one schema has for the property ``name``: none where it allows anything."""
    keywords = keywords_of(place)
    found = []
    if name in keywords.get("properties", ()):
        found.append(documents.below(place, "properties", name))
    found += [
        documents.below(place, "patternProperties", pattern)
        for pattern in keywords.get("patternProperties", ())
        if matches(pattern, name)
    ]
    if not found and "additionalProperties" in keywords:
        found.append(documents.below(place, "additionalProperties"))
    return found


def is_closed(conjunction: Conjunction) -> bool:
    """Whether properties that nobody describes must not be there."""
    return any(keywords_of(place).get("additionalProperties") is False for place in conjunction)


def patterns_of(conjunction: Conjunction) -> set[str]:
    """The patterns by which properties are described."""
    return {pattern for place in conjunction for pattern in keywords_of(place).get("patternProperties", ())}


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern of JSON Schema matches a name. Raises SchemaError for what is no pattern."""
    try:
        return bool(jsonschema_rs.is_valid({"pattern": pattern}, name))
    except jsonschema_rs.ValidationError as exc:
        raise SchemaError(f"{pattern!r} is no pattern that can be compared") from exc


def item_places(documents: Documents, place: Place, position: int) -> list[Place]:
    """The schemas that one schema has for the item at ``position``."""
    tuple_keyword, rest_keyword = tuple_keywords(place)
    if tuple_keyword is not None and position < len(place.schema[tuple_keyword]):
        return [documents.below(place, tuple_keyword, position)]
    return [documents.below(place, rest_keyword)] if rest_keyword in keywords_of(place) else []


def tuple_keywords(place: Place) -> tuple[str | None, str]:
    """The keyword that describes items by position, if there is one, and that for the others."""
    keywords = keywords_of(place)
    if "prefixItems" in keywords:
        return "prefixItems", "items"
    if isinstance(keywords.get("items"), list):
        return "items", "additionalItems"
    return None, "items"


def positions_of(conjunction: Conjunction) -> int:
    """How many items are described by their position."""
    counts = [0]
    for place in conjunction:
        keyword = tuple_keywords(place)[0]
        counts.append(0 if keyword is None else len(place.schema[keyword]))
    return max(counts)
