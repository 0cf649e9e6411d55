"""Coercion guided by the validator's errors: rounds, branches, several mistakes at once, what is told of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.model import Mode, Record
from tests.unit.compile.compiled import (
    accepted,
    conversions,
    encode,
    json_version,
    reason,
    record_schema,
    refused,
    version_of,
)

READING = {
    "type": "object",
    "required": ["id", "temp"],
    "properties": {
        "id": {"type": "string"},
        "temp": {"type": "number"},
        "on": {"type": "boolean"},
        "unit": {"enum": ["C", "F"]},
    },
    "additionalProperties": False,
}


def test_every_violation_is_told_with_path_and_what_would_help():
    """A refused payload is explained whole: the misspelled field first, then the missing one and the wrong values."""
    payload = '{"id":"p","tmp":1,"on":"maybe","unit":"K"}'
    rejection = refused(json_version(READING), payload)
    told = {(str(violation.code), violation.path) for violation in rejection.violations}
    assert told == {
        ("unknown-field", "/tmp"),
        ("missing-required", "/temp"),
        ("invalid-boolean", "/on"),
        ("not-in-enum", "/unit"),
    }
    first = rejection.violations[0]
    assert (first.code, first.params) == ("unknown-field", {"field": "tmp", "nearest": "temp"})


def test_the_lowest_mode_that_would_convert_is_named():
    """``coercible_in`` is found by trying."""
    version = json_version(READING)
    strict = refused(version, '{"id":"p","temp":"1"}', mode=Mode.STRICT).violations[0]
    assert (strict.path, strict.coercible_in) == ("/temp", Mode.LOSSLESS)
    strict = refused(version, '{"id":"p","temp":true}', mode=Mode.STRICT).violations[0]
    assert (strict.path, strict.coercible_in) == ("/temp", Mode.LENIENT)
    strict = refused(version, '{"id":"p","temp":[]}', mode=Mode.STRICT).violations[0]
    assert (strict.path, strict.coercible_in) == ("/temp", None)
    lossless = refused(version, '{"id":"p","temp":"007"}').violations[0]
    assert (lossless.code, lossless.coercible_in) == ("invalid-number", Mode.LENIENT)


def test_paths_are_escaped_pointers_into_the_input():
    """``/`` and ``~`` in a key are escaped, an index is a number, and the value is the one that came."""
    version = json_version({"additionalProperties": {"type": "array", "items": {"type": "integer"}}})
    violation = refused(version, '{"a/b~":[1,"x"]}').violations[0]
    assert (violation.path, violation.found, violation.value) == ("/a~1b~0/1", "string", "x")


def test_conversions_uncover_conversions():
    """What a conversion makes valid can bring a further condition into force, which is mended in the next round."""
    version = json_version(
        {
            "properties": {"v": {"type": "integer"}, "w": {}},
            "if": {"properties": {"v": {"type": "integer"}}, "required": ["v"]},
            "then": {"properties": {"w": {"type": "number"}}},
        }
    )
    record = accepted(version, '{"v":"1","w":"2.5"}')
    assert record.value[5:] == b'{"v":1,"w":2.5}'
    assert conversions(record) == [("/v", "string-to-number"), ("/w", "string-to-number")]


def _nested_conditions(levels: int) -> Any:
    """``a0`` must be an integer; only once it is, ``a1`` must be, and so on."""
    schema: Any = True
    for level in reversed(range(levels)):
        name = f"a{level}"
        integer = {"properties": {name: {"type": "integer"}}, "required": [name]}
        schema = {"allOf": [integer], "if": integer, "then": schema}
    return schema


def test_at_most_four_rounds_are_made():
    """A fifth round is not made: the payload is refused instead of being turned over without end."""
    payload = {f"a{level}": "1" for level in range(5)}
    four = {name: payload[name] for name in list(payload)[:4]}
    assert accepted(json_version(_nested_conditions(4)), json.dumps(four)).value[5:] == b'{"a0":1,"a1":1,"a2":1,"a3":1}'
    assert reason(refused(json_version(_nested_conditions(5)), json.dumps(payload))) == ("type-mismatch", "/a4")


def test_a_payload_with_an_error_that_no_conversion_mends_is_refused():
    """If any error is left that is not of type, the payload is refused, even if a conversion would silence it."""
    version = json_version(
        {
            "properties": {"v": {"type": "integer"}},
            "if": {"properties": {"v": {"type": "string"}}, "required": ["v"]},
            "then": {"required": ["unit"]},
        }
    )
    assert reason(refused(version, '{"v":"5"}'))[0] in {"missing-required", "type-mismatch"}


def test_the_input_is_not_changed_by_attempts():
    """The device's own values are told, not those of an attempt that failed."""
    version = json_version({"properties": {"a": {"type": "integer", "maximum": 5}, "b": {"type": "boolean"}}})
    rejection = refused(version, '{"a":"9","b":"x"}')
    assert {(violation.path, violation.value) for violation in rejection.violations} == {("/a", "9"), ("/b", "x")}


def test_one_branch_that_types_mend_is_taken_and_another_left_alone():
    """A branch that fails by a constant is no candidate; the other one is mended at its leaves, and only there."""
    version = json_version(
        {
            "oneOf": [
                {"properties": {"kind": {"const": "t"}, "v": {"type": "number"}}, "required": ["kind", "v"]},
                {"properties": {"kind": {"const": "s"}, "v": {"type": "string"}}, "required": ["kind", "v"]},
            ]
        }
    )
    assert accepted(version, '{"kind":"t","v":"1.5"}').value[5:] == b'{"kind":"t","v":1.5}'
    assert accepted(version, '{"kind":"s","v":15}').value[5:] == b'{"kind":"s","v":"15"}'
    assert accepted(version, '{"kind":"s","v":"15"}').coercions == ()


def test_two_readings_are_named():
    """``union-ambiguous`` says which they are."""
    version = json_version({"properties": {"v": {"anyOf": [{"type": "string"}, {"type": "boolean"}]}}})
    violation = refused(version, '{"v":1}').violations[0]
    assert (violation.code, violation.path) == ("union-ambiguous", "/v")
    assert sorted(violation.params["candidates"]) == ["boolean", "string"]


def test_two_matching_branches_of_one_of_are_no_match():
    """A payload that fits two branches of ``oneOf`` is refused, and no conversion is tried on it."""
    version = json_version({"oneOf": [{"type": "integer"}, {"minimum": 0}]})
    assert reason(refused(version, "5")) == ("union-no-match", "")


@pytest.mark.parametrize("big", ["18446744073709551617", "-9223372036854775809", "1" + "0" * 300, "9" * 350])
def test_big_integers_keep_their_digits(big: str):
    """Beyond 64 bits, untouched and beside a conversion, in passing through and in being written anew."""
    version = json_version({"properties": {"n": {"type": "integer"}, "v": {"type": "integer"}}})
    assert accepted(version, f'{{"n":{big}}}').value[5:] == f'{{"n":{big}}}'.encode()
    assert accepted(version, f'{{"n":{big},"v":"1"}}').value[5:] == f'{{"n":{big},"v":1}}'.encode()


def test_multiple_of_is_decided_on_decimals():
    """19.99 is a multiple of 0.01, which binary arithmetic denies."""
    assert accepted(json_version({"multipleOf": 0.01}), "19.99")
    assert reason(refused(json_version({"multipleOf": 0.01}), "19.995")) == ("constraint-violated", "")


def test_options_hold_at_their_places():
    """An override holds for its subtree, an option for the rest."""
    version = json_version({"properties": {"a": {"type": "number"}, "l": {"items": {"type": "number"}}}})
    rules = {"overrides": {"/l/*": {"decimal_separator": ","}}}
    record = accepted(version, '{"a":"1.5","l":["2,5"]}', **rules)
    assert record.value[5:] == b'{"a":1.5,"l":[2.5]}'
    assert reason(refused(version, '{"a":"1,5"}', **rules)) == ("invalid-number", "/a")
    assert reason(refused(version, '{"l":["2.5"]}', **rules)) == ("invalid-number", "/l/0")


@pytest.mark.parametrize("mode", Mode)
def test_a_valid_payload_passes_through_byte_for_byte(mode: Mode):
    """White space, spelling of numbers, escapes and order stay, in every mode."""
    payload = '\t{ "temp" : 1.50 ,\r\n "id" : "\\u0041\\/" }\n'
    assert accepted(json_version(READING), payload, mode=mode).value[5:] == payload.encode()


def test_strict_never_converts():
    """Strict refuses what lossless converts, and records nothing for what it takes."""
    for payload in ('{"id":"p","temp":"1"}', '{"id":5,"temp":1}'):
        assert isinstance(encode(json_version(READING), payload), Record)
        assert reason(refused(json_version(READING), payload, mode=Mode.STRICT))[0] == "type-mismatch"


def test_avro_and_json_schema_read_the_same_texts_alike():
    """A device's "on" means the same under both languages, in each mode."""
    for text in ("true", "FALSE", "on", "Y", "1", "0", "2", "", "maybe"):
        for mode in Mode:
            payload = json.dumps({"v": text})
            json_outcome = encode(json_version({"properties": {"v": {"type": "boolean"}}}), payload, mode=mode)
            from_avro = encode(version_of(record_schema(("v", "boolean"))), payload, mode=mode)
            assert isinstance(json_outcome, Record) == isinstance(from_avro, Record), (text, mode)
            if isinstance(json_outcome, Record) and isinstance(from_avro, Record):
                assert json.loads(json_outcome.value[5:])["v"] == (from_avro.value[5:] == b"\x01")
