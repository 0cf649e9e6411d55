"""May a new version follow the earlier ones? The verdict is ``plan.compatibility``'s, worded as Confluent does.

What no rule for JSON Schema covers is let pass (docs/registry.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.config.contract import Compatibility
from gateway.model import Format, SchemaVersion
from gateway.plan.compatibility.avro import find_conflicts
from gateway.plan.compatibility.evolution import (
    compared,
    evolution_objections,
    parsed_avro,
    read_by_old,
    reads_old,
)
from gateway.registry.development.schemas import with_known_dialects


def incompatibilities(new: SchemaVersion, earlier: Sequence[SchemaVersion], level: Compatibility) -> list[str]:
    """Why ``new`` may not follow ``earlier`` (oldest first), up to the first that objects; empty if it may."""
    for old in compared(level, earlier):
        messages = _avro(old, new, level) if new.format is Format.AVRO else _json_schema(old, new, level)
        if messages:
            return [
                *messages,
                f"{{oldSchemaVersion: {old.version}}}",
                f"{{oldSchema: '{old.text}'}}",
                f"{{compatibility: '{level}'}}",
            ]
    return []


def _avro(old: SchemaVersion, new: SchemaVersion, level: Compatibility) -> list[str]:
    """One line for each incompatibility, in each direction that the level asks for."""
    directions = ((reads_old(level), new, old, "new", "old"), (read_by_old(level), old, new, "old", "new"))
    return [
        f"{{errorType:'{conflict.kind}', description:'the {reader_is} schema cannot read data of the {writer_is} "
        f"schema: {conflict.wording} (at {conflict.reader_place or '/'})', "
        f"additionalInfo:'{conflict.details or conflict.field}'}}"
        for is_asked, reader, writer, reader_is, writer_is in directions
        if is_asked
        for conflict in find_conflicts(parsed_avro(reader), parsed_avro(writer))
    ]


def _json_schema(old: SchemaVersion, new: SchemaVersion, level: Compatibility) -> list[str]:
    return [
        f"{{errorType:'{each.rule.upper().replace('-', '_')}', description:'{each.message} (at #{each.path})'}}"
        for each in evolution_objections(with_known_dialects(old), with_known_dialects(new), level)
        if each.is_certain
    ]
