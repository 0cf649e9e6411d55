"""Which schemas a compatibility level holds against each other, and what stands against a change under it.

Confluent's levels: BACKWARD asks that the newer schema can read data of the older one, FORWARD that the older can read
data of the newer, FULL both; with _TRANSITIVE all earlier versions count, else the latest only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from gateway.config.contract import Compatibility
from gateway.model import Format, SchemaVersion
from gateway.plan.compatibility.avro import Schema, find_bytes_as_text, find_conflicts, parse_avro
from gateway.plan.compatibility.json_documents import documents
from gateway.plan.compatibility.json_schema import find_objections
from gateway.plan.compatibility.logical_types import find_shifts
from gateway.plan.compatibility.objections import Objection, Rule

T = TypeVar("T")


def reads_old(level: Compatibility) -> bool:
    """Whether the newer schema must be able to read data of the older one."""
    return level.startswith(("BACKWARD", "FULL"))


def read_by_old(level: Compatibility) -> bool:
    """Whether the older schema must be able to read data of the newer one."""
    return level.startswith(("FORWARD", "FULL"))


def compared(level: Compatibility, earlier: Sequence[T]) -> Sequence[T]:
    """Those of the versions ``earlier``, oldest first, that ``level`` covers, latest first as Confluent compares."""
    if level is Compatibility.NONE:
        return ()
    newest_first = earlier[::-1]
    return newest_first if level.endswith("_TRANSITIVE") else newest_first[:1]


def evolution_objections(old: SchemaVersion, new: SchemaVersion, level: Compatibility) -> list[Objection]:
    """What stands against ``new`` following ``old`` under ``level``. Raises SchemaError for what is no schema."""
    return list(_objections(old, new, level))


def _objections(old: SchemaVersion, new: SchemaVersion, level: Compatibility) -> Iterator[Objection]:
    if level is Compatibility.NONE:
        return
    if old.format is not new.format:
        yield Objection(Rule.FORMAT_CHANGED, "", f"the schema was {old.format} and is {new.format}")
    elif new.format is Format.AVRO:
        yield from _avro(parsed_avro(old), parsed_avro(new), level)
    else:
        older, newer = documents(old), documents(new)
        if reads_old(level):
            yield from find_objections(older, newer, newer_is_wide=True)
        if read_by_old(level):
            yield from find_objections(newer, older, newer_is_wide=False)


def _avro(old: Schema, new: Schema, level: Compatibility) -> Iterator[Objection]:
    directions = (
        (reads_old(level), new, old, "the new schema", "data of the old one"),
        (read_by_old(level), old, new, "the old schema", "data of the new one"),
    )
    for is_asked, reader, writer, who, what in directions:
        if not is_asked:
            continue
        for conflict in find_conflicts(reader, writer):
            path = conflict.reader_place if reader is new else conflict.writer_place
            where = _where(conflict.field, conflict.details, path)
            message = f"{who} cannot read {what}: {conflict.wording} ({where})"
            yield Objection(_AVRO_RULES[conflict.kind], path, message)
        shifts = find_shifts(reader, writer)
        for shift in shifts:
            path = shift.reader_place if reader is new else shift.writer_place
            message = f"{who} reads {what} otherwise: {shift.message}"
            yield Objection(Rule.LOGICAL_TYPE, path, message, is_certain=shift.is_certain)
        for pair in find_bytes_as_text(reader, writer):
            if any(shift.reader_place == pair.reader_place for shift in shifts):
                continue  # what the bytes mean was told, and what becomes of that
            path = pair.reader_place if reader is new else pair.writer_place
            message = f"{who} cannot read {what} where bytes are no UTF-8 ({_where(pair.field, '', path)})"
            yield Objection(Rule.BYTES_AS_TEXT, path, message, is_certain=False)


def _where(field: str, details: str, path: str) -> str:
    """What a finding is about, for a person."""
    return ", ".join(filter(None, (f"field {field!r}" if field else "", details, f"at {path or '/'}")))


_AVRO_RULES = {
    "READER_FIELD_MISSING_DEFAULT_VALUE": Rule.FIELD_WITHOUT_DEFAULT,
    "TYPE_MISMATCH": Rule.TYPE_MISMATCH,
    "MISSING_UNION_BRANCH": Rule.BRANCH_MISSING,
    "MISSING_ENUM_SYMBOLS": Rule.SYMBOLS_MISSING,
    "NAME_MISMATCH": Rule.NAME_MISMATCH,
    "FIXED_SIZE_MISMATCH": Rule.SIZE_MISMATCH,
}


def parsed_avro(version: SchemaVersion) -> Schema:
    """The schema as Apache's package reads it, with all that it refers to. Raises SchemaError."""
    return parse_avro(version.text, [each.text for each in referenced(version)])


def referenced(version: SchemaVersion) -> list[SchemaVersion]:
    """What a version refers to, directly or not, each once and before those that need it."""
    found: dict[tuple[str, int], SchemaVersion] = {}

    def visit(inner: SchemaVersion) -> None:
        for reference in inner.references:
            schema = reference.schema
            if (schema.subject, schema.version) not in found:
                visit(schema)
                found[schema.subject, schema.version] = schema

    visit(version)
    return list(found.values())
