"""Every vector of tests/vectors, and that they leave no cell of the table of Avro targets out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.model import Format, Mode, Record, Rejection
from tests.unit.compile.compiled import PREFIX, conversions, encode
from tests.unit.compile.vectors import Acceptance, Case, Refusal, column_of, json_form, read_back, read_cases, same

CASES = read_cases()


def _parameters() -> Iterator[Any]:
    for case in CASES:
        marks = [pytest.mark.xfail(strict=True, reason=case.bug)] if case.bug else []
        yield pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", list(_parameters()))
def test_a_payload_becomes_what_its_vector_says(case: Case):
    """A payload is accepted as the value, or refused with the code and path, that the vector names; conversions too."""
    outcome = encode(case.version, case.payload, mode=case.mode, options=case.options, overrides=case.overrides)
    if isinstance(case.outcome, Refusal):
        assert isinstance(outcome, Rejection), outcome
        assert (str(outcome.code), outcome.violations[0].path) == (case.outcome.code, case.outcome.path), outcome
    else:
        assert isinstance(outcome, Record), outcome
        _check_value(case, case.outcome, outcome)
        noted: dict[str, tuple[str, ...]] = {}
        for path, code in conversions(outcome):
            noted[path] = (*noted.get(path, ()), code)
        assert {path: sorted(codes) for path, codes in noted.items()} == {
            path: sorted(codes) for path, codes in case.outcome.conversions.items()
        }


def _check_value(case: Case, wanted: Acceptance, record: Record) -> None:
    assert record.value.startswith(PREFIX)
    body = record.value.removeprefix(PREFIX)
    if "json" in wanted.value:
        assert body == wanted.value["json"].encode()
    if "avro" in wanted.value:
        assert body.hex() == wanted.value["avro"]
    if "hex" in wanted.value:
        assert read_back(case.schema, body).hex() == wanted.value["hex"]
    if "is" in wanted.value:
        value = json.loads(body) if case.version.format is Format.JSON else json_form(read_back(case.schema, body))
        assert same(value, wanted.value["is"]), (value, wanted.value["is"])


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
