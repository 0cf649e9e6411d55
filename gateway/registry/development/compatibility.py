"""May a new version follow the earlier ones? Confluent's levels, decided by Apache's Avro rules.

The verdict between two Avro schemas is that of ``avro.compatibility``; this module knows which
schemas are to be compared, in which direction, and words the outcome as Confluent does.

JSON Schemas are not compared: every level lets them pass (docs/registry.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from avro import schema as avro_schema
from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityResult,
    SchemaCompatibilityType,
    SchemaIncompatibilityType,
)

from gateway.config.contract import Compatibility

_READS_OLD = frozenset(
    {Compatibility.BACKWARD, Compatibility.BACKWARD_TRANSITIVE, Compatibility.FULL, Compatibility.FULL_TRANSITIVE},
)
_READ_BY_OLD = frozenset(
    {Compatibility.FORWARD, Compatibility.FORWARD_TRANSITIVE, Compatibility.FULL, Compatibility.FULL_TRANSITIVE},
)

_WORDING = {
    SchemaIncompatibilityType.reader_field_missing_default_value: "the writer lacks a field without default",
    SchemaIncompatibilityType.type_mismatch: "the types do not fit",
    SchemaIncompatibilityType.missing_union_branch: "the reader's union lacks a type of the writer",
    SchemaIncompatibilityType.missing_enum_symbols: "the reader's enum lacks symbols of the writer",
    SchemaIncompatibilityType.name_mismatch: "the names differ",
    SchemaIncompatibilityType.fixed_size_mismatch: "the sizes differ",
}


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier version to compare with."""

    version: int
    text: str
    schema: avro_schema.Schema


def to_compare(level: Compatibility, earlier: Sequence[Earlier]) -> Sequence[Earlier]:
    """Those of ``earlier`` (oldest first) that ``level`` covers, latest first as Confluent compares."""
    if level is Compatibility.NONE:
        return ()
    newest_first = earlier[::-1]
    return newest_first if level.endswith("_TRANSITIVE") else newest_first[:1]


def incompatibilities(new: avro_schema.Schema, earlier: Sequence[Earlier], level: Compatibility) -> list[str]:
    """Why ``new`` may not follow ``earlier``, up to the first version that objects; empty if it may."""
    for old in to_compare(level, earlier):
        messages: list[str] = []
        if level in _READS_OLD:
            messages += _compare(new, old.schema, "new", "old")
        if level in _READ_BY_OLD:
            messages += _compare(old.schema, new, "old", "new")
        if messages:
            return [
                *messages,
                f"{{oldSchemaVersion: {old.version}}}",
                f"{{oldSchema: '{old.text}'}}",
                f"{{compatibility: '{level}'}}",
            ]
    return []


def _compare(reader: avro_schema.Schema, writer: avro_schema.Schema, reader_is: str, writer_is: str) -> list[str]:
    """One line for each kind of incompatibility between ``reader`` and ``writer``."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # the package annotates in part
    result: SchemaCompatibilityResult = checker.get_compatibility(reader, writer)
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    # The checker keeps kinds, places and details as separate sets: they belong together only as a whole.
    places, details = ", ".join(sorted(result.locations)), ", ".join(sorted(result.messages))
    return [
        f"{{errorType:'{kind.name.upper()}', description:'the {reader_is} schema cannot read data of the {writer_is} "
        f"schema: {_WORDING[kind]} (at {places})', additionalInfo:'{details}'}}"
        for kind in sorted(set(result.incompatibilities), key=lambda kind: kind.name)
    ]
