"""Changes between two JSON Schemas, keyword by keyword; ``$ref``s are compared as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gateway.plan.differences.difference import Difference, Steps, at, listed, shown
from gateway.plan.unapplied import same_json

_ONE: Final = frozenset(
    {
        *("additionalProperties", "unevaluatedProperties", "propertyNames", "items", "additionalItems"),
        *("unevaluatedItems", "contains", "not", "if", "then", "else"),
    }
)
_NAMED: Final = frozenset({"properties", "patternProperties", "definitions", "$defs", "dependentSchemas"})
_LISTED: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_WORDS: Final = frozenset({"description", "title", "$comment", "examples"})
"""Keywords for people: that they changed says enough."""
_CALLED: Final = {
    "properties": "property",
    "patternProperties": "properties that match",
    "dependentSchemas": "condition on",
}


def compare(old: Any, new: Any, steps: Steps) -> Iterator[Difference]:
    """Every change from ``old`` to ``new``, which stands at ``steps``."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if not same_json(old, new):
            yield at(steps, f"changed from {_called(old)} to {_called(new)}")
        return
    for keyword in dict.fromkeys([*old, *new]):
        place = (*steps, keyword)
        if keyword == "required":
            yield from _members(
                old.get(keyword, []), new.get(keyword, []), place, "required now", "not required any more"
            )
        elif keyword in _NAMED:
            yield from _named(keyword, _mapping(old, keyword), _mapping(new, keyword), place, _required(new))
        elif keyword not in old:
            yield at(place, f"{keyword} added" + ("" if keyword in _WORDS else f": {shown(new[keyword])}"))
        elif keyword not in new:
            yield at(place, f"{keyword} removed" + ("" if keyword in _WORDS else f": {shown(old[keyword])}"))
        elif not same_json(old[keyword], new[keyword]):
            yield from _changed(keyword, old[keyword], new[keyword], place)


def _changed(keyword: str, old: Any, new: Any, place: Steps) -> Iterator[Difference]:
    if keyword in _WORDS:
        yield at(place, f"{keyword} changed")
    elif keyword == "type":
        yield from _members(_several(old), _several(new), place, "allowed, too", "not allowed any more")
    elif keyword == "enum":
        yield from _members(old, new, place, "allowed, too", "not allowed any more")
    elif keyword in _ONE and isinstance(old, dict) and isinstance(new, dict):
        yield from compare(old, new, place)
    elif (keyword in _LISTED or keyword == "items") and isinstance(old, list) and isinstance(new, list):
        yield from _listed(keyword, old, new, place)
    else:
        yield at(place, f"{keyword} changed from {shown(old)} to {shown(new)}")


def _members(old: list[Any], new: list[Any], place: Steps, gained: str, lost: str) -> Iterator[Difference]:
    added = [each for each in new if not any(same_json(each, other) for other in old)]
    removed = [each for each in old if not any(same_json(each, other) for other in new)]
    if added:
        yield at(place, f"{listed(added)} {gained}")
    if removed:
        yield at(place, f"{listed(removed)} {lost}")


def _named(
    keyword: str, old: dict[str, Any], new: dict[str, Any], place: Steps, required: frozenset[str]
) -> Iterator[Difference]:
    called = _CALLED.get(keyword, "definition")
    for name in old:
        if name not in new:
            yield at((*place, name), f"{called} {name!r} removed")
    for name, schema in new.items():
        if name in old:
            yield from compare(old[name], schema, (*place, name))
        elif keyword == "properties":
            need = "required" if name in required else "optional"
            yield at((*place, name), f"{called} {name!r} added, {_called(schema)}, {need}")
        else:
            yield at((*place, name), f"{called} {name!r} added")


def _listed(keyword: str, old: list[Any], new: list[Any], place: Steps) -> Iterator[Difference]:
    for n, (before, after) in enumerate(zip(old, new, strict=False)):
        yield from compare(before, after, (*place, str(n)))
    for n in range(len(old), len(new)):
        yield at((*place, str(n)), f"{keyword}: {_called(new[n])} added")
    for n in range(len(new), len(old)):
        yield at((*place, str(n)), f"{keyword}: {_called(old[n])} removed")


def _mapping(schema: dict[str, Any], keyword: str) -> dict[str, Any]:
    value = schema.get(keyword)
    return value if isinstance(value, dict) else {}


def _required(schema: dict[str, Any]) -> frozenset[str]:
    return frozenset(name for name in schema.get("required", ()) if isinstance(name, str))


def _several(kinds: Any) -> list[Any]:
    return kinds if isinstance(kinds, list) else [kinds]


def _called(schema: Any) -> str:
    """A schema for a person."""
    if not isinstance(schema, dict):
        return shown(schema)
    if "type" in schema:
        return " or ".join(map(str, _several(schema["type"])))
    if "$ref" in schema:
        return str(schema["$ref"])
    if "enum" in schema:
        return f"one of {shown(schema['enum'])}"
    return "any value" if not schema else shown(schema)
