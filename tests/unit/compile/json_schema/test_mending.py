"""What an invalid value becomes by type conversions: order, overlaps, cost."""

from __future__ import annotations

import json
import sys
from types import FrameType
from typing import Any

import pytest

from gateway.compile.json_schema.conversion import convert
from gateway.model import Format
from tests.unit.compile.compiled import accepted, binding_of, conversions, json_version, reason, refused
from tests.unit.compile.judge import complaint
from tests.unit.compile.test_hostile import bounded
from tests.unit.compile.vectors import read_cases

NEVER = {"additionalProperties": False}


@pytest.mark.parametrize("closed", [{}, NEVER, {"additionalProperties": {"type": "integer"}}])
def test_conversions_are_noted_in_the_order_of_the_payload(closed: Any):
    """Whatever order the validator finds them in, which depends on the keywords of the schema."""
    inner = {"properties": {"q": {"type": "integer"}, "b": {"type": "integer"}}, **closed}
    listed = {"items": {"type": "integer"}}
    properties = {"z": {"type": "integer"}, "l": listed, "m": inner, "a": {"type": "integer"}}
    version = json_version({"properties": properties, **closed})
    record = accepted(version, '{"m":{"q":"1","b":"2"},"z":"1","l":["3",4,"5"],"a":"6"}')
    assert [path for path, _ in conversions(record)] == ["/m/q", "/m/b", "/z", "/l/*", "/l/*", "/a"]


def test_what_was_dropped_comes_after_what_was_converted():
    """Also in the order of the payload."""
    inner = {"properties": {"q": {"type": "integer"}}, **NEVER}
    version = json_version({"properties": {"a": {"type": "integer"}, "m": inner}, **NEVER})
    record = accepted(version, '{"x":1,"m":{"y":1,"q":"1"},"a":"2","w":3}', mode="lenient")
    assert record.value[5:] == b'{"m":{"q":1},"a":2}'
    assert [path for path, _ in conversions(record)] == ["/m/q", "/a", "/x", "/m/y", "/w"]


def test_a_property_that_two_schemas_refuse_is_dropped_once():
    """Two closed objects in one place complain of the same name."""
    version = json_version({"allOf": [{"properties": {"a": {}}, **NEVER}, {"properties": {"a": {}}, **NEVER}]})
    record = accepted(version, '{"a":1,"x":2}', mode="lenient")
    assert (record.value[5:], conversions(record)) == (b'{"a":1}', [("/x", "unknown-dropped")])


def test_what_is_inside_a_dropped_property_is_dropped_with_it():
    """One schema refuses the object, another one what is in it."""
    inside = {"patternProperties": {"^o$": {"properties": {"b": {}}, **NEVER}}}
    version = json_version({"allOf": [{"properties": {"a": {}}, **NEVER}, inside]})
    record = accepted(version, '{"a":1,"o":{"b":1,"c":2}}', mode="lenient")
    assert (record.value[5:], conversions(record)) == (b'{"a":1}', [("/o", "unknown-dropped")])


def test_a_value_inside_a_dropped_property_may_be_converted_first():
    """What is not there any more is no reason to reject."""
    inside = {"patternProperties": {"^o$": {"properties": {"b": {"type": "integer"}}}}}
    version = json_version({"allOf": [{"properties": {"a": {}}, **NEVER}, inside]})
    record = accepted(version, '{"a":1,"o":{"b":"1"}}', mode="lenient")
    assert record.value[5:] == b'{"a":1}'


def test_a_branch_that_wants_a_list_around_what_is_wrong_inside():
    """A branch's errors may overlap; what is found inside the new list is mended in the next round, or not at all."""
    branch = {"type": "array", "properties": {"x": {"type": "integer"}}, "items": {"type": "object"}}
    version = json_version({"properties": {"v": {"anyOf": [branch, {"type": "null"}]}}})
    record = accepted(version, '{"v":{"x":"1"}}', mode="lenient")
    assert record.value[5:] == b'{"v":[{"x":"1"}]}'


def test_thousands_of_conversions_cost_no_more_than_their_number():
    """A long array of numeric text is copied once, not once an item; so is an object with many properties."""
    array = json_version({"items": {"type": "integer"}})
    record = bounded(lambda: accepted(array, json.dumps(["1"] * 5000), device=None, key="k", mqtt="plant/+/+/#"))
    assert len(record.coercions) == 5000
    mapping = binding_of(json_version({"additionalProperties": {"type": "integer"}}))
    payload = json.dumps({f"k{n}": "1" for n in range(5000)}).encode()
    assert _calls("copy", lambda: mapping.encode(payload, 0)) < 10


def test_where_errors_of_branches_stand_is_found_without_reading_all_of_the_payload_for_each():
    """The payload is written a few times to look at it as a whole, whatever the number of wrong values."""
    binding = binding_of(json_version({"additionalProperties": {"oneOf": [{"type": "integer", "minimum": 9}] * 2}}))
    payload = json.dumps({f"k{n}": "1" for n in range(500)}).encode()
    assert _calls("encode", lambda: binding.encode(payload, 0)) < 30


def test_a_text_is_converted_once_for_all_branches(monkeypatch: pytest.MonkeyPatch):
    """A hundred branches may want a number of a text of many digits; asked are the contract's mode and a wider one."""
    asked: list[Any] = []

    def noted(*arguments: Any) -> Any:
        asked.append(arguments)
        return convert(*arguments)

    monkeypatch.setattr("gateway.compile.json_schema.mending.convert", noted)
    branches = [{"properties": {"v": {"type": "integer", "minimum": n}}} for n in range(100)]
    assert refused(json_version({"anyOf": branches}), json.dumps({"v": "7" * 5000})).code == "union-no-match"
    assert len(asked) == 2


def _calls(name: str, work: Any) -> int:
    """How often ``work`` calls a method of this name that is not written in Python."""
    calls = 0

    def count(_frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "c_call" and argument.__name__ == name

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def test_equal_numbers_are_one_reading():
    """7 and 7.0 are the same JSON value, 1 and true are not."""
    seven = {"anyOf": [{"type": "number"}, {"type": "integer"}]}
    assert accepted(json_version(seven), '"7.0"').value[5:] == b"7.0"
    one = {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}
    assert accepted(json_version(one), '"1"', mode="lenient").value[5:] == b"1"
    both = {"anyOf": [{"type": "string"}, {"type": "boolean"}]}
    assert reason(refused(json_version(both), "1")) == ("union-ambiguous", "")


def test_every_vector_holds_without_the_direct_way(monkeypatch: pytest.MonkeyPatch):
    """What is plainly typed is converted before anybody asks for errors; they say the same of it."""
    monkeypatch.setattr("gateway.compile.json_schema.codec.compile_direct", lambda *_: None)
    cases = [case for case in read_cases() if case.version.format is Format.JSON and not case.bug]
    kept: dict[str, Any] = {}
    assert {case.name: wrong for case in cases if (wrong := complaint(case, kept)) is not None} == {}


def test_many_values_are_put_into_lists_in_one_round():
    """What is wrong inside of one does not hold up the next."""
    inner = {"properties": {"x": {"type": "integer"}}}
    version = json_version({"items": {"type": "array", **inner, "items": inner}})
    record = accepted(version, json.dumps([{"x": "1"}] * 9), mode="lenient")
    assert json.loads(record.value[5:]) == [[{"x": 1}]] * 9


def test_alternatives_of_one_place_are_tried_apart():
    """Two that stand at the same place, and one inside of it: a reading of one is no reading of another."""
    reading = {"properties": {"a": {"type": "boolean"}}}
    plain = {"anyOf": [reading, {"required": ["q"]}]}
    refuted = {"anyOf": [{"properties": {"a": {"type": "string", "maxLength": 0}}}, reading]}
    inside = {"a": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}}
    for order in ([plain, refuted], [refuted, plain]):
        record = accepted(json_version({"allOf": order, "properties": inside}), '{"a":1}')
        assert (record.value[5:], conversions(record)) == (b'{"a":true}', [("/a", "number-to-boolean")])


def test_what_was_silenced_in_the_end_is_told_once():
    """However many rounds it took."""
    number_b = {"if": {"properties": {"a": {"type": "integer"}}}, "then": {"properties": {"b": {"type": "integer"}}}}
    beside_text = {"if": {"properties": {"b": {"type": "string"}}}, "then": {"properties": {"e": {"enum": [0]}}}}
    version = json_version({"properties": {"a": {"type": "integer"}}, "allOf": [number_b, beside_text]})
    rejection = refused(version, '{"a":"1","b":"2","e":1}')
    assert [(told.code, told.path) for told in rejection.violations] == [("not-in-enum", "/e")]


def test_two_names_of_a_field_are_all_that_is_wrong():
    """So nothing is left out of what is told."""
    rejection = refused(json_version({"properties": {"a": {}}}), '{"a":1,"b":2}', overrides={"/a": {"aliases": ["b"]}})
    assert (reason(rejection), rejection.truncated) == (("duplicate-key", ""), False)


def test_of_many_unknown_fields_the_first_are_named():
    """An object without a known field may have any number of them."""
    version = json_version({"properties": {"a": {}}, "additionalProperties": False})
    names = [f"k{n}" for n in range(25)]
    [told] = refused(version, json.dumps(dict.fromkeys(names, 1)), mode="lenient").violations
    assert (told.code, told.params["seen"]) == ("no-known-fields", names[:20])


INTEGERS = {"items": {"allOf": [{"type": "integer"}]}}
LARGER = {"items": {"type": "integer", "minimum": 5}}
EITHER = {"items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}
CONVERSIONS = {"limit": "conversions", "actual": "more than 10000, or of very large values"}


@pytest.mark.parametrize(
    ("schema", "payload", "outcome"),
    [
        (INTEGERS, ["1"] * 12_000, ("payload-limit", "", CONVERSIONS)),
        (INTEGERS, ["1"] * 20_000, ("payload-limit", "", CONVERSIONS)),
        (INTEGERS, ["1", "x"] + ["1"] * 12_000, ("invalid-number", "/1", {"hint": "not-a-number"})),
        (INTEGERS, ["x"] + ["1"] * 20_000, ("invalid-number", "/0", {"hint": "not-a-number"})),
        (INTEGERS, ["1", "x"] + ["1"] * 20_000, ("payload-limit", "", CONVERSIONS)),
        (LARGER, ["7", 1, "8"] * 5_000, ("constraint-violated", "/1", {"keyword": "minimum", "limit": 5})),
        (EITHER, ["1"] * 9_000, ("payload-limit", "", CONVERSIONS)),
        (
            {"anyOf": [EITHER, {"items": {"type": "null"}}]},
            ["x"] * 100_000,
            ("payload-limit", "", {"limit": "explanation", "actual": "errors about very large values"}),
        ),
    ],
)
def test_of_too_many_errors_only_what_no_conversion_mends_is_told(schema: Any, payload: Any, outcome: Any):
    """Of those that are looked at; where they are all to be converted, nothing is, and the limit is told."""
    rejection = refused(json_version(schema), json.dumps(payload))
    first = rejection.violations[0]
    assert (first.code, first.path, first.params) == outcome


FALSE, NO_TEXT = {"type": "boolean", "const": False}, {"type": "string", "maxLength": 0}


@pytest.mark.parametrize(
    ("branches", "texts", "is_taken"),
    [
        ([FALSE, {"type": "string"}], 9_993, True),
        ([FALSE, {"type": "string"}], 9_994, False),
        ([FALSE, NO_TEXT, {"type": "array"}], 6_658, True),
        ([FALSE, NO_TEXT, {"type": "array"}], 6_659, False),
    ],
)
def test_readings_are_tried_until_20_000_errors_were_made_anew(branches: Any, texts: int, is_taken: bool):
    """Each of 2 readings of v makes its 4 errors, w's 3 and those of the texts; each of 3 readings v's 5."""
    fields = {"v": {"anyOf": branches}, "w": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}
    version = json_version({"items": {"allOf": [{"type": ["integer", "object"]}], "properties": fields}})
    payload, options = json.dumps([{"v": 1, "w": "1"}, *["1"] * texts]), {"wrap_scalar": True}
    if is_taken:
        assert len(accepted(version, payload, options=options).coercions) == texts + 2
    else:
        assert reason(refused(version, payload, options=options)) == ("payload-limit", "")


def test_what_lossless_mends_counts_once_in_lenient():
    """The wider mode has nothing left to try."""
    version = json_version({"items": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}})
    assert len(accepted(version, json.dumps(["17"] * 5_000), mode="lenient").coercions) == 5_000
