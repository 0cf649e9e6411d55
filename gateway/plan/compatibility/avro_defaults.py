"""Defaults of Avro fields: whether they fit the type they stand for.

Apache's Python parser takes any default; Java's, which Confluent runs, refuses what does not fit.
A development registry that is more generous would let a schema pass here and fail in production.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from avro import schema as avro_schema

from gateway.errors import SchemaError


def check_defaults(schema: avro_schema.Schema) -> None:
    """Raises SchemaError for the first field whose default does not fit its type [Avro, Complex Types: record].

    Types that ``schema`` only names are looked into too, each once.
    """
    seen: set[int] = set()
    waiting: list[Any] = [schema]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        waiting.extend(_inner(current))
        for field in current.fields if current.type in {"record", "error"} else ():
            if field.has_default and not _fits(field.type, field.default):
                raise SchemaError(f"Invalid default for field {field.name}: {field.default!r} is not a {field.type}")


def _inner(schema: Any) -> list[Any]:
    """The schemas directly inside ``schema``."""
    match schema.type:
        case "record" | "error":
            return [field.type for field in schema.fields]
        case "array":
            return [schema.items]
        case "map":
            return [schema.values]
        case "union" | "error_union":
            return list(schema.schemas)
        case _:
            return []


def _fits(schema: Any, value: Any) -> bool:
    """Whether ``value``, as JSON writes it, is a value of ``schema``; any branch of a union will do."""
    match schema.type:
        case "array":
            fits = isinstance(value, list) and all(_fits(schema.items, item) for item in value)
        case "map":
            fits = isinstance(value, dict) and all(_fits(schema.values, item) for item in value.values())
        case "union" | "error_union":
            fits = any(_fits(branch, value) for branch in schema.schemas)
        case "record" | "error":
            fits = isinstance(value, dict) and all(
                _fits(field.type, value[field.name]) if field.name in value else field.has_default
                for field in schema.fields
            )
        case "fixed":
            fits = _is_latin(value) and len(value) == schema.size
        case "enum":
            fits = value in schema.symbols
        case primitive:
            fits = _FITS_PRIMITIVE[primitive](value)
    return fits


def _is_latin(value: Any) -> bool:
    """Bytes are written as text of the code points 0 to 255."""
    return isinstance(value, str) and all(ord(character) < 256 for character in value)


_FITS_PRIMITIVE: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "int": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "long": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "float": lambda value: type(value) in {int, float},
    "double": lambda value: type(value) in {int, float},
    "string": lambda value: isinstance(value, str),
    "bytes": _is_latin,
}
