"""The values that schemas list, and values held against what a schema asks of them as a whole.

What it asks of the parts of a list or an object is not looked at here: ``spelled_out`` says those as a schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import jsonschema_rs

from gateway.compile.json_schema.dialect import DRAFT_7
from gateway.compile.json_schema.references import Place
from gateway.errors import SchemaError
from gateway.plan.compatibility.conjunction import Conjunction, kind_of, types_by_name, values_of
from gateway.plan.compatibility.vocabularies import keywords_of

OF_A_WHOLE: Final = (
    *("enum", "const", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "required", "dependentRequired"),
)
"""Keywords beside ``type`` that ask something without looking into parts."""
_OF_PARTS: Final = frozenset(
    [
        *("properties", "patternProperties", "additionalProperties", "dependencies"),
        *("items", "prefixItems", "additionalItems"),
    ]
)


def listed_values(conjunction: Conjunction) -> list[Any] | None:
    """The values that are left of all lists; None where no schema lists any."""
    lists = [values for place in conjunction if (values := values_of(place)) is not None]
    if not lists:
        return None
    left = lists[0]
    for place in conjunction:
        left = accepted(place, left, OF_A_WHOLE)
        left = [value for value in left if kind_of(value) in types_by_name(place)]
    return left


def accepted(place: Place, values: Sequence[Any], keywords: Iterable[str]) -> list[Any]:
    """Those of ``values`` that satisfy these of a schema's keywords. Raises SchemaError for a pattern that is none."""
    if place.schema is False:
        return []
    known = keywords_of(place)
    asked = {keyword: known[keyword] for keyword in keywords if keyword in known}
    if not asked:
        return list(values)
    try:
        validator = jsonschema_rs.validator_for({"$schema": place.draft, **asked}, offline=True)
    except jsonschema_rs.ValidationError as exc:
        raise SchemaError(f"{json.dumps(asked)[:80]} cannot be compared") from exc
    return [value for value in values if validator.is_valid(value)]


def describes_parts(conjunction: Conjunction) -> bool:
    """Whether lists or objects that are listed may have parts that are not allowed."""
    return any(keywords_of(place).keys() & _OF_PARTS for place in conjunction)


def spelled_out(value: list[Any] | dict[str, Any], origin: Place) -> Place:
    """A schema of just this list or object; it counts as a part of where ``origin`` stands."""
    schema: dict[str, Any]
    if isinstance(value, list):
        items = [{"enum": [item]} for item in value]
        tuple_or_none = {"items": items, "additionalItems": False} if items else {"items": False}
        schema = {"type": "array", "minItems": len(items), **tuple_or_none}
    else:
        properties = {name: {"enum": [inner]} for name, inner in value.items()}
        schema = {"type": "object", "properties": properties, "additionalProperties": False, "required": list(value)}
    return origin._replace(schema=schema, draft=DRAFT_7)
