"""How large a schema may be, and how its size is counted."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.rules import MOST_PLACES
from gateway.errors import SchemaError
from gateway.model import Reference, SchemaVersion
from tests.unit.compile.compiled import json_version, record_schema, route_of, version_of


def places(version: SchemaVersion, **declared: Any) -> int:
    return route_of(version, **declared).cost.places


def test_avro_places_are_counted_wherever_they_stand() -> None:
    """The record, its two points, and the two numbers of each: a named type costs again where it stands again."""
    point = record_schema(("x", "double"), ("y", "double"), name="Point")
    assert places(version_of(record_schema(("a", point), ("b", "Point")))) == 7


def test_a_branch_of_a_union_is_a_place_in_each_mode() -> None:
    """It is compiled for each mode up to the contract's, because the strictest one that takes a value decides."""
    schema = version_of(record_schema(("n", ["null", "int"])))
    assert places(schema, mode="strict") == 4
    assert places(schema, mode="lenient") == 8


def test_an_avro_schema_that_unfolds_to_too_many_places_is_refused() -> None:
    """A few hundred bytes double with each record around another."""
    kind: Any = "int"
    for n in range(14):
        kind = record_schema(("a", kind), ("b", f"R{n - 1}" if n else kind), name=f"R{n}")
    with pytest.raises(SchemaError, match=f"more than {MOST_PLACES} places; split it"):
        route_of(version_of(kind))


def test_json_places_are_the_subschemas_of_all_documents() -> None:
    """Definitions count once, wherever they are referred to; so does a document known under several names."""
    shared = json_version({"$id": "https://example.com/shared", "properties": {"x": {"type": "number"}}})
    schema = {"properties": {"a": {"$ref": "shared.json"}, "b": {"$ref": "#/definitions/c"}}, "definitions": {"c": {}}}
    assert places(json_version(schema, references=(Reference("shared.json", shared),))) == 6


@pytest.mark.parametrize("more", [0, 1])
def test_a_json_schema_with_too_many_subschemas_is_refused(more: int) -> None:
    """The largest one is taken; one more is not, before anything looks at it for longer."""
    schema = json_version({"properties": {f"p{n}": {} for n in range(MOST_PLACES - 1 + more)}})
    if more:
        with pytest.raises(SchemaError, match=f"more than {MOST_PLACES} subschemas; split it"):
            route_of(schema)
    else:
        assert places(schema) == MOST_PLACES
