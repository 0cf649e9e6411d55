"""Every schema inside a schema, by the keywords that hold one.

For what must look at all of a document, whether or not anything refers to it. Keywords of all drafts together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.compile.rules import MOST_PLACES
from gateway.errors import SchemaError

_ONE = (
    *("not", "if", "then", "else", "additionalProperties", "unevaluatedProperties", "propertyNames"),
    *("items", "additionalItems", "unevaluatedItems", "contains", "contentSchema"),
)
_LISTED = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_NAMED = ("properties", "patternProperties", "definitions", "$defs", "dependencies", "dependentSchemas")

Steps = tuple[str, ...]


def subschemas(source: Any) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """Every schema that is an object, the whole one first, with the way to it. Needs no stack, however deep it is."""
    waiting: list[tuple[Steps, Any]] = [((), source)]
    while waiting:
        steps, schema = waiting.pop()
        if isinstance(schema, dict):
            yield steps, schema
            waiting += reversed([((*steps, *step), inner) for step, inner in inside(schema)])


def count_places(source: Any, references: Iterable[Any]) -> int:
    """The schemas inside a schema and all that it may refer to, each document once. Raises SchemaError if too many."""
    places = 0
    for document in {id(document): document for document in (source, *references)}.values():
        for _ in subschemas(document):
            places += 1
            if places > MOST_PLACES:
                raise SchemaError(f"the schema and its references hold more than {MOST_PLACES} subschemas; split it")
    return places


def property_names(source: Any, references: Iterable[Any]) -> frozenset[str]:
    """The fields that stand under ``properties`` anywhere in these documents."""
    every = (schema for document in (source, *references) for _, schema in subschemas(document))
    return frozenset(name for schema in every for name in _named(schema.get("properties")))


def _named(properties: Any) -> Iterable[str]:
    return properties if isinstance(properties, dict) else ()


def inside(schema: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The schemas directly inside a schema, each with the steps to it."""
    for keyword in _ONE:
        if isinstance(schema.get(keyword), dict):
            yield (keyword,), schema[keyword]
    for keyword in _LISTED:
        if isinstance(schema.get(keyword), list):
            yield from (((keyword, str(n)), inner) for n, inner in enumerate(schema[keyword]))
    for keyword in _NAMED:
        if isinstance(schema.get(keyword), dict):
            yield from (((keyword, name), inner) for name, inner in schema[keyword].items())
