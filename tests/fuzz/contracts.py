"""The contracts under which payloads are tried: schemas of many features, each with options that make a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.compile.binding import Binding
from gateway.config.options import ALLOWED_IN_STRICT
from gateway.model import Mode, SchemaVersion
from tests.unit.compile.compiled import binding_of, json_version, record_schema, version_of


@dataclass(frozen=True, slots=True)
class Case:
    """A schema with options, bound in every mode that allows them."""

    version: SchemaVersion
    options: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    losses: frozenset[str] = frozenset()
    """Lossy conversions that these options declare."""

    def bindings(self) -> dict[Mode, Binding]:
        """By mode, the narrowest first."""
        declared = {*self.options, *(name for options in self.overrides.values() for name in options)}
        modes = list(Mode) if declared <= ALLOWED_IN_STRICT else [Mode.LOSSLESS, Mode.LENIENT]
        if "rounding" in declared:
            modes = [Mode.LENIENT]
        return {
            mode: binding_of(self.version, mode=mode, options=self.options, overrides=self.overrides, device=None)
            for mode in modes
        }


def _long(logical: str) -> dict[str, str]:
    return {"type": "long", "logicalType": logical}


SCALARS = record_schema(
    ("b", ["null", "boolean"]),
    ("i", ["null", "int"]),
    ("l", ["long", "null"]),
    ("f", ["null", "float"]),
    ("d", ["null", "double"]),
    ("s", ["null", "string"]),
    ("y", ["null", "bytes"]),
    ("e", ["null", {"type": "enum", "name": "E", "symbols": ["IDLE", "RUN", "Stop"]}]),
    ("x", ["null", {"type": "fixed", "name": "F", "size": 3}]),
    ("n", ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 3}]),
    ("m", ["null", {"type": "fixed", "name": "M", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 2}]),
    ("t", ["null", _long("timestamp-millis")]),
    ("u", ["null", _long("timestamp-nanos")]),
    ("w", ["null", _long("local-timestamp-micros")]),
    ("a", ["null", {"type": "int", "logicalType": "date"}]),
    ("c", ["null", _long("time-micros")]),
    ("g", ["null", {"type": "string", "logicalType": "uuid"}]),
    ("h", ["null", {"type": "fixed", "name": "H", "size": 16, "logicalType": "uuid"}]),
    ("p", ["null", {"type": "fixed", "name": "P", "size": 12, "logicalType": "duration"}]),
    name="Scalars",
)
INNER = record_schema({"name": "v", "type": "int", "aliases": ["value"]}, ("k", ["null", "string"]), name="Inner")
TREE = record_schema(
    ("v", ["null", "string", "double", "boolean"]),
    {"name": "next", "type": ["null", "Tree", INNER, {"type": "map", "values": "Tree"}], "default": None},
    {"name": "items", "type": {"type": "array", "items": ["null", "int", "Inner", "string"]}, "default": []},
    {"name": "extra", "type": {"type": "map", "values": "string"}, "default": {}},
    {"name": "d", "type": "double", "default": 1.5},
    name="Tree",
)
UNIONS = {
    "type": "array",
    "items": [
        *("null", "boolean", "int", "double", "string", "bytes"),
        {"type": "array", "items": "float"},
        {"type": "map", "values": ["null", "long"]},
        record_schema(("a", "int"), {"name": "b", "type": "int", "default": 0}, name="A"),
        record_schema(("a", "string"), name="B"),
    ],
}

AVRO: Sequence[Case] = (
    Case(version_of(SCALARS)),
    Case(version_of(SCALARS), {"bytes_encoding": "latin1", "epoch_window": ["1990-01-01", "2050-01-01"]}),
    Case(
        version_of(SCALARS),
        {
            "bytes_encoding": "hex",
            "epoch_unit": "s",
            "assume_tz": "Europe/Berlin",
            "decimal_separator": ",",
            "null_tokens": ["", "-"],
            "non_finite": "keep",
            "nan_literals": "null",
            "float_narrowing": "round",
            "enum_map": {"1": "RUN"},
            "field_case": "insensitive",
            "duplicate_keys": "last",
        },
        losses=frozenset(
            {"token-to-null", "nan-literal-to-null", "timezone-assumed", "duplicate-dropped", "rounded", "truncated"}
        ),
    ),
    Case(version_of(SCALARS), {"rounding": "half-even", "bytes_encoding": "base64url", "non_finite": "null"}),
    Case(version_of(TREE)),
    Case(version_of(TREE), {"union_encoding": "tagged", "defaults": "fill"}),
    Case(
        version_of(TREE),
        {"unknown_fields": {"capture": "/extra"}, "union_encoding": "auto", "parse_json_strings": ["/next"]},
        {"/v": {"aliases": ["V", "value"]}, "/items": {"wrap_scalar": True}, "/next": {"field_case": "insensitive"}},
    ),
    Case(version_of(UNIONS), {"bytes_encoding": "base64"}),
    Case(version_of("bytes"), {"bytes_encoding": "utf8"}),
    Case(version_of("double")),
)

NODE = {
    "type": "object",
    "properties": {
        "v": {"type": "integer"},
        "next": {"anyOf": [{"type": "null"}, {"$ref": "#/definitions/node"}]},
        "items": {"type": "array", "items": {"$ref": "#/definitions/node"}, "maxItems": 5},
    },
    "required": ["v"],
    "additionalProperties": False,
}
MIXED = {
    "type": "object",
    "properties": {
        "i": {"type": "integer", "minimum": -5, "maximum": 1000, "default": 3},
        "n": {"type": ["number", "null"], "multipleOf": 0.5},
        "s": {"type": "string", "minLength": 1, "maxLength": 8, "pattern": "^[a-z0-9.-]*$"},
        "b": {"type": "boolean"},
        "e": {"enum": ["on", "off", 1, None, {"a": 1}]},
        "t": {"type": "integer", "enum": [1, 2, 3]},
        "c": {"const": 3},
        "u": {"oneOf": [{"type": "integer"}, {"type": "boolean"}, {"type": "array", "items": {"type": "number"}}]},
        "o": {"type": "object", "additionalProperties": {"type": "number"}, "propertyNames": {"pattern": "^[a-z]+$"}},
        "l": {"type": "array", "uniqueItems": True, "contains": {"type": "integer"}},
    },
    "patternProperties": {"^x_": {"type": "string"}},
    "additionalProperties": False,
    "if": {"properties": {"b": {"const": True}}, "required": ["b"]},
    "then": {"required": ["i"]},
    "else": {"properties": {"s": {"maxLength": 4}}},
}
DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}
DRAFT_2019 = {"$schema": "https://json-schema.org/draft/2019-09/schema"}
DRAFT_2020 = {"$schema": "https://json-schema.org/draft/2020-12/schema"}

JSON: Sequence[Case] = (
    Case(json_version(True)),
    Case(json_version(MIXED)),
    Case(json_version({**DRAFT_2020, **MIXED})),
    Case(
        json_version(MIXED),
        {
            "null_tokens": ["-", ""],
            "decimal_separator": ",",
            "wrap_scalar": True,
            "duplicate_keys": "last",
            "nan_literals": "null",
            "non_finite": "null",
            "defaults": "fill",
            "unknown_fields": "drop",
        },
        {"/i": {"aliases": ["I", "int"]}},
        frozenset({"token-to-null", "nan-literal-to-null", "unknown-dropped", "duplicate-dropped"}),
    ),
    Case(json_version({**DRAFT_4, "definitions": {"node": NODE}, "$ref": "#/definitions/node"})),
    Case(json_version({"definitions": {"node": NODE}, "allOf": [{"$ref": "#/definitions/node"}]})),
    Case(
        json_version(
            {
                **DRAFT_2020,
                "prefixItems": [{"type": "integer"}, {"type": ["string", "null"]}],
                "items": {"anyOf": [{"type": "number"}, {"type": "object", "unevaluatedProperties": False}]},
                "minItems": 1,
            }
        )
    ),
    Case(
        json_version(
            {
                **DRAFT_2019,
                "type": "object",
                "allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "string"}}}],
                "dependentSchemas": {"a": {"required": ["b"]}},
                "unevaluatedProperties": {"type": "boolean"},
            }
        )
    ),
)
