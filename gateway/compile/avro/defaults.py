"""Avro binary of a field's default, which the schema spells in its own JSON form (Avro 1.12, "Records").

A default is a physical value: bytes and fixed as text of code points 0 to 255, timestamps as numbers.
A union's default is one of the first branch that matches (Avro 1.12); earlier specifications want the first branch
itself, so what they allow is read in the same way. A logical type says nothing about defaults: ``""`` may stand in
for a uuid, as readers take it.
"""

from __future__ import annotations

import json
from sys import float_info
from typing import Any

from gateway.compile import numbers
from gateway.compile.avro import binary
from gateway.compile.avro.schema import (
    Array,
    EnumType,
    Fixed,
    Map,
    Primitive,
    Record,
    Type,
    Union,
)
from gateway.errors import SchemaError

_RANGES = {"int": (binary.INT_MIN, binary.INT_MAX), "long": (binary.LONG_MIN, binary.LONG_MAX)}
MOST_VALUES = 100_000
"""In one default: a list of a thousand empty objects, each with such a list as its default, is a million already."""


def encode_default(kind: Type, default: Any, place: str) -> bytes:
    """The default's bytes. Raises SchemaError for one that the type cannot hold."""
    data = _encode(kind, default, place, 0, [MOST_VALUES])
    if data is None:
        raise SchemaError(f"the default {json.dumps(default)[:80]} is no value of the field's type", place)
    return data


def _encode(kind: Type, value: Any, place: str, depth: int, left: list[int]) -> bytes | None:
    """The value's bytes, None where the type does not hold it. Counts down how many values are ``left``."""
    left[0] -= 1
    if left[0] < 0:
        raise SchemaError(f"the default unfolds to more than {MOST_VALUES} values by the defaults inside it", place)
    if depth > 64:
        raise SchemaError("the default is nested too deep", place)
    match kind:
        case Primitive():
            return _encode_primitive(kind.name, value)
        case EnumType():
            return binary.encode_long(kind.symbols.index(value)) if value in kind.symbols else None
        case Fixed():
            data = _latin1(value)
            return data if data is not None and len(data) == kind.size else None
        case Union():
            for n, branch in enumerate(kind.branches):
                data = _encode(branch, value, place, depth + 1, left)
                if data is not None:
                    return binary.encode_long(n) + data
            return None
        case Array():
            if not isinstance(value, list):
                return None
            return _block([_encode(kind.items, item, place, depth + 1, left) for item in value])
        case Map():
            if not isinstance(value, dict):
                return None
            entries: list[bytes | None] = []
            for key, item in value.items():
                name, data = _string(key), _encode(kind.values, item, place, depth + 1, left)
                entries.append(None if name is None or data is None else name + data)
            return _block(entries)
        case Record():
            return _encode_record(kind, value, place, depth, left)


def _block(items: list[bytes | None]) -> bytes | None:
    present = [item for item in items if item is not None]
    return binary.encode_items(present) if len(present) == len(items) else None


def _encode_record(record: Record, value: Any, place: str, depth: int, left: list[int]) -> bytes | None:
    if not isinstance(value, dict) or not value.keys() <= {field.name for field in record.fields}:
        return None
    parts: list[bytes] = []
    for field in record.fields:
        given = value.get(field.name, field.default)  # ABSENT is a value of no type
        data = _encode(field.type, given, place, depth + 1, left)
        if data is None:
            return None
        parts.append(data)
    return b"".join(parts)


def _encode_primitive(name: str, value: Any) -> bytes | None:
    kind = type(value)
    match name:
        case "null":
            return binary.NULL if value is None else None
        case "boolean":
            return (binary.TRUE if value else binary.FALSE) if kind is bool else None
        case "int" | "long":
            low, high = _RANGES[name]
            return binary.encode_long(value) if kind is int and low <= value <= high else None
        case "float":
            fits = kind in {int, float} and abs(value) <= numbers.FLT_MAX
            return binary.encode_float(float(value)) if fits else None
        case "double":
            fits = kind in {int, float} and abs(value) <= float_info.max
            return binary.encode_double(float(value)) if fits else None
        case "string":
            return _string(value)
        case _:
            data = _latin1(value)
            return None if data is None else binary.encode_bytes(data)


def _string(value: Any) -> bytes | None:
    """Half of a surrogate pair, which JSON can spell, is no text."""
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        return None
    return binary.encode_string(value)


def _latin1(value: Any) -> bytes | None:
    if not isinstance(value, str) or any(ord(character) > 255 for character in value):
        return None
    return value.encode("latin-1")
