"""The two schema languages behind one face: what a route needs of a compiled schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.compile import json_proof
from gateway.compile.avro.compiler import compile_avro
from gateway.compile.avro.parser import parse_schema as parse_avro
from gateway.compile.avro.schema import Type
from gateway.compile.json_schema.codec import JsonSchemaCodec
from gateway.compile.rules import RuleBook
from gateway.compile.verdict import Findings, Log, Refused
from gateway.errors import SchemaError
from gateway.model import Format, SchemaVersion


@dataclass(frozen=True, slots=True)
class Codec:
    """A schema version compiled under a contract's rules."""

    encode: Callable[[Any, bytes | None, Log], bytes]
    """``(value, its JSON text if it has one, log)`` -> the bytes behind the wire prefix. Raises Refused."""
    explain: Callable[[Any, Refused, Findings], None]
    """A value and what ``encode`` raised for it -> its violations."""
    proves_sound: Callable[[bytes, Any], bool]
    """``(text, value)`` -> whether counting shows at once that no key stands twice and nesting is bounded.

    False only means that it must be looked at closely.
    """
    places: int
    """What the schema unfolds to; at most ``rules.MOST_PLACES``. Start-up time and memory grow with it."""
    needs_exact_numbers: bool = False
    """Whether numbers with a point must be decoded as ``Decimal``."""
    deepest: int | None = None
    """Levels of nesting that the schema itself allows; None for any. See json_schema/repetition.py."""
    avro: Type | None = None
    """The schema's tree, for Avro."""
    source: Any = None
    """The schema's JSON, for JSON Schema."""


def compile_codec(version: SchemaVersion, book: RuleBook) -> Codec:
    """The codec of a schema version. Raises SchemaError."""
    compile_one = _compile_avro if version.format is Format.AVRO else _compile_json
    try:
        return compile_one(version, book)
    except RecursionError as exc:  # the walks over a JSON Schema, the libraries' too, have no limit of their own
        raise SchemaError("the schema is nested too deeply to be compiled; take parts out into definitions") from exc


def _compile_avro(version: SchemaVersion, book: RuleBook) -> Codec:
    tree = parse_avro(version)
    compiled = compile_avro(tree, book)
    write, explain = compiled.write, compiled.explain

    def encode(value: Any, _text: bytes | None, log: Log) -> bytes:
        return write(value, log)

    count_keys = compiled.count_keys or (lambda _value: 0)
    proves_unique_keys, is_recursive = json_proof.proves_unique_keys, compiled.is_recursive

    def proves_sound(text: bytes, value: Any) -> bool:
        # What is written without a conversion is nested no deeper than its schema, unless that is recursive.
        return not is_recursive and proves_unique_keys(text, count_keys(value))

    return Codec(
        encode,
        lambda value, _refused, findings: explain(value, "", findings),
        proves_sound,
        compiled.places,
        needs_exact_numbers=compiled.needs_exact_numbers,
        avro=tree,
    )


def _compile_json(version: SchemaVersion, book: RuleBook) -> Codec:
    compiled = JsonSchemaCodec(version, book)
    return Codec(
        compiled.encoder(),
        compiled.explain,
        json_proof.proves_flat,
        compiled.places,
        deepest=compiled.deepest,
        source=compiled.source,
    )
