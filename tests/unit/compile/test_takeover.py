"""Whether a new version of a schema may take over, and what is objected to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.compile.route import Route, compile_route
from gateway.compile.takeover import objection
from gateway.config.contract import Timestamp
from gateway.config.examples import AcceptedExample, Examples, RejectedExample
from gateway.model import Code, SchemaVersion
from gateway.notation.pointer import Pointer
from tests.unit.compile.compiled import ARRIVAL, DEPTH, contract_of, json_version, record_schema, version_of

ID, TEMP = ("id", "string"), ("temp", "double")
OLD = version_of(record_schema(ID, TEMP))


def examples(*payloads: bytes) -> Examples:
    """Accepted examples, called ``e1`` and so on."""
    return Examples(tuple(AcceptedExample(f"e{n}", payload) for n, payload in enumerate(payloads, 1)))


def routes(
    old: SchemaVersion, new: SchemaVersion, shown: Examples | None = None, **declared: Any
) -> tuple[Route, Route]:
    """The route in use and its candidate, of one contract."""
    contract = replace(contract_of(**declared), examples=shown or Examples())
    variant = contract.variants()[0]
    before, after = (compile_route(contract, variant, version, depth=DEPTH) for version in (old, new))
    return before, after


def objected(old: SchemaVersion, new: SchemaVersion, shown: Examples | None = None, **declared: Any) -> str:
    """What is said against ``new``; empty for nothing."""
    return objection(*routes(old, new, shown, **declared), ARRIVAL)


def test_the_same_schema_again() -> None:
    """Nothing is against it."""
    assert objected(OLD, OLD, examples(b'{"id": "p7", "temp": 1}'), device="/id", timestamp=None) == ""


def test_another_format() -> None:
    """Readers of the topic would meet records that they cannot read: both formats are named."""
    other = json_version({"type": "object"})
    assert objected(OLD, other) == "its format is JSON, the one in use is AVRO"
    assert objected(other, OLD) == "its format is AVRO, the one in use is JSON"


@pytest.mark.parametrize(
    "declared",
    [
        {"device": "/id"},
        {"fields": {"/id": "{device}"}},
        {"timestamp": Timestamp(Pointer.parse("/id"), unit="s")},
    ],
    ids=lambda declared: next(iter(declared)),
)
def test_a_field_that_the_contract_uses_is_gone(declared: Mapping[str, Any]) -> None:
    """Device, timestamp and what is put into the payload: the pointer is named."""
    declared = {**declared, "options": {"unknown_fields": "drop"}}
    renamed = version_of(record_schema(("name", "string"), TEMP))
    assert objected(OLD, renamed, **declared) == "the contract uses /id, which this version no longer has"


def test_a_field_that_was_never_there_holds_nothing_back() -> None:
    """The version in use has it no more than the new one: waiting would not help."""
    renamed = version_of(record_schema(("name", "string"), TEMP))
    assert objected(renamed, version_of(record_schema(TEMP)), device="/id") == ""


@pytest.mark.parametrize(
    ("schema", "gone"),
    [
        ({"properties": {"id": {}}, "additionalProperties": False}, False),
        ({"properties": {"name": {}}, "additionalProperties": False}, True),
        ({"properties": {"name": {}}}, False),
        ({}, False),
    ],
)
def test_a_field_of_a_json_schema(schema: dict[str, Any], gone: bool) -> None:
    """It is gone only where the schema plainly forbids it."""
    old = json_version({"type": "object", "properties": {"id": {}}})
    assert (objected(old, json_version({"type": "object", **schema}), device="/id") != "") is gone


def test_an_accepted_example_would_be_rejected() -> None:
    """The first such example is named, with the reason of its rejection."""
    stricter = version_of(record_schema(ID, ("temp", "int")))
    said = objected(OLD, stricter, examples(b'{"id": "p7", "temp": 1}', b'{"id": "p7", "temp": 1.5}'), device="/id")
    assert said.startswith("it rejects the accepted example 'e2': /temp: ")
    assert "1.5" in said


def test_an_example_that_is_rejected_already_holds_nothing_back() -> None:
    """It promises nothing that runs."""
    stricter = version_of(record_schema(ID, ("temp", "int")))
    assert objected(OLD, stricter, examples(b'{"id": "p7", "temp": "warm"}'), device="/id") == ""


def test_an_example_that_is_accepted_from_now_on() -> None:
    """A version may be more generous."""
    looser = version_of(record_schema(ID, TEMP, {"name": "note", "type": "string", "default": ""}))
    assert objected(OLD, looser, examples(b'{"id": "p7", "temp": 1}', b'{"id": "p7", "temp": 1, "note": "x"}')) == ""


def test_rejected_examples_are_not_asked() -> None:
    """That a payload is taken from now on is what its owners decided."""
    shown = Examples(rejected=(RejectedExample("r", b'{"id": "p7", "temp": 1, "note": ""}', Code.UNKNOWN_FIELD),))
    looser = version_of(record_schema(ID, TEMP, {"name": "note", "type": "string", "default": ""}))
    assert objected(OLD, looser, shown) == ""


def test_examples_are_judged_at_the_moment_given() -> None:
    """A timestamp that is out of bounds rejects in both versions or in none: the clock is the caller's."""
    bounds = Timestamp(Pointer.parse("/ts"), unit="ms", otherwise="reject")
    old = version_of(record_schema(("ts", "long"), TEMP))
    new = version_of(record_schema(("ts", "long"), ("temp", "int")))
    pair = routes(old, new, examples(b'{"ts": %d, "temp": 1.5}' % ARRIVAL), timestamp=bounds)
    assert objection(*pair, ARRIVAL) != ""
    assert objection(*pair, ARRIVAL + 10 * 365 * 86_400_000) == ""
