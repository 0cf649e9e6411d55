"""What a rejection says would help: tried out, on every vector and on the mistakes that devices make."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compile.remedy import candidates
from gateway.compile.verdict import Refused
from gateway.errors import SchemaError
from gateway.model import Code, Mode, Rejection, SchemaVersion, Violation
from gateway.notation.pointer import MISSING, Pointer
from gateway.notation.yaml import parse
from tests.unit.compile.compiled import encode, json_version, record_schema, refused, version_of
from tests.unit.compile.generated import loose_values, schemas
from tests.unit.compile.generated_options import Declared, declarations
from tests.unit.compile.vectors import Case, Refusal, read_cases

REFUSED = [case for case in read_cases() if isinstance(case.outcome, Refusal) and not case.bug]
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

TIMESTAMP = {"type": "long", "logicalType": "timestamp-millis"}
LOCAL = {"type": "long", "logicalType": "local-timestamp-millis"}
DATE = {"type": "int", "logicalType": "date"}
TIME = {"type": "int", "logicalType": "time-millis"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}
STATE = {"type": "enum", "name": "State", "symbols": ["RUNNING", "STOPPED", "STARTED"]}
UUID = {"type": "string", "logicalType": "uuid"}
DURATION = {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}
LIST = {"type": "array", "items": "double"}


def violations(case: Case, payload: bytes, **changed: Any) -> list[Violation]:
    declared = {name: case.declared.get(name, {}) for name in ("options", "overrides")}
    outcome = encode(case.version, payload, depth=case.depth, **{"mode": case.mode, **declared, **changed})
    return list(outcome.violations) if isinstance(outcome, Rejection) else []


def repaired(payload: bytes, path: str, fix: Any) -> bytes:
    """The payload with another value at a place."""
    value = _decode(payload)
    if not path:
        return _encode(fix)
    *parent, last = Pointer.parse(path).tokens
    holder = Pointer(tuple(parent)).get(value)
    holder[int(last) if isinstance(holder, list) else last] = fix
    return _encode(value)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in REFUSED])
def test_what_a_rejection_says_would_help_does(case: Case) -> None:
    """The fix gets past its place; a mode that would take it, and an option that the message declares, do."""
    for told in violations(case, case.payload):
        if "fix" in told.params:
            mended = violations(case, repaired(case.payload, told.path, told.params["fix"]))
            assert told.path not in [each.path for each in mended], told
        if told.coercible_in is not None:
            wider = violations(case, case.payload, mode=told.coercible_in)
            assert (told.path, told.code) not in [(each.path, each.code) for each in wider], told
        for name, text in re.findall(r"declare ([a-z_]+): (\S+|\[.*?\]) in the contract", told.message):
            if name in {"mode", "defaults", "unknown_fields", "parse_json_strings"}:
                continue
            option = {name: text if text == "null" else parse(text).value}
            options = case.declared.get("options", {}) | option
            overrides = {
                place: below | option if name in below else below  # where the nearest declaration is
                for place, below in case.declared.get("overrides", {}).items()
            }
            declared = violations(case, case.payload, options=options, overrides=overrides)
            assert (told.path, told.code) not in [(each.path, each.code) for each in declared], told


@pytest.mark.parametrize(
    ("schema", "mode", "payload", "fix"),
    [
        ("double", "lossless", '"21,5"', 21.5),
        ("double", "strict", '"21,5"', 21.5),
        ("double", "strict", '"21.5"', 21.5),
        ("double", "strict", '"1e3"', 1000.0),
        ("double", "lossless", '"+.5"', 0.5),
        ("double", "lossless", '"0.1234567890123456789"', 0.12345678901234568),
        ("double", "lossless", "9007199254740993", 9007199254740992),
        ("float", "strict", "23.456789012", 23.456789),
        ("long", "lossless", '"007"', 7),
        ("long", "lossless", '" 7"', 7),
        ("long", "strict", '"1e3"', 1000),
        ("long", "strict", "3.0", 3),
        ("boolean", "lossless", '"on"', True),
        ("boolean", "lossless", '"0"', False),
        ("boolean", "strict", '"TRUE"', True),
        ("boolean", "strict", "1", True),
        ("string", "strict", "7", "7"),
        ("string", "lossless", "3.5", "3.5"),
        (STATE, "lossless", '"running"', "RUNNING"),
        (STATE, "lossless", '"RUNING"', "RUNNING"),
        (TIMESTAMP, "lossless", "1700000000", 1700000000000),
        (TIMESTAMP, "lossless", '"1700000000"', 1700000000000),
        (TIMESTAMP, "lossless", '"20240131T101500Z"', "2024-01-31T10:15:00Z"),
        (TIMESTAMP, "lossless", '"2024-01-31T10:15Z"', "2024-01-31T10:15:00Z"),
        (TIMESTAMP, "lossless", '"2024-01-31T10:15:00.1239Z"', "2024-01-31T10:15:00.123Z"),
        (LOCAL, "lossless", '"2024-01-31 10:15"', "2024-01-31T10:15:00"),
        (DATE, "lossless", '"2024-01-31T00:00:00Z"', "2024-01-31"),
        (DATE, "strict", '"1970-01-03"', 2),
        (TIME, "lossless", '"10:15"', "10:15:00"),
        (TIME, "lossless", '"10:15:00.12399"', "10:15:00.123"),
        (MONEY, "lossless", "1.236", 1.24),
        (MONEY, "lossless", '"1.236"', "1.24"),
        (MONEY, "lossless", '"1,5"', 1.5),
        (MONEY, "strict", '"12.50"', 12.5),
        (UUID, "lossless", '"{12345678-1234-1234-1234-123456789012}"', "12345678-1234-1234-1234-123456789012"),
        (DURATION, "lossless", '"PT1.0001S"', "PT1.000S"),
        (LIST, "lossless", "5", [5]),
        (["null", "double"], "lossless", '"21,5"', 21.5),
        (["long", "double", STATE], "lossless", '"21,5"', 21.5),
    ],
)
def test_the_value_that_must_be_meant(schema: Any, mode: str, payload: str, fix: Any) -> None:
    """Where there is one reading, the fix is it, as JSON of its own kind; and the message says to publish it."""
    [told] = refused(version_of(schema), payload, mode=mode).violations
    assert told.params["fix"] == fix
    assert type(told.params["fix"]) is type(fix)
    assert f"; publish {json.dumps(fix)} instead of " in told.message


@pytest.mark.parametrize(
    ("schema", "mode", "payload"),
    [
        ("double", "lossless", '"1,234"'),
        ("double", "strict", '"1,234"'),
        ("double", "lenient", '"1,234"'),
        ("double", "lossless", "true"),
        ("double", "lossless", '"NaN"'),
        ("double", "lossless", '"21 C"'),
        ("double", "lossless", '"1e-400"'),
        (["null", "double"], "lossless", '""'),
        ("long", "lossless", "3.7"),
        ("long", "lossless", '"21,5"'),
        ("long", "lossless", "9007199254740993.0"),
        ("int", "lossless", "3000000000"),
        ("float", "lossless", "1e-60"),
        ("bytes", "lossless", '"3q2+7w=="'),
        ("boolean", "lossless", "2"),
        ({**STATE, "symbols": ["STARTED", "STARTER"]}, "lossless", '"STARTE"'),
        ({**STATE, "symbols": ["On", "ON"]}, "lossless", '"on"'),
        (TIMESTAMP, "lossless", '"2018-10-31T11:57:31"'),
        (TIMESTAMP, "lossless", "20240101"),
        (TIMESTAMP, "lossless", '"01.02.2024 10:15"'),
        (LOCAL, "lossless", '"2024-01-31T10:15:00Z"'),
        (DATE, "lossless", '"2024-01-31T10:15:00Z"'),
        (["string", "boolean"], "lossless", "1"),
        (LIST, "lossless", '"x"'),
        (MONEY, "lossless", "12345.67"),
    ],
)
def test_no_guess_between_two_readings(schema: Any, mode: str, payload: str) -> None:
    """Where a value could mean two things, or something would have to be invented, there is no fix."""
    for told in refused(version_of(schema), payload, mode=mode).violations:
        assert "fix" not in told.params, told


def test_the_separator_that_a_contract_declares_is_not_the_device_s() -> None:
    """With a comma declared, a point is the near miss; 1.234 may still be either."""
    declared: dict[str, Any] = {"options": {"decimal_separator": ","}}
    [point] = refused(version_of("double"), '"21.5"', **declared).violations
    assert point.params == {"hint": "decimal_separator", "fix": 21.5}
    [either] = refused(version_of("double"), '"1.234"', **declared).violations
    assert "fix" not in either.params


def test_base64_in_the_other_alphabet_or_without_padding() -> None:
    """The same bytes as the declared encoding writes them; other text stays unexplained."""
    version, declared = version_of("bytes"), {"options": {"bytes_encoding": "base64"}}
    for text in ("3q2+7w", "3q2-7w=="):
        [told] = refused(version, json.dumps(text), **declared).violations
        assert told.params == {"format": "base64", "fix": "3q2+7w=="}
    [none] = refused(version, '"YR=="', **declared).violations
    assert none.params == {"format": "base64"}


def test_the_place_of_what_was_wrapped_is_where_it_stands() -> None:
    """A path leads through the payload as it came, although the schema judges a list."""
    items = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["m"]}}
    schema = {"type": "object", "properties": {"t": {"type": "array", "items": {"type": "number"}}, "o": items}}
    rejection = refused(json_version(schema), '{"t": "7,5", "o": {"n": "x"}}', mode="lenient")
    assert {(told.code, told.path, told.params.get("fix", MISSING)) for told in rejection.violations} == {
        (Code.INVALID_NUMBER, "/t", 7.5),
        (Code.INVALID_NUMBER, "/o/n", MISSING),
        (Code.MISSING_REQUIRED, "/o/m", MISSING),
    }


def test_an_unknown_field_of_a_default_is_told() -> None:
    """The payload has no such object, so there is nothing of it to look at."""
    closed = {"default": {"x": 1}, "type": "object", "properties": {"y": {}}, "additionalProperties": False}
    schema = {"type": "object", "properties": {"p": closed, "q": {}}}
    [told] = refused(json_version(schema), '{"q": 1}', options={"defaults": "fill"}).violations
    assert (told.code, told.path) == (Code.UNKNOWN_FIELD, "/p/x")


def test_a_wider_mode_for_arrays_and_unions_is_found_by_trying_too() -> None:
    """``coercible_in`` is not only known of scalars."""
    schema = record_schema(("l", LIST), ("u", ["boolean", "long", "null"]), name="R")
    rejection = refused(version_of(schema), '{"l": "x", "u": "maybe"}')
    assert [(told.path, told.coercible_in) for told in rejection.violations] == [("/l", None), ("/u", None)]
    rejection = refused(version_of(schema), '{"l": 5, "u": " 7"}')
    assert [(told.path, told.coercible_in) for told in rejection.violations] == [
        ("/l", Mode.LENIENT),
        ("/u", Mode.LENIENT),
    ]


def test_a_huge_union_is_not_compiled_for_a_hint() -> None:
    """Where finding out would take long, nothing is said: a rejection stays cheap."""
    wide = [
        record_schema(*[(f"f{n}", ["null", "double", "boolean"]) for n in range(60)], name=f"R{m}") for m in range(3)
    ]
    [told] = refused(version_of(["null", *wide, "boolean"]), '"yes"').violations
    assert told.coercible_in is None


def test_a_fix_is_short() -> None:
    """Nothing longer than a quoted value."""
    [told] = refused(version_of(LIST | {"items": "string"}), json.dumps("x" * 100)).violations
    assert "fix" not in told.params


def test_a_text_with_a_tiny_exponent_costs_nothing() -> None:
    """A million zeros are not written down to find that they are too long."""
    refusal = Refused(Code.TYPE_MISMATCH, "a number")
    assert list(candidates(refusal, "1e-999999", MISSING)) == []


@st.composite
def _refusable(draw: st.DrawFn) -> tuple[Any, Declared, Any]:
    inner = draw(schemas(2, loose=True))
    schema = record_schema(("v", inner), name="Top")
    return schema, draw(declarations(schema)), {"v": draw(loose_values(inner))}


@given(_refusable(), st.sampled_from([Mode.LOSSLESS, Mode.LENIENT]))
def test_a_payload_that_is_repaired_so_gets_past_the_place(made: tuple[Any, Declared, Any], mode: Mode) -> None:
    """Whatever the schema, the options and the payload: no violation at the place of a fix is left, nor above it."""
    schema, declared, value = made
    _check_fixes(version_of(schema), value, mode=mode, **declared)


@st.composite
def _refusable_by_json_schema(draw: st.DrawFn) -> tuple[Any, Any]:
    properties = draw(st.dictionaries(st.sampled_from("abc"), _PROPERTIES, min_size=1))
    values = {name: draw(_LOOSE) for name in properties}
    return {"type": "object", "properties": properties, "required": list(properties)}, values


_PROPERTIES = st.sampled_from(
    [
        {"type": "number", "minimum": -50, "multipleOf": 0.5},
        {"type": "integer", "enum": [1, 2, 3]},
        {"type": ["integer", "string"], "maxLength": 3},
        {"type": "boolean", "const": True},
        {"enum": ["RUNNING", "STOPPED"]},
        {"type": "array", "items": {"type": "number", "maximum": 9}, "maxItems": 1},
        {"anyOf": [{"type": "number", "minimum": 3}, {"type": "boolean"}]},
        {"not": {"type": "number"}, "type": ["string", "number"]},
        {"$ref": "#/properties/a"},
    ]
)
_LOOSE: st.SearchStrategy[Any] = st.sampled_from(
    [True, 1, 7, 2.5, "1", "7,5", "-60", "007", "on", "RUNING", "runnin", "", "x", None, [3], ["1,5"], {}]
)


@given(_refusable_by_json_schema(), st.sampled_from(list(Mode)))
def test_so_does_one_that_a_json_schema_judges(made: tuple[Any, Any], mode: Mode) -> None:
    """Whatever other keywords say of what a value became."""
    schema, value = made
    properties = schema["properties"]
    if properties.get("a", {}).get("$ref") or ("$ref" in str(properties) and "a" not in properties):
        return  # refers to itself, or to nothing
    _check_fixes(json_version(schema), value, mode=mode)


def _check_fixes(version: SchemaVersion, value: Any, **declared: Any) -> None:
    try:
        outcome = encode(version, _encode(value), **declared)
    except SchemaError:  # aliases that mean two fields
        return
    for told in outcome.violations if isinstance(outcome, Rejection) else ():
        if "fix" in told.params:
            again = encode(version, repaired(_encode(value), told.path, told.params["fix"]), **declared)
            left = [each.path for each in again.violations] if isinstance(again, Rejection) else []
            assert told.path not in left, (told, again)
