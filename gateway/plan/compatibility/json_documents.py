"""A JSON Schema with all that it refers to, read for a comparison: every part that the rules may meet is a schema.

A reference may lead to any place of a document, also where no keyword puts a schema and no meta-schema looks. What
stands there is held against the meta-schema, too. Patterns and formats are not judged: a registry may hold schemas
that the gateway would not run with, and they can be compared all the same.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema
import jsonschema_rs

from gateway.compile.json_schema.dialect import documents_of, parse_schema
from gateway.compile.json_schema.references import Documents, Place
from gateway.compile.json_schema.subschemas import inside
from gateway.errors import SchemaError
from gateway.model import SchemaVersion
from gateway.plan.compatibility.vocabularies import keywords_of


def documents(version: SchemaVersion) -> Documents:
    """The JSON Schema with all that it refers to. Raises SchemaError where any of it is no schema of its draft."""
    source = parse_schema(version)
    try:
        found = Documents(source, documents_of(version, source))
        _check(found)
    except ValueError as exc:  # of urllib, for what no URI can be
        raise SchemaError(f"$id, $ref or the name of a reference is no URI: {exc}") from exc
    return found


def _check(found: Documents) -> None:
    """Raises SchemaError for the first schema that is none, references followed to their end."""
    met: set[int] = set()
    """Schemas, by their identity, that were judged."""
    apart = [found.root]
    """Places that no meta-schema has looked at as a part of what is around them."""
    while apart:
        waiting = [apart.pop()]
        if id(waiting[0].schema) not in met:
            _check_one(found, waiting[0])
        while waiting:
            place = waiting.pop()
            if isinstance(place.schema, bool) or id(place.schema) in met:
                continue
            met.add(id(place.schema))
            counting = place._replace(schema=keywords_of(place))
            apart += found.targets(counting)
            for steps, inner in inside(counting.schema):
                # What else stands there was no mistake to the meta-schema, such as lists under dependencies.
                if isinstance(inner, dict | bool):
                    below = found.below(place, *_keys(place.schema, steps))
                    (waiting if below.draft == place.draft else apart).append(below)


def _check_one(found: Documents, place: Place) -> None:
    if isinstance(place.schema, bool):
        return
    if not isinstance(place.schema, dict) or not _meta_validator(place.draft).is_valid(place.schema):
        where = f"what a reference leads to in {place.base}" if place.schema is not found.root.document else "it"
        raise SchemaError(f"{where} is no schema of its draft ({place.draft})")


def _keys(schema: Any, steps: tuple[str, ...]) -> tuple[str | int, ...]:
    """The steps as keys and indices."""
    first, *rest = steps
    return first, *(int(step) if isinstance(schema[first], list) else step for step in rest)


@cache
def _meta_validator(draft: str) -> Any:
    meta = jsonschema.validators.validator_for({"$schema": draft}, default=jsonschema.Draft7Validator).META_SCHEMA
    return jsonschema_rs.validator_for(meta, offline=True, validate_formats=False)
