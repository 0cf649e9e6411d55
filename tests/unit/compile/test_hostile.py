"""Payloads and schemas that want to break the gateway: each is answered at once, with its code.

A payload that costs time is not measured by the clock but by the calls that Python makes: the limit is far
above what a sane implementation needs, and far below what an exponential one takes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from gateway.errors import SchemaError
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
    route_of,
    version_of,
)
from tests.unit.compile.limited import encode_limited

MOST_CALLS = 1_000_000

NODE = record_schema(("v", "int"), {"name": "next", "type": ["null", "Node"], "default": None}, name="Node")
TREE = record_schema(("v", "int"), {"name": "next", "type": ["null", "string", "Tree"], "default": None}, name="Tree")
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}
TIMESTAMP = {"type": "long", "logicalType": "timestamp-millis"}


class TooMuchWork(BaseException):
    """More calls than any payload may cost; a BaseException, so that nothing takes it for a refusal."""


def bounded(work: Callable[[], Any], most_calls: int = MOST_CALLS) -> Any:
    """What ``work`` returns. Raises TooMuchWork after ``most_calls`` calls of Python functions."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"
        if calls > most_calls:
            sys.setprofile(None)
            raise TooMuchWork(f"more than {most_calls} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        return work()
    finally:
        sys.setprofile(before)


def linked(levels: int, innermost: str = '"v":1,"next":null') -> str:
    """A list of ``levels`` + 1 nodes, one inside the other."""
    return '{"v":1,"next":' * levels + "{" + innermost + "}" + "}" * levels


@pytest.mark.parametrize("mode", Mode)
def test_a_recursive_record_costs_no_more_than_its_size(mode: Mode):
    """A long list of valid nodes is encoded, each node once."""
    outcome = bounded(lambda: encode(version_of(NODE), linked(60), mode=mode))
    assert isinstance(outcome, Record)
    assert outcome.value[5:] == b"\x02\x02" * 60 + b"\x02\x00"


@pytest.mark.parametrize("mode", Mode)
def test_a_wrong_value_deep_inside_costs_no_more_than_the_size_of_its_payload(mode: Mode):
    """A mistake at the end of a long list is found without trying every union again at every level."""
    outcome = bounded(lambda: encode(version_of(NODE), linked(40, '"v":"x","next":null'), mode=mode))
    assert isinstance(outcome, Rejection)
    assert outcome.violations[0].path == "/next" * 40 + "/v"


@pytest.mark.parametrize(
    ("innermost", "mode", "passes"),
    [
        *(('"v":1,"next":null', mode, True) for mode in Mode),
        ('"v":1', Mode.LOSSLESS, True),
        ('"v":1', Mode.LENIENT, True),
        ('"v":"5","next":null', Mode.LOSSLESS, True),
        ('"v":"5","next":null', Mode.LENIENT, True),
        *(('"v":"x","next":null', mode, False) for mode in Mode),
    ],
)
def test_a_union_of_several_branches_inside_itself_costs_no_more_than_its_size(
    innermost: str, mode: Mode, passes: bool
):
    """Trying branches in several modes does not multiply from level to level, whether the payload is good or bad."""
    outcome = bounded(lambda: encode(version_of(TREE), linked(40, innermost), mode=mode))
    assert isinstance(outcome, Record) == passes


TWO = record_schema(("v", "long"), {"name": "next", "type": ["null", "One", "Two"], "default": None}, name="Two")
ONE = record_schema(("v", "int"), {"name": "next", "type": ["null", "One", TWO], "default": None}, name="One")
"""Whatever fits one fits the other, at every level again."""


@pytest.mark.parametrize("innermost", ['"v":1,"next":null', '"v":"x","next":null', '"v":"5","next":null', '"v":1'])
@pytest.mark.parametrize("mode", Mode)
def test_two_records_that_contain_each_other_cost_no_more_than_their_size(innermost: str, mode: Mode):
    """Every level fits both branches, which is 2 ** 60 readings: still one answer, and soon."""
    binding = binding_of(version_of(ONE), mode=mode)
    outcome = bounded(lambda: binding.encode(linked(60, innermost).encode(), ARRIVAL), 100_000)
    assert isinstance(outcome, Rejection)
    assert reason(outcome) == ("union-no-match", "/next")


def test_many_objects_inside_a_union_are_accepted():
    """A union around thousands of unions bounds the ways of reading them, not their number."""
    reading = record_schema(("v", ["null", "string", "double"]), name="Reading")
    event = record_schema(("v", ["null", "string"]), ("kind", "string"), name="Event")
    batch = record_schema(("items", {"type": "array", "items": [reading, event]}), name="Batch")
    payload = json.dumps({"items": [{"v": 1.5}, {"v": None, "kind": "k"}] * 3000})
    assert accepted(version_of(["null", "string", batch]), payload).coercions == ()


def test_a_refusal_is_remembered_for_the_value_it_was_made_for():
    """Items that look the same to a forgetful eye: each is judged for itself."""
    item = record_schema(("v", "int"), name="Item")
    other = record_schema(("w", "int"), name="Other")
    version = version_of(record_schema(("u", ["null", "string", {"type": "array", "items": ["null", item, other]}])))
    record = accepted(version, '{"u":[{"v":"1"},{"w":"2"},{"v":3},{"w":4}]}')
    assert [code for _, code in conversions(record)] == ["string-to-number"] * 2
    assert reason(refused(version, '{"u":[{"v":1},{"v":"x"}]}')) == ("union-no-match", "/u")


def test_nesting_is_accepted_up_to_the_limit_and_not_beyond():
    """64 levels pass, 65 do not, for both languages, for arrays, objects and recursive records."""
    anything = json_version(True)
    assert accepted(anything, "[" * 64 + "]" * 64)
    assert reason(refused(anything, "[" * 65 + "]" * 65)) == ("payload-limit", "")
    assert accepted(anything, '{"a":' * 64 + "1" + "}" * 64)
    rejection = refused(anything, '{"a":' * 65 + "1" + "}" * 65)
    assert reason(rejection) == ("payload-limit", "")
    assert rejection.violations[0].params["limit"] == "depth"
    assert accepted(version_of(NODE), linked(63))
    assert reason(refused(version_of(NODE), linked(64))) == ("payload-limit", "")


def test_brackets_in_text_are_no_nesting():
    """Text full of brackets is as deep as the value that holds it."""
    assert accepted(json_version(True), json.dumps(["[" * 200, "{" * 200]))
    assert accepted(json_version(True), "[" + ",".join(["[]"] * 200) + "]")


@pytest.mark.parametrize("levels", [66, 500, 950, 5_000, 100_000])
@pytest.mark.parametrize("mode", Mode)
def test_deep_json_is_refused_whatever_the_schema(levels: int, mode: Mode):
    """Nesting up to and beyond what the decoder itself can take is one refusal, never an exception."""
    deep = "[" * levels + "]" * levels
    for version in (json_version(True), version_of(NODE), version_of("int")):
        assert reason(refused(version, deep, mode=mode)) == ("payload-limit", "")
    inside = f'{{"v":1,"next":null,"more":{deep}}}'
    assert reason(refused(version_of(NODE), inside, mode=mode)) == ("payload-limit", "")
    flat = version_of(record_schema(("v", "int")))
    assert reason(refused(flat, f'{{"v":1,"more":{deep}}}', mode=mode)) == ("payload-limit", "")


def test_the_limit_is_the_one_configured():
    """``limits.depth`` moves it."""
    assert accepted(json_version(True), "[[[]]]", depth=3)
    assert reason(refused(json_version(True), "[[[[]]]]", depth=3)) == ("payload-limit", "")


@pytest.mark.parametrize("levels", [100, 300, 900])
def test_deep_json_in_text_is_bounded_too(levels: int):
    """A text that holds JSON (parse_json_strings) must not be nested deeper than the payload itself may be."""
    version = version_of(record_schema(("p", NODE)))
    payload = json.dumps({"p": linked(levels)})
    outcome = encode(version, payload, options={"parse_json_strings": ["/p"]})
    assert isinstance(outcome, Rejection)


@pytest.mark.parametrize("levels", [66, 300, 900])
def test_repairing_a_deep_payload_ends_in_a_refusal(levels: int):
    """A bare nan at the bottom of deep nesting is a payload-limit, not an exception of the repair."""
    payload = "[" * levels + "nan" + "]" * levels
    assert reason(refused(json_version(True), payload, options={"nan_literals": "null"})) == ("payload-limit", "")


HUGE = "1e1000000000000000000000"
TINY = "1e-1000000000000000000000"
TARGETS: list[Any] = ["long", "float", "double", "boolean", "string", "bytes", DECIMAL, TIMESTAMP]


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("mode", Mode)
def test_an_exponent_beyond_every_decimal_is_refused(target: Any, mode: Mode):
    """A number with a 22-digit exponent is a refusal for every target."""
    assert isinstance(encode(version_of(target), HUGE, mode=mode), Rejection)


@pytest.mark.parametrize("version", [json_version(True), json_version({"type": "string"})], ids=["any", "string"])
def test_an_exponent_beyond_every_decimal_is_refused_by_json_schema_too(version: Any):
    """No reader could hold the number, so it is out of range even where the schema says nothing."""
    assert reason(refused(version, HUGE))[0] in {"out-of-range", "type-mismatch"}


@pytest.mark.parametrize(
    "text", ["1e1000000", "1e400", "1e999999999", "-1e1000000", "1" * 300_000, "0." + "1" * 300_000]
)
@pytest.mark.parametrize("target", ["int", "long", "double", "float", DECIMAL, TIMESTAMP], ids=str)
@pytest.mark.parametrize("quoted", [True, False])
def test_numbers_as_bombs_are_answered_at_once(text: str, target: Any, quoted: bool):
    """An exponent or a length that would take seconds to convert is judged before it is converted."""
    payload = f'"{text}"' if quoted else text
    outcome = bounded(lambda: encode(version_of(target), payload, mode=Mode.LENIENT))
    if isinstance(outcome, Record):
        assert len(outcome.value) < 20
    else:
        assert str(outcome.code) in {"out-of-range", "precision-loss", "fractional-part", "epoch-out-of-window"}
        assert len(outcome.violations[0].message) < 500


@pytest.mark.parametrize("digits", [400, 4_000, 5_000, 300_000])
@pytest.mark.parametrize("target", ["int", "long", "string", "boolean", "double", TIMESTAMP], ids=str)
def test_an_integer_of_many_digits_is_answered(digits: int, target: Any):
    """More digits than Python itself turns into text are a refusal, or kept exactly, never an exception."""
    outcome = encode(version_of(target), "1" * digits)
    if isinstance(outcome, Record):
        assert target == "string"
        assert digits <= 4_000
        assert b"1" * digits in outcome.value


@pytest.mark.parametrize("digits", [400, 4_000, 5_000, 300_000])
@pytest.mark.parametrize("kind", ["string", "boolean"])
def test_json_schema_answers_to_an_integer_of_many_digits(digits: int, kind: str):
    """The validator's refusal of such a number can be told, and its conversion is bounded as for Avro."""
    outcome = encode(json_version({"type": kind}), "1" * digits)
    assert isinstance(outcome, Record | Rejection)


@pytest.mark.parametrize("payload", ["[1e999", '{"a":1e999', "[1e999,nan]", "[1e999 1]", "[1e999," + "[" * 5_000])
@pytest.mark.parametrize("version", [version_of("double"), json_version(True)], ids=["avro", "json"])
def test_a_huge_number_before_a_mistake_is_a_refusal(payload: str, version: Any):
    """What stands behind a number beyond double may be wrong too: still a decode rejection."""
    assert refused(version, payload).code in {"json-invalid", "payload-limit"}


@pytest.mark.parametrize("schema", [True, {"type": "number"}, {"type": "object"}])
def test_a_number_beyond_double_does_not_pass_json_schema(schema: Any):
    """1e999 is infinity for most readers, so no schema lets it through."""
    payload = '{"a":1e999}' if schema == {"type": "object"} else "1e999"
    assert reason(refused(json_version(schema), payload))[0] == "out-of-range"


@pytest.mark.parametrize("payload", ["NaN", "-Infinity", '{"a":NaN}', "[nan]"])
def test_a_bare_nan_is_named_and_hinted_at(payload: str):
    """NaN is no JSON; the refusal says where it stands and which option repairs it."""
    violation = refused(json_version(True), payload).violations[0]
    assert (violation.code, violation.params["hint"]) == ("json-invalid", "nan-literal")
    assert payload[violation.params["offset"] :].lower().lstrip("-").startswith(("nan", "infinity"))
    assert "nan_literals" in violation.message


@pytest.mark.parametrize("payload", [b"", b" ", b"\n\t "])
def test_an_empty_payload_is_hinted_at(payload: bytes):
    """A cleared retained message is told from other broken JSON."""
    violation = refused(json_version(True), payload).violations[0]
    assert (violation.code, violation.params) == ("json-invalid", {"offset": 0, "hint": "empty"})


@pytest.mark.parametrize(
    ("payload", "offset"), [(b'"\xff"', 1), (b"\xff\xfe1\x00", 0), (b'{"a":"\xc3\x28"}', 6), (b"\xed\xa0\x80", 0)]
)
def test_bytes_that_are_no_utf_8_are_located(payload: bytes, offset: int):
    """The offset of the first byte that is no UTF-8 is told, and the payload is not quoted."""
    violation = refused(json_version(True), payload).violations[0]
    assert (violation.code, violation.params["offset"]) == ("payload-not-utf8", offset)


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udc00":1}', '["\\ud83d"]', '"\\ud83dx"'])
def test_lone_surrogates_are_no_json(text: str):
    """An escape that is half a character is refused before it can reach an encoder."""
    for version in (json_version(True), version_of("string")):
        assert refused(version, text).code == "json-invalid"


@pytest.mark.parametrize(
    ("payload", "hint"),
    [('{"a":1', "truncated"), ("1 2", "trailing-text"), ('"abc', "truncated"), ("[1,", "truncated")],
)
def test_broken_json_is_hinted_at(payload: str, hint: str):
    """A payload that was cut, or that has more behind its value, is told as such."""
    assert refused(json_version(True), payload).violations[0].params["hint"] == hint


def test_a_refusal_quotes_at_most_64_characters_of_a_value():
    """Neither the value nor the message grows with the payload."""
    violation = refused(version_of("int"), json.dumps("x" * 10_000)).violations[0]
    assert violation.value == "x" * 64
    assert len(violation.message) < 500


def test_at_most_ten_violations_are_listed():
    """Ten are listed, and that there were more is said."""
    rejection = refused(version_of({"type": "array", "items": "int"}), json.dumps(["x"] * 11))
    assert (len(rejection.violations), rejection.truncated) == (10, True)
    rejection = refused(version_of({"type": "array", "items": "int"}), json.dumps(["x"] * 10))
    assert (len(rejection.violations), rejection.truncated) == (10, False)


def test_items_without_width_cost_a_reader_no_more_than_the_payload():
    """An array of null is as long as the payload's own list, so no small payload becomes a large array."""
    record = accepted(version_of({"type": "array", "items": "null"}), "[" + ",".join(["null"] * 1000) + "]")
    assert record.value[5:] == b"\xd0\x0f\x00"


def test_many_unknown_fields_are_one_refusal_of_bounded_size():
    """A payload of 500 junk keys names ten or twenty of them, whatever the mode makes of them."""
    payload = json.dumps({f"{n}" + "k" * 1000: n for n in range(500)})
    for mode in Mode:
        rejection = refused(version_of(record_schema(("a", "int"))), payload, mode=mode)
        assert len(rejection.violations) <= 10
        assert len(json.dumps([dict(violation.params) for violation in rejection.violations])) < 25_000


def test_an_enum_map_onto_no_symbol_is_refused_when_the_contract_is_compiled():
    """A symbol that the schema's enum lacks is found at the start, not by the first device that says so."""
    with pytest.raises(SchemaError):
        route_of(version_of({"type": "enum", "name": "E", "symbols": ["A"]}), options={"enum_map": {"on": "B"}})


def test_a_schema_whose_size_doubles_with_each_line_is_refused_or_compiled_at_once():
    """30 records that each contain the one before twice are 2 ** 30 places: too many to compile one by one."""
    nested: Any = record_schema(("a", "int"), name="R0")
    for n in range(1, 30):
        nested = record_schema(("a", nested), ("b", f"R{n - 1}"), name=f"R{n}")
    with pytest.raises(SchemaError):
        bounded(lambda: route_of(version_of(nested)))


def test_a_long_chain_of_named_records_is_refused_or_compiled():
    """Names nest deeper than the text: 400 records, each a field of the next, are no RecursionError."""
    chain = [record_schema(("a", "int" if n == 0 else f"R{n - 1}"), name=f"R{n}") for n in range(400)]
    with pytest.raises(SchemaError):
        bounded(lambda: route_of(version_of(chain)))


def test_a_default_that_unfolds_by_the_defaults_inside_it_is_refused():
    """A thousand empty objects in a default, each with a default of a thousand: a million values, and so on."""
    inner: Any = record_schema({"name": "a", "type": {"type": "array", "items": "null"}, "default": [None] * 1000})
    for name in ("R1", "R2", "R3"):
        items = {"type": "array", "items": inner}
        inner = record_schema({"name": "a", "type": items, "default": [{}] * 1000}, name=name)
    with pytest.raises(SchemaError, match="unfolds"):
        bounded(lambda: route_of(version_of(inner)))


def test_an_enum_of_very_many_symbols_is_compiled_at_once():
    """Each symbol is compared with all before it by one look-up: 100 000 of them are no half hour."""
    answer = encode_limited(
        version_of({"type": "enum", "name": "E", "symbols": [f"S{n}" for n in range(100_000)]}), '"S99999"'
    )
    assert answer.code == "accepted"


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("string", '"\\ud800"'),
        ('{"type":"map","values":"int"}', '{"\\udc00":1}'),
        ("double", "1" * 4000),
        ("double", "1e999"),
        ("double", "NaN"),
        ("float", "-Infinity"),
    ],
)
def test_a_default_that_avro_cannot_hold_is_refused(kind: str, default: str):
    """Half a character has no UTF-8, and a number beyond double no bytes: found when the schema is loaded."""
    kind = kind if kind.startswith("{") else f'"{kind}"'
    text = f'{{"type":"record","name":"R","fields":[{{"name":"a","type":{kind},"default":{default}}}]}}'
    with pytest.raises(SchemaError):
        route_of(version_of(text))


def test_conversions_of_a_repaired_payload_come_first():
    """What was stripped from the text is recorded at the payload's top, before what was converted in it."""
    record = accepted(version_of({"type": "array", "items": "int"}), b'\xef\xbb\xbf["1"]\x00')
    assert conversions(record) == [("", "bom-stripped"), ("", "nul-stripped"), ("/*", "string-to-number")]


@pytest.mark.parametrize("number", ["1e999", "-1e400", "NaN", "Infinity", "-Infinity"])
def test_a_number_in_a_json_schema_that_is_none_is_refused(number: str):
    """Python's parser takes infinity and NaN, which no validator can be given."""
    version = replace(json_version(True), text=f'{{"maximum":{number}}}')
    with pytest.raises(SchemaError, match=r"no double holds|not JSON"):
        route_of(version)


@pytest.mark.parametrize("schema", [{"title": "\ud800"}, {"properties": {"\udc00": True}}, {"enum": ["\ud800x"]}])
def test_half_a_character_in_a_json_schema_is_refused(schema: Any):
    """An escape that is half a character is no text that a validator could be given."""
    with pytest.raises(SchemaError, match="half a character"):
        route_of(json_version(schema))
