"""That the vectors leave nothing out: no cell of the two tables, no reason, no conversion, no option.

What is listed here is what docs/coercion.md promises, so a vector that is gone and an option that is new are missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from gateway.compile import coercions
from gateway.config.options import OF_THE_WHOLE_PAYLOAD, Options
from gateway.model import Code, Format, Mode
from tests.unit.compile.vectors import Acceptance, Case, Refusal, column_of, read_cases

CASES = read_cases()
COLUMNS = {
    *("boolean", "integer", "integral float", "non-integer", "numeric string", "other string"),
    *("null", "array", "object"),
}
OF_NUMBERS = {"invalid-number", "ambiguous-number", "out-of-range"}
OF_DOUBLES = OF_NUMBERS | {"precision-loss", "non-finite"}
OF_EPOCHS = {"epoch-out-of-window", "epoch-unit-undeclared", "precision-loss", "invalid-datetime"}
OF_NAMES = {"unknown-field", "no-known-fields", "missing-required", "duplicate-key"}
REASONS = {
    "null": set[str](),
    "boolean": {"invalid-boolean"},
    "int": OF_NUMBERS | {"fractional-part"},
    "long": OF_NUMBERS | {"fractional-part", "precision-loss"},
    "float": OF_DOUBLES,
    "double": OF_DOUBLES,
    "string": set[str](),
    "bytes": {"encoding-undeclared", "invalid-format"},
    "fixed": {"encoding-undeclared", "invalid-format", "size-mismatch"},
    "enum": {"not-in-enum"},
    "date": {"out-of-range", "invalid-datetime"},
    "time-millis": {"out-of-range", "invalid-datetime", "precision-loss"},
    "time-micros": {"out-of-range", "invalid-datetime", "precision-loss"},
    "timestamp-millis": OF_EPOCHS | {"timezone-missing", "timezone-invalid"},
    "timestamp-micros": OF_EPOCHS | {"timezone-missing", "timezone-invalid"},
    "timestamp-nanos": OF_EPOCHS | {"timezone-missing", "timezone-invalid", "out-of-range"},
    "local-timestamp-millis": OF_EPOCHS | {"timezone-invalid"},
    "local-timestamp-micros": OF_EPOCHS | {"timezone-invalid"},
    "local-timestamp-nanos": OF_EPOCHS | {"timezone-invalid", "out-of-range"},
    "decimal on bytes": OF_NUMBERS | {"precision-loss"},
    "decimal on fixed": OF_NUMBERS | {"precision-loss"},
    "uuid on string": {"invalid-format"},
    "uuid on fixed": {"invalid-format"},
    "duration": {"invalid-format", "out-of-range", "precision-loss"},
    "array": {"invalid-number"},
    "map": {"invalid-number"},
    "record": OF_NAMES,
    "union of null and another": {"non-finite", "epoch-out-of-window", "not-in-enum", "invalid-number"},
    "union of several": {"union-no-match", "union-ambiguous"},
    "JSON integer": OF_NUMBERS | {"fractional-part"},
    "JSON number": OF_DOUBLES,
    "JSON boolean": {"invalid-boolean"},
    "JSON string": set[str](),
    "JSON null": set[str](),
    "JSON array": set[str](),
    "JSON object": set[str](),
}
"""Kind of target -> the reasons of its own for which a value is refused, type-mismatch and null-not-allowed aside."""

NUMBERS = {"string-to-number", "decimal-comma"}
EPOCHS = {"string-to-timestamp", "epoch-rescaled", "integral-float-to-int", "truncated"}
CONVERSIONS = {
    "null": {"token-to-null"},
    "boolean": {"number-to-boolean", "string-to-boolean"},
    "int": NUMBERS | {"boolean-to-number", "integral-float-to-int", "rounded"},
    "long": NUMBERS | {"boolean-to-number", "integral-float-to-int", "rounded"},
    "float": NUMBERS | {"boolean-to-number", "rounded"},
    "double": NUMBERS | {"boolean-to-number", "rounded"},
    "string": {"boolean-to-string", "integer-to-string", "number-to-string"},
    "bytes": {"string-to-bytes", "array-to-bytes"},
    "fixed": {"string-to-bytes", "array-to-bytes"},
    "enum": {"enum-mapped", "enum-case"},
    "date": {"string-to-date"},
    "time-millis": {"string-to-time", "truncated"},
    "time-micros": {"string-to-time", "truncated"},
    "timestamp-millis": EPOCHS | {"timezone-assumed"},
    "timestamp-micros": EPOCHS | {"timezone-assumed"},
    "timestamp-nanos": EPOCHS | {"timezone-assumed"},
    "local-timestamp-millis": EPOCHS | {"timezone-dropped"},
    "local-timestamp-micros": EPOCHS | {"timezone-dropped"},
    "local-timestamp-nanos": EPOCHS | {"timezone-dropped"},
    "decimal on bytes": NUMBERS | {"rounded"},
    "decimal on fixed": NUMBERS | {"rounded"},
    "uuid on string": {"string-to-uuid"},
    "uuid on fixed": {"string-to-uuid"},
    "duration": {"string-to-duration"},
    "array": {"wrapped-in-array"},
    "map": set[str](),
    "record": set[str](),
    "union of null and another": {"token-to-null", "union-tag-removed"},
    "union of several": {"union-tag-removed"},
    "JSON integer": NUMBERS | {"boolean-to-number"},
    "JSON number": NUMBERS | {"boolean-to-number", "rounded"},
    "JSON boolean": {"number-to-boolean", "string-to-boolean"},
    "JSON string": {"boolean-to-string", "integer-to-string", "number-to-string"},
    "JSON null": {"token-to-null"},
    "JSON array": {"wrapped-in-array"},
    "JSON object": set[str](),
}
"""Kind of target -> what can be recorded of a value that it takes."""

OUTSIDE = {
    Code.NO_ROUTE,
    Code.UNKNOWN_SCHEMA,
    Code.RECORD_TOO_LARGE,
    Code.MALFORMED_PACKET,
    Code.CRASH_SUSPECT,
}
"""Reasons that arise before a payload meets its schema, or after."""

VALUES: dict[str, set[str]] = {
    "epoch_unit": {"s", "ms", "us", "ns"},
    "epoch_window": {"*"},
    "assume_tz": {"Europe/Berlin"},
    "bytes_encoding": {"base64", "base64url", "hex", "latin1", "utf8"},
    "null_tokens": {"*", "[]"},
    "non_finite": {"reject", "null", "keep"},
    "nan_literals": {"reject", "null"},
    "decimal_separator": {".", ","},
    "rounding": {"reject", "floor", "trunc", "half-even"},
    "float_narrowing": {"decimal", "round"},
    "unknown_fields": {"reject", "drop", "*"},
    "defaults": {"fill", "reject"},
    "aliases": {"*"},
    "enum_map": {"*", "{}"},
    "field_case": {"exact", "insensitive"},
    "wrap_scalar": {"True", "False"},
    "union_encoding": {"plain", "tagged", "auto"},
    "parse_json_strings": {"*", "[]"},
    "duplicate_keys": {"reject", "last"},
}
"""Option of Avro targets -> its values, ``*`` for a list or mapping that is not empty."""

JSON_VALUES: dict[str, set[str]] = {
    "aliases": {"*"},
    "decimal_separator": {".", ","},
    "defaults": {"fill", "reject"},
    "duplicate_keys": {"reject", "last"},
    "formats": {"annotate", "check", "*"},
    "integers": {"any", "int64"},
    "nan_literals": {"reject", "null"},
    "non_finite": {"reject", "null"},
    "null_tokens": {"*", "[]"},
    "unknown_fields": {"reject", "drop"},
    "wrap_scalar": {"True", "False"},
}
"""The same for JSON Schema; other options are about Avro's types."""


def _row_of(case: Case) -> str | None:
    """The kind of target at the top; None for a JSON Schema that says more than a type."""
    schema = case.schema
    if case.version.format is Format.JSON:
        kind = schema.get("type") if isinstance(schema, dict) and schema.keys() == {"type"} else None
        return f"JSON {kind}" if isinstance(kind, str) else None
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return f"union of {'null and another' if len(schema) == 2 and 'null' in schema else 'several'}"
    logical, base = schema.get("logicalType"), str(schema["type"])
    return f"{logical} on {base}" if logical in {"decimal", "uuid"} else logical or base


def _column_of(case: Case) -> str:
    try:
        return column_of(case.payload)
    except ValueError:
        return "no JSON"


def test_every_numbered_vector_of_the_specification_is_here():
    """The specification numbers 40 vectors; each is in a file, once."""
    numbered = sorted({(case.spec, case.name.rpartition("-")[0]) for case in CASES if case.spec is not None})
    assert [number for number, _ in numbered] == list(range(1, 41))


@pytest.mark.parametrize("row", sorted(REASONS))
def test_every_cell_of_a_row_has_a_vector_in_every_mode(row: str):
    """Each kind of JSON value has a vector for each target, in all three modes."""
    covered = {(_column_of(case), case.mode) for case in CASES if _row_of(case) == row}
    assert {(column, mode) for column in COLUMNS for mode in Mode} - covered == set()


@pytest.mark.parametrize("row", sorted(REASONS))
def test_each_reason_of_a_target_has_a_vector(row: str):
    """Of a value at the top, so that the reason is the target's own."""
    found = {case.outcome.code for case in CASES if _row_of(case) == row and isinstance(case.outcome, Refusal)}
    assert REASONS[row] - found == set()


@pytest.mark.parametrize("row", sorted(CONVERSIONS))
def test_each_conversion_of_a_target_has_a_vector(row: str):
    """Of a value at the top; the table of the conversions has the same targets as that of the reasons."""
    found = {code for case in CASES if _row_of(case) == row for code in _conversions(case, at="")}
    assert CONVERSIONS[row] - found == set()
    assert CONVERSIONS.keys() == REASONS.keys()


def _conversions(case: Case, at: str | None = None) -> Iterator[str]:
    if isinstance(case.outcome, Acceptance):
        for path, codes in case.outcome.conversions.items():
            if at in {None, path}:
                yield from codes


def test_each_reason_has_a_vector():
    """But those that have nothing to do with what a payload contains."""
    assert {case.outcome.code for case in CASES if isinstance(case.outcome, Refusal)} == set(Code) - OUTSIDE


def test_each_conversion_has_a_vector():
    """Every name that can be recorded."""
    names = {value for name, value in vars(coercions).items() if name.isupper() and isinstance(value, str)}
    assert {code for case in CASES for code in _conversions(case)} == names


def _declared(case: Case, *, places: bool) -> Iterator[tuple[str, str]]:
    """The options that a vector declares for places, or for all of the payload: name and value."""
    parts: list[Any] = list((case.declared.get("overrides") or {}).values())
    for options in parts if places else [case.declared.get("options") or {}, *parts]:
        for name, value in options.items():
            yield name, str(value) if not value or not isinstance(value, dict | list) else "*"


def test_every_option_is_listed():
    """In the table for Avro or in that for JSON Schema."""
    assert VALUES.keys() | JSON_VALUES.keys() == {field.name for field in fields(Options)}


TABLES = [(Format.AVRO, VALUES), (Format.JSON, JSON_VALUES)]


@pytest.mark.parametrize(("language", "values"), TABLES)
def test_each_value_of_each_option_has_a_vector(language: Format, values: dict[str, set[str]]):
    """For each language in which it counts, also where it declares what holds anyway."""
    of_it = [case for case in CASES if case.version.format is language]
    found = {pair for case in of_it for pair in _declared(case, places=False)}
    assert {(name, value) for name in values for value in values[name]} - found == set()


@pytest.mark.parametrize(("language", "values"), TABLES)
def test_each_option_has_a_vector_that_declares_it_for_a_place(language: Format, values: dict[str, set[str]]):
    """But those that hold for whole payloads only."""
    of_it = [case for case in CASES if case.version.format is language]
    found = {name for case in of_it for name, _ in _declared(case, places=True)}
    assert values.keys() - OF_THE_WHOLE_PAYLOAD - found == set()
