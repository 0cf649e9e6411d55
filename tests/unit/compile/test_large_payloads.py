"""Payloads of the allowed size that are the worst case of one step: their cost grows with their size, not its square.

Costs of our own code are counted in Python calls. What a library costs is bounded by a process with limits: there
the wrong implementation needs hours or more memory than any machine has.
"""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from functools import partial
from typing import Any

import pytest

from gateway.compile.json_schema.telling import MOST_FLAWS
from gateway.config.options import FORMATS
from gateway.model import Mode, Record, Rejection
from tests.unit.compile.compiled import (
    ARRIVAL,
    accepted,
    binding_of,
    conversions,
    encode,
    json_version,
    reason,
    record_schema,
    refused,
    version_of,
)
from tests.unit.compile.limited import encode_limited
from tests.unit.compile.test_hostile import bounded

MANY = 20_000
WIDE = {f"field_{n}_measure": {"type": "integer"} for n in range(100)}
MISSPELLED = {f"field_{n}_measur": n for n in range(MANY)}
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("known", [{}, {"field_1_measure": 1}], ids=["none known", "one known"])
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "version",
    [
        version_of(record_schema(*((name, ["null", "int"]) for name in WIDE))),
        json_version({"properties": WIDE, "additionalProperties": False}),
        json_version({"$schema": DRAFT_2020, "properties": WIDE, "unevaluatedProperties": False}),
    ],
    ids=["avro", "additionalProperties", "unevaluatedProperties"],
)
def test_only_the_misspelled_names_that_are_told_are_looked_up(version: Any, mode: Mode, known: dict[str, int]):
    """Of thousands of unknown fields the nearest known name is looked for ten times, not thousands of times."""
    binding = binding_of(version, mode=mode)
    payload = json.dumps({**known, **MISSPELLED}).encode()
    outcome = bounded(lambda: binding.encode(payload, ARRIVAL), 20 * MANY)
    if isinstance(outcome, Rejection) and outcome.code == "unknown-field":
        assert len(outcome.violations) == 10
        assert outcome.truncated
        assert {violation.params["nearest"] for violation in outcome.violations} <= WIDE.keys()


def test_a_wrong_value_far_down_is_looked_for_once_at_each_level():
    """A long list at the bottom of nested records is not encoded again for every level above it."""
    node = record_schema(
        ("v", {"type": "array", "items": "int"}), {"name": "next", "type": ["null", "Node"]}, name="Node"
    )
    payload = '{"v":[],"next":' * 60 + '{"v":["x"' + ',"1"' * MANY + '],"next":null}' + "}" * 60
    for mode in Mode:
        binding = binding_of(version_of(node), mode=mode)
        outcome = bounded(partial(binding.encode, payload.encode(), ARRIVAL), 30 * MANY)
        assert outcome.violations[0].path == "/next" * 60 + "/v/0"


ANY_OF = {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}}


def test_a_long_list_of_alternatives_is_mended_together():
    """Thousands of values that an alternative mends are judged together, not each with all the others around it."""
    for mode in (Mode.LOSSLESS, Mode.LENIENT):
        answer = encode_limited(json_version(ANY_OF), json.dumps(["17"] * 5_000), mode=mode)
        assert (answer.code, answer.conversions) == ("accepted", 5_000)


def test_alternatives_that_stand_together_are_mended_each_for_itself():
    """One list item by its first branch, one by its second, one not at all; inside each other too."""
    pair = {"properties": {"a": ANY_OF["items"], "b": {"anyOf": [{"type": "null"}, {"type": "number"}]}}}
    version = json_version({"items": {"allOf": [pair, {"required": ["a"]}]}})
    record = accepted(version, '[{"a":"1","b":"2.5"},{"a":"true","b":2},{"a":1}]')
    assert json.loads(record.value[5:]) == [{"a": 1, "b": 2.5}, {"a": True, "b": 2}, {"a": 1}]
    rejection = refused(version, '[{"a":"1","b":"2.5"},{"a":"x","b":2},{"a":1}]')
    assert reason(rejection) == ("union-no-match", "/1/a")
    assert len(rejection.violations) == 1


def test_branches_that_each_read_a_value_differently_are_tried_within_bounds():
    """Each try makes all errors anew: a few wrong objects are told, of thousands the limit."""
    branches = [{"properties": {f"f{n}": {"type": "number", "minimum": 9}}} for n in range(50)]
    version = json_version({"items": {"anyOf": branches}})
    wrong = {f"f{n}": "1" for n in range(50)}
    assert refused(version, json.dumps([wrong] * 2)).code == "union-no-match"
    assert encode_limited(version, json.dumps([wrong] * 300)).code == "payload-limit"


BULK = json.dumps({"v": [1] * 100_000})


@pytest.mark.parametrize(
    ("schema", "payload", "code"),
    [
        ({"propertyNames": {"pattern": "^[a-z]+$"}}, json.dumps(MISSPELLED), "constraint-violated"),
        ({"required": [f"q{n}" for n in range(400)]}, BULK, "missing-required"),
        ({"allOf": [{"minProperties": 2}] * 400}, BULK, "constraint-violated"),
        ({"anyOf": [{"required": [f"q{n}" for n in range(100)]}] * 5}, BULK, "payload-limit"),
        ({"dependentRequired": {"v": [f"q{n}" for n in range(400)]}}, BULK, "missing-required"),
    ],
    ids=["propertyNames", "required", "allOf", "anyOf", "dependentRequired"],
)
@pytest.mark.parametrize("mode", [Mode.STRICT, Mode.LENIENT])
def test_errors_about_something_large_do_not_fill_the_memory(schema: Any, payload: str, code: str, mode: Mode):
    """Each error of the validator holds a copy of what it is about: of many about something large one is told."""
    answer = encode_limited(json_version({"$schema": DRAFT_2020, **schema}), payload, mode=mode)
    assert answer.code == code


def test_small_payloads_are_told_every_error():
    """Where it costs little, all is told, of names too."""
    version = json_version({"propertyNames": {"pattern": "^[a-z]+$"}, "required": ["q", "r"]})
    rejection = refused(version, json.dumps({f"k{n}": n for n in range(5)}))
    assert len(rejection.violations) == 7
    assert not rejection.truncated


def test_more_errors_than_are_looked_at_are_told_as_such():
    """A list of wrong values that no conversion mends is refused by the first of them, and that it goes on is said."""
    version = json_version({"items": {"type": "integer", "minimum": 5}})
    rejection = refused(version, json.dumps([1] * (MOST_FLAWS + 1)), mode=Mode.STRICT)
    assert reason(rejection) == ("constraint-violated", "/0")
    assert rejection.truncated
    rejection = refused(version, json.dumps([{}] * 200_000))
    assert rejection.code == "type-mismatch"
    assert rejection.truncated


def test_more_conversions_than_are_made_are_a_limit():
    """Where only conversions are missing, and too many of them, the refusal says that, not that a value is wrong."""
    version = json_version({"allOf": [{"items": {"type": "integer"}}]})
    assert len(accepted(version, json.dumps(["1"] * 1_000)).coercions) == 1_000
    rejection = refused(version, json.dumps(["1"] * (MOST_FLAWS + 1)))
    assert reason(rejection) == ("payload-limit", "")
    assert rejection.violations[0].params["limit"] == "conversions"
    rejection = refused(version, json.dumps(["1"] * MOST_FLAWS + ["x"]))
    assert reason(rejection) == ("invalid-number", f"/{MOST_FLAWS}")


def test_plainly_typed_values_are_converted_whatever_their_number():
    """Where the schema says plainly what it wants, there is no such limit."""
    version = json_version({"items": {"type": "integer"}})
    assert len(accepted(version, json.dumps(["1"] * (MOST_FLAWS + 1))).coercions) == MOST_FLAWS + 1


LONG = 45_000
FORMAT_BOMBS = (
    *("(" * LONG, "[" * LONG, "(a+)+" * (LONG // 5), "a{999}" * (LONG // 6), "(?:" * 9_000 + ")" * 9_000),
    *("xn--" + "a" * LONG, "ü." * (LONG // 2), "{a}" * LONG, "P" + "1" * LONG + "D", ":" * LONG, "~0" * LONG),
    *("a." * LONG, "http://[" + ":" * LONG, "http://" + "%41" * LONG, "a@" * LONG, '"' + "a" * LONG + '"@a'),
)


def test_a_long_text_costs_little_for_every_format():
    """Patterns in patterns, names of a thousand labels, templates of nothing: each is judged by each format."""
    either = {name: {"items": {"anyOf": [{"format": name}, {"type": "string"}]}} for name in FORMATS}
    payload = json.dumps(dict.fromkeys(FORMATS, FORMAT_BOMBS))
    answer = encode_limited(json_version({"properties": either}), payload, options={"formats": "check"})
    assert answer.code == "accepted"


@pytest.mark.parametrize("tail", ["", "\\"], ids=["open", "lone backslash"])
def test_a_text_that_does_not_end_is_looked_through_once(tail: str):
    """With nan_literals a repair skips texts; one full of escaped quotes without an end is one text."""
    answer = encode_limited(
        json_version(True), '["' + '\\"' * 300_000 + tail, mode=Mode.LOSSLESS, options={"nan_literals": "null"}
    )
    assert answer.code == "json-invalid"


BOMBS = {
    "digits": "1" * 900_000,
    "fraction": "0." + "1" * 900_000,
    "small": "0." + "0" * 900_000 + "1",
    "exponent": "1" * 900_000 + "e-900000",
    "far exponent": "1e" + "9" * 900_000,
}
TEXTS = {
    "spaces": " " * 900_000,
    "seconds": "2024-01-01T00:00:00." + "0" * 900_000 + "Z",
    "period": "P" + "1" * 900_000,
    "commas": "1,111" * 180_000,
    "hex": "ab" * 450_000,
    "signs": "+-" * 450_000,
}
TARGETS: list[Any] = [
    *("boolean", "int", "float", "double", "string", "bytes"),
    {"type": "bytes", "logicalType": "decimal", "precision": 4000, "scale": 2000},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
    {"type": "enum", "name": "E", "symbols": ["AA", "BB"]},
]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_long_text_or_number_costs_little_for_every_target(target: Any):
    """A megabyte of digits, white space or punctuation is a few calls, whatever it should become."""
    binding = binding_of(version_of(target), mode=Mode.LENIENT)
    for text in (*(f'"{text}"' for text in (*BOMBS.values(), *TEXTS.values())), *BOMBS.values()):
        outcome = bounded(partial(binding.encode, text.encode(), ARRIVAL), 2_000)
        if isinstance(outcome, Rejection):
            assert len(outcome.violations[0].message) < 10_000


def test_a_megabyte_of_every_kind_is_answered_in_a_process_of_its_own():
    """The same for the time inside libraries: one union that tries all targets, on the longest texts."""
    union = ["null", "boolean", "int", "double", TARGETS[6], TARGETS[7], TARGETS[11], TARGETS[12]]
    answer = encode_limited(
        version_of(record_schema(("v", {"type": "array", "items": union}))),
        '{"v":[' + ",".join(f'"{text[:150_000]}"' for text in BOMBS.values()) + "]}",
        mode=Mode.LENIENT,
    )
    assert answer.code in {"union-no-match", "union-ambiguous"}


def test_what_is_kept_of_payloads_is_bounded():
    """Names and conversions that payloads choose themselves leave nothing behind, however many there are."""
    json_map = binding_of(json_version({"additionalProperties": {"type": "integer"}}), mode=Mode.LENIENT)
    dropping = binding_of(version_of(record_schema(("a", "int"))), mode=Mode.LENIENT)
    loose = binding_of(version_of({"type": "array", "items": "int"}))

    def payloads(turn: int) -> None:
        long_key = f"{turn:08}" + "k" * 200_000
        for binding, payload in (
            (json_map, {long_key: "1"}),
            (json_map, {long_key: "x"}),
            (dropping, {"a": 1, long_key: 2}),
            (dropping, {"b": 1, long_key: 2}),
            (loose, ["1"] * (20_000 + turn)),
        ):
            assert isinstance(binding.encode(json.dumps(payload).encode(), ARRIVAL), Record | Rejection)

    for turn in range(5):
        payloads(turn)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for turn in range(5, 25):
            payloads(turn)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 200_000, f"{grown} bytes were kept of 20 rounds"


def test_a_header_of_many_conversions_is_as_bounded_as_a_kept_one():
    """What is too long to be kept is written the same way."""
    version = version_of(record_schema(("a", {"type": "array", "items": "int"})))
    short, long = ({"a": ["1"] * count} for count in (2, 5_000))
    assert dict(accepted(version, json.dumps(short)).headers or ())["gw-coercions"].startswith(b"v1;m=lossless;n=2;")
    header = dict(accepted(version, json.dumps(long)).headers or ())["gw-coercions"]
    assert header == b"v1;m=lossless;n=5000;lossy=0;/a/*=string-to-number"


SURROGATES = [b'["\\ud800",%s]', b'[%s,"\\ud800"]', b'[%s,"\\udc00\\ud800"]', b'{"a":%s,"\\ud800":1}']


@pytest.mark.parametrize("text", SURROGATES)
@pytest.mark.parametrize(
    "version",
    [json_version(True), version_of({"type": "array", "items": ["string", "double"]}), version_of("double")],
    ids=["json", "avro array", "avro"],
)
@pytest.mark.parametrize("mode", Mode)
def test_half_a_character_beside_a_huge_integer_is_no_json(text: bytes, version: Any, mode: Mode):
    """An integer beyond Python's 4300 digits does not bring a laxer decoder with it."""
    assert encode(version, text % (b"1" * 5_000), mode=mode).code == "json-invalid"  # type: ignore[union-attr]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_a_bare_nan_beside_a_huge_integer_is_no_json(literal: str):
    """Nor does NaN become a number then, and the place of the mistake is told as it is without such an integer."""
    version = version_of(record_schema(("a", "double")))
    payload = f'{{"x":{"1" * 5_000},"a":{literal}}}'
    violation = refused(version, payload, mode=Mode.LENIENT).violations[0]
    assert (violation.code, violation.params.get("hint")) == ("json-invalid", "nan-literal")
    assert payload[violation.params["offset"] :].startswith(literal)


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("digits", [4_299, 4_300, 4_301, 4_302])
def test_an_integer_at_the_limit_of_digits_keeps_them(sign: str, digits: int):
    """On both sides of the limit an unknown field's number is captured with all its digits."""
    version = version_of(record_schema(("a", "int"), ("m", {"type": "map", "values": "string"})))
    number = sign + "1" * digits
    record = accepted(version, f'{{"a":1,"m":{{}},"x":{number}}}', options={"unknown_fields": {"capture": "/m"}})
    assert number.encode() in record.value
    assert conversions(record) == [("/m", "unknown-captured")]


def test_depth_bounds_a_huge_number_too():
    """Deep nesting around a number that no double holds is a payload-limit, not the end of the stack."""
    for levels in (65, 900, 4_000):
        payload = "[" * levels + "1e999" + "]" * levels
        assert reason(refused(json_version(True), payload)) == ("payload-limit", "")
        assert reason(refused(version_of("double"), payload)) == ("payload-limit", "")
    assert sys.getrecursionlimit() < 4_000
