"""Can data of one Avro schema be read with another one? By Apache's own ``avro`` package, parser and rules.

Beside the parser, which does not look at them, defaults are checked.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from avro import errors as avro_errors
from avro import schema as avro_schema
from avro.compatibility import (
    SchemaCompatibilityResult,
    SchemaIncompatibilityType,
    check_fixed_size,
    check_reader_enum_contains_writer_enum,
    check_schema_names,
    lookup_writer_field,
)
from avro.name import Names

from gateway.errors import SchemaError
from gateway.notation.strict_json import read_strict_json
from gateway.plan.compatibility.avro_defaults import check_defaults
from gateway.plan.compatibility.avro_pairs import NAMED, RECORDS, Pair, Pairs

Schema = avro_schema.Schema

_WORDING = {
    SchemaIncompatibilityType.reader_field_missing_default_value: "the writer lacks a field without default",
    SchemaIncompatibilityType.type_mismatch: "the types do not fit",
    SchemaIncompatibilityType.missing_union_branch: "the reader's union lacks a type of the writer",
    SchemaIncompatibilityType.missing_enum_symbols: "the reader's enum lacks symbols of the writer",
    SchemaIncompatibilityType.name_mismatch: "the names differ",
    SchemaIncompatibilityType.fixed_size_mismatch: "the sizes differ",
}
_CONCERNS = {
    SchemaIncompatibilityType.missing_enum_symbols: "symbols",
    SchemaIncompatibilityType.name_mismatch: "name",
    SchemaIncompatibilityType.fixed_size_mismatch: "size",
}
"""Mistakes that one attribute of a type makes."""
_ROOT = "/"
"""How Apache's checker calls the place that is asked about."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place at which resolution fails."""

    kind: str
    """As Confluent names it, for example READER_FIELD_MISSING_DEFAULT_VALUE."""
    wording: str
    field: str
    """The innermost field, by the reader's name; empty outside of records."""
    details: str
    """The names, types or symbols concerned; empty where the field says it."""
    reader_place: str
    """Pointer into the reader's schema; into the place of use for what stands in a referenced schema."""
    writer_place: str


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
    """Where ``reader`` cannot read data of ``writer``, in the order of its text; empty if it can.

    Whether it can is Apache's verdict. Of a whole schema its checker keeps kinds, places and details in separate sets,
    which belong together only as a whole; so it is asked part by part.
    """
    pairs = Pairs(reader, writer)
    if pairs.can_read(pairs.whole):
        return []
    found = [conflict for pair in pairs for conflict in _conflicts(pairs, pair)]
    assert found, "what Apache's checker refuses it refuses at some place"
    return found


def find_bytes_as_text(reader: Schema, writer: Schema) -> list[Pair]:
    """Where ``reader`` has text and ``writer`` bytes, in the order of the reader's text.

    To Apache's checker, and Confluent's registry with it, the one reads the other [Avro, Schema Resolution]. It fails
    on bytes that are no UTF-8.
    """
    return [pair for pair in Pairs(reader, writer) if (pair.reader.type, pair.writer.type) == ("string", "bytes")]


def _conflicts(pairs: Pairs, pair: Pair) -> Iterator[Conflict]:
    """What is wrong with the pair itself, not inside it."""
    reader, writer = pair.reader, pair.writer
    if reader.type in RECORDS and writer.type in RECORDS:
        yield from _conflict(pair, check_schema_names(reader, writer, [_ROOT]))
        for n, field in enumerate(reader.fields):
            if not field.has_default and lookup_writer_field(writer, field) is None:
                place = f"{pair.reader_place}/fields/{n}"
                lacking = SchemaIncompatibilityType.reader_field_missing_default_value
                yield Conflict(lacking.name.upper(), _WORDING[lacking], field.name, "", place, pair.writer_place)
    elif reader.type == writer.type and reader.type in NAMED:
        yield from _conflict(pair, check_schema_names(reader, writer, [_ROOT]))
        check = check_fixed_size if reader.type == "fixed" else check_reader_enum_contains_writer_enum
        yield from _conflict(pair, check(reader, writer, [_ROOT]))
    elif not any(pairs.inside(pair)):
        yield from _conflict(pair, pairs.verdict(pair))


def _conflict(pair: Pair, result: SchemaCompatibilityResult) -> Iterator[Conflict]:
    """What Apache's checker says of one thing, if that is a mistake."""
    for kind in result.incompatibilities:
        details = ", ".join(sorted(result.messages))
        inner = f"/{_CONCERNS[kind]}" if kind in _CONCERNS else ""
        if kind is SchemaIncompatibilityType.missing_enum_symbols:  # the checker shows a set, in any order
            details = ", ".join(sorted(set(pair.writer.symbols) - set(pair.reader.symbols)))
        places = (pair.reader_place + inner, pair.writer_place + inner)
        yield Conflict(kind.name.upper(), _WORDING[kind], pair.field, details, *places)
