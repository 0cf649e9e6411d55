"""An Avro schema in the one spelling that Java's library writes, and Confluent's registry keeps.

- Keys stand in a fixed order; names are short where the name space around them is theirs.
- What means nothing is left out: ``{"type": "string"}``, ``order: ascending``, keys that the specification reserves
  for other types. Attributes of one's own stay, in their order.

Pure; for schemas that Apache's library has parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gateway.compile.avro.parser import full_name, is_name
from gateway.compile.avro.schema import PRIMITIVES
from gateway.errors import SchemaError

NAMED: Final = frozenset({"record", "error", "enum", "fixed"})
_TYPES: Final = PRIMITIVES | NAMED - {"error"} | {"array", "map", "union"}
"""A name like one of these is always written in full."""
_OF_A_SCHEMA: Final = frozenset(
    {"type", "name", "namespace", "doc", "fields", "items", "values", "size", "symbols", "aliases"}
)
_OF_A_FIELD: Final = frozenset({"name", "type", "doc", "default", "order", "aliases"})


def canonical(schema: Any, space: str = "") -> Any:
    """The schema as JSON with its keys in Java's order; ``space``: the name space around it."""
    if isinstance(schema, str):
        return schema if schema in PRIMITIVES else _short(full_name(schema, space), space)
    if isinstance(schema, list):
        return [canonical(branch, space) for branch in schema]
    kind = schema["type"]
    if isinstance(kind, str) and kind in NAMED:
        return dict(_named(schema, kind, space))
    own = {key: value for key, value in schema.items() if key not in _OF_A_SCHEMA}
    if isinstance(kind, str) and kind in {"array", "map"}:
        inner = "items" if kind == "array" else "values"
        return {"type": kind, inner: canonical(schema[inner], space), **own}
    if own and isinstance(kind, str) and kind in PRIMITIVES:
        return {"type": kind, **own}
    return canonical(kind, space)


def check_field_names(schema: Any) -> None:
    """Raises SchemaError for a field whose name the specification forbids; Apache's library takes any."""
    for part in schema if isinstance(schema, list) else [schema]:
        if isinstance(part, dict):
            for field in part.get("fields") or ():
                if not is_name(field["name"]):
                    raise SchemaError(f"Illegal character in: {field['name']}")
                check_field_names(field["type"])
            for key in ("type", "items", "values"):
                check_field_names(part.get(key))


def _named(schema: dict[str, Any], kind: str, space: str) -> Iterator[tuple[str, Any]]:
    full = full_name(schema["name"], schema.get("namespace", space))
    own_space, _, short = full.rpartition(".")
    yield "type", kind
    yield "name", short
    if own_space != space:
        yield "namespace", own_space
    if "doc" in schema:
        yield "doc", schema["doc"]
    if kind in {"record", "error"}:
        yield "fields", [dict(_field(field, own_space)) for field in schema["fields"]]
    for key in ("symbols", "size"):
        if key in schema:
            yield key, schema[key]
    if kind == "enum" and "default" in schema:
        yield "default", schema["default"]
    yield from ((key, value) for key, value in schema.items() if key not in _OF_A_SCHEMA | {"default"})
    if schema.get("aliases"):
        yield "aliases", [_short(full_name(alias, own_space), own_space) for alias in schema["aliases"]]


def _field(field: dict[str, Any], space: str) -> Iterator[tuple[str, Any]]:
    yield "name", field["name"]
    yield "type", canonical(field["type"], space)
    for key in ("doc", "default"):
        if key in field:
            yield key, field[key]
    if field.get("order", "ascending") != "ascending":
        yield "order", field["order"]
    if field.get("aliases"):
        yield "aliases", field["aliases"]
    yield from ((key, value) for key, value in field.items() if key not in _OF_A_FIELD)


def _short(full: str, space: str) -> str:
    """A name as it is written inside ``space``."""
    own_space, _, short = full.rpartition(".")
    return short if own_space == space and short not in _TYPES else full
