"""Contract + schema version -> route, compiled once at start or on a schema change.

The second and third stage, binding a route to a topic and encoding a payload, are in binding.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from gateway.compile import json_text
from gateway.compile.codec import Codec, compile_codec
from gateway.compile.filled import FilledField, compile_fields
from gateway.compile.rules import RuleBook, Rules
from gateway.compile.timestamp import TimestampField, compile_timestamp
from gateway.compile.where import Where
from gateway.config.contract import Contract, Variant
from gateway.errors import SchemaError
from gateway.model import CompileCost, RouteLabel, SchemaVersion


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A contract's variant compiled with its schema version."""

    contract: Contract
    variant: Variant
    where: Where
    version: SchemaVersion
    label: RouteLabel
    codec: Codec
    rules: Rules
    """Those at the payload's top: how its text is read."""
    decode: Callable[[bytes], Any]
    fields: Sequence[FilledField]
    """What is put into each payload."""
    timestamp: TimestampField | None
    """None where the record's timestamp is its arrival."""
    depth: int
    """Most levels of nesting in a payload, by configuration and by the schema."""
    cost: CompileCost


def compile_route(contract: Contract, variant: Variant, version: SchemaVersion, *, depth: int) -> Route:
    """The route of one variant. Raises SchemaError where schema and contract do not fit together."""
    started = perf_counter()
    book = RuleBook(contract.mode, contract.options, contract.overrides)
    codec = compile_codec(version, book)
    if contract.framing == "header" and version.guid is None:
        raise SchemaError("framing: header needs the schema's GUID, and this registry gives none; use framing: prefix")
    label = label_of(contract, variant, version)
    timestamp = None
    if contract.timestamp is not None:
        timestamp = compile_timestamp(contract.timestamp, codec, book)
    decode = json_text.make_decoder(exact=codec.needs_exact_numbers)
    depth = depth if codec.deepest is None else min(depth, codec.deepest)
    where = Where(contract, variant)
    cost = CompileCost(codec.places, perf_counter() - started)
    fields = compile_fields(contract, codec.avro, book)
    return Route(contract, variant, where, version, label, codec, book.at(()), decode, fields, timestamp, depth, cost)


def label_of(contract: Contract, variant: Variant, version: SchemaVersion | None) -> RouteLabel:
    """What the route is called; without a version while its schema is unknown."""
    return RouteLabel(
        contract.name,
        variant.topic,
        variant.dead_letters,
        variant.subject,
        contract.mode,
        None if version is None else version.schema_id,
        None if version is None else version.version,
    )
