"""Guessed types written as an Avro schema or a JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.plan.inference.types import Field, Guess, Kind

_AVRO: Final[Mapping[Kind, Any]] = {
    Kind.BOOLEAN: "boolean",
    Kind.WHOLE: "long",
    Kind.NUMBER: "double",
    Kind.TEXT: "string",
    Kind.UUID: {"type": "string", "logicalType": "uuid"},
    Kind.DATE: {"type": "int", "logicalType": "date"},
}
_AVRO_TIME: Final = {"type": "int", "logicalType": "time-millis"}
_AVRO_LONG_TIME: Final = {"type": "long", "logicalType": "time-micros"}
_AVRO_UNITS: Final = {"ms": "millis", "us": "micros", "ns": "nanos"}

_JSON: Final[Mapping[Kind, dict[str, Any]]] = {
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.WHOLE: {"type": "integer"},
    Kind.EPOCH: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.TEXT: {"type": "string"},
    Kind.LOCAL_DATE_TIME: {"type": "string"},
    Kind.TIME: {"type": "string"},
    Kind.UUID: {"type": "string", "format": "uuid"},
    Kind.DATE_TIME: {"type": "string", "format": "date-time"},
    Kind.DATE: {"type": "string", "format": "date"},
}


def avro_schema(root: Guess, name: str, namespace: str) -> Any:
    """The Avro schema whose top is called ``name``; what may be missing or null is nullable, with null as default."""
    schema = _AvroWriter().type_of(root, (name,))
    if not namespace or not isinstance(schema, dict) or "name" not in schema:
        return schema
    return {"type": schema["type"], "name": name, "namespace": namespace, **schema}


class _AvroWriter:
    def __init__(self) -> None:
        self._taken: set[str] = set()
        """Names of types."""

    def type_of(self, found: Guess, names: tuple[str, ...]) -> Any:
        """The type at the place whose fields' names are ``names``, that of the schema first."""
        branches = [self._plain(each, names) for each in found.branches or (found,)]
        if found.is_nullable:
            return ["null", *branches]
        return branches[0] if len(branches) == 1 else branches

    def _plain(self, found: Guess, names: tuple[str, ...]) -> Any:
        """The type without null."""
        match found.kind:
            case Kind.OBJECT:
                name = self._name(names)
                fields = [self._field(each, inner, (*names, each)) for each, inner in found.fields.items()]
                return {"type": "record", "name": name, "fields": fields}
            case Kind.ENUM:
                return {"type": "enum", "name": self._name(names), "symbols": list(found.symbols)}
            case Kind.LIST | Kind.MAP:
                assert found.inner is not None
                inner = self.type_of(found.inner, names)
                is_list = found.kind is Kind.LIST
                return {"type": "array", "items": inner} if is_list else {"type": "map", "values": inner}
            case Kind.EPOCH | Kind.DATE_TIME:
                return {"type": "long", "logicalType": f"timestamp-{_AVRO_UNITS[found.unit]}"}
            case Kind.LOCAL_DATE_TIME:
                return {"type": "long", "logicalType": f"local-timestamp-{_AVRO_UNITS[found.unit]}"}
            case Kind.TIME:
                return _AVRO_TIME if found.unit == "ms" else _AVRO_LONG_TIME
            case _:
                return _AVRO[found.kind]

    def _field(self, name: str, inner: Field, names: tuple[str, ...]) -> dict[str, Any]:
        is_nullable = inner.is_optional or inner.guess.is_nullable
        written = {"name": name, "type": self.type_of(replace(inner.guess, is_nullable=is_nullable), names)}
        return {**written, "default": None} if is_nullable else written

    def _name(self, names: tuple[str, ...]) -> str:
        """The name of a type: its field's, with as many of those around it as make it unique."""
        name = ""
        for each in reversed(names):
            name = pascal_case(each) + name
            if name not in self._taken:
                break
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def pascal_case(text: str) -> str:
    """``cold-chain`` as ``ColdChain``: a name of an Avro type."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return joined if joined[:1].isalpha() else f"T{joined}"


def json_schema(root: Guess, title: str) -> dict[str, Any]:
    """The JSON Schema with this title, draft-07; objects are closed, as records are."""
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **_json(root)}


def _json(found: Guess) -> dict[str, Any]:
    written = [_json_plain(each) for each in found.branches or (found,)]
    if found.is_nullable and not any("enum" in each for each in written):
        written.append({"type": "null"})
    elif found.is_nullable:
        written = [{"type": ["string", "null"], "enum": [*found.symbols, None]}]
    if len(written) == 1:
        return written[0]
    if len(written) == 2 and found.is_nullable:
        return {**written[0], "type": [written[0]["type"], "null"]}
    if all(each.keys() == {"type"} for each in written):
        return {"type": [each["type"] for each in written]}
    return {"anyOf": written}


def _json_plain(found: Guess) -> dict[str, Any]:
    """The schema without null."""
    match found.kind:
        case Kind.OBJECT:
            required = [name for name, each in found.fields.items() if not each.is_optional]
            return {
                "type": "object",
                **({"required": required} if required else {}),
                "additionalProperties": False,
                "properties": {name: _json(each.guess) for name, each in found.fields.items()},
            }
        case Kind.ENUM:
            return {"type": "string", "enum": list(found.symbols)}
        case Kind.LIST | Kind.MAP:
            assert found.inner is not None
            is_list = found.kind is Kind.LIST
            inner = _json(found.inner)
            return {"type": "array", "items": inner} if is_list else {"type": "object", "additionalProperties": inner}
        case _:
            return _JSON[found.kind]
