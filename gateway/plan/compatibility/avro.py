"""Can data of one Avro schema be read with another one? By Apache's own ``avro`` package, parser and rules.

Beside the parser, which does not look at them, defaults are checked.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from avro import errors as avro_errors
from avro import schema as avro_schema
from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityResult,
    SchemaCompatibilityType,
    SchemaIncompatibilityType,
)
from avro.name import Names

from gateway.errors import SchemaError
from gateway.notation.strict_json import read_strict_json
from gateway.plan.compatibility.avro_defaults import check_defaults

Schema = avro_schema.Schema

_WORDING = {
    SchemaIncompatibilityType.reader_field_missing_default_value: "the writer lacks a field without default",
    SchemaIncompatibilityType.type_mismatch: "the types do not fit",
    SchemaIncompatibilityType.missing_union_branch: "the reader's union lacks a type of the writer",
    SchemaIncompatibilityType.missing_enum_symbols: "the reader's enum lacks symbols of the writer",
    SchemaIncompatibilityType.name_mismatch: "the names differ",
    SchemaIncompatibilityType.fixed_size_mismatch: "the sizes differ",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """One kind of mistake that resolution runs into."""

    kind: str
    """As Confluent names it, for example READER_FIELD_MISSING_DEFAULT_VALUE."""
    wording: str
    places: tuple[str, ...]
    """Where in the reader's schema, as Apache tells it, and around that; of all kinds together."""
    details: str
    """The names, types or symbols concerned; of all kinds together."""


def parse_avro(text: str, referenced: Iterable[str] = ()) -> avro_schema.Schema:
    """The parsed schema; ``referenced`` are the texts it may name types of, those that others need first.

    Raises SchemaError with the parser's reason.
    """
    names = Names()
    schema = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unknown logical types are no errors [Avro, Logical Types]
        for part in (*referenced, text):
            try:
                schema = avro_schema.make_avsc_object(_read(part), names)
                check_defaults(schema)
            except RecursionError as exc:
                raise SchemaError("nested too deeply") from exc
            except (avro_errors.AvroException, ValueError, TypeError, AttributeError, KeyError) as exc:
                raise SchemaError(str(exc) or type(exc).__name__) from exc
    assert schema is not None
    return schema


def _read(text: str) -> Any:
    """The JSON of a schema, each ``error`` as the record that it is outside of protocols.

    Raises SchemaError or ValueError for what Java refuses, and Apache's Python package takes until it is compared.
    """
    source = read_strict_json(text)
    waiting = [source]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            kind = part.get("type")
            if kind in ("error_union", "request"):  # perhaps no text, which cannot be hashed
                raise SchemaError(f"{kind} is of protocols, and no schema")
            if kind == "error":
                part["type"] = "record"
            fields = part.get("fields")
            described = [field for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
            for each in (part, *described):
                _check_names(each)
            waiting += [part.get(key) for key in ("type", "items", "values")] + [each.get("type") for each in described]
    return source


def _check_names(part: dict[str, Any]) -> None:
    """Raises SchemaError for a name space or other names that are no text, of a type or a field."""
    aliases = part.get("aliases", [])
    if not isinstance(part.get("namespace", ""), str):
        raise SchemaError(f"namespace is text, found {json.dumps(part['namespace'])[:80]}")
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise SchemaError(f"aliases is a list of text, found {json.dumps(aliases)[:80]}")


def find_conflicts(reader: Schema, writer: Schema) -> list[Conflict]:
    """Why ``reader`` cannot read data of ``writer``, one for each kind of mistake; empty if it can."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # the package annotates in part
    result: SchemaCompatibilityResult = checker.get_compatibility(reader, writer)
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    # The checker keeps kinds, places and details as separate sets: they belong together only as a whole.
    places, details = tuple(sorted(result.locations)), ", ".join(sorted(result.messages))
    return [
        Conflict(kind.name.upper(), _WORDING[kind], places, details)
        for kind in sorted(set(result.incompatibilities), key=lambda kind: kind.name)
    ]
