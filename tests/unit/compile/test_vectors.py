"""Every vector of tests/vectors, and that they leave no cell of the table of Avro targets out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.model import Format, Mode
from tests.unit.compile.judge import complaint
from tests.unit.compile.vectors import Case, column_of, read_cases

CASES = read_cases()


def _parameters() -> Iterator[Any]:
    for case in CASES:
        marks = [pytest.mark.xfail(strict=True, reason=case.bug)] if case.bug else []
        yield pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", list(_parameters()))
def test_a_payload_becomes_what_its_vector_says(case: Case):
    """Accepted as the value, or refused with the code and path, that the vector names; conversions and all else too."""
    assert complaint(case) is None


def test_every_numbered_vector_of_the_specification_is_here():
    """The specification numbers 40 vectors; each is in a file, once."""
    numbered = sorted({(case.spec, case.name.rpartition("-")[0]) for case in CASES if case.spec is not None})
    assert [number for number, _ in numbered] == list(range(1, 41))


ROWS = {
    *("null", "boolean", "int", "long", "float", "double", "string", "bytes", "fixed", "enum", "date"),
    *("time-millis", "time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos"),
    *("local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos"),
    *("decimal on bytes", "decimal on fixed", "uuid on string", "uuid on fixed", "duration"),
}
COLUMNS = {
    *("boolean", "integer", "integral float", "non-integer", "numeric string", "other string"),
    *("null", "array", "object"),
}


def _row_of(case: Case) -> str | None:
    """The row of a scalar target at the top, None for any other."""
    schema = case.schema
    if isinstance(schema, str):
        return schema
    if case.version.format is Format.JSON or isinstance(schema, list) or not isinstance(schema["type"], str):
        return None
    logical, base = schema.get("logicalType"), schema["type"]
    return f"{logical} on {base}" if logical in {"decimal", "uuid"} else logical or base


@pytest.mark.parametrize("row", sorted(ROWS))
def test_every_cell_of_a_row_has_a_vector_in_every_mode(row: str):
    """Each kind of JSON value has a vector for each Avro target, in all three modes."""
    covered = {(_column_of(case), case.mode) for case in CASES if _row_of(case) == row}
    assert {(column, mode) for column in COLUMNS for mode in Mode} - covered == set()


def _column_of(case: Case) -> str:
    try:
        return column_of(case.payload)
    except ValueError:
        return "no JSON"
