"""What an invalid value becomes by type conversions: order, overlaps, cost."""

from __future__ import annotations

import json
import sys
from types import FrameType
from typing import Any

import pytest

from gateway.compile.json_schema.conversion import convert
from tests.unit.compile.compiled import accepted, binding_of, conversions, json_version, reason, refused
from tests.unit.compile.test_hostile import bounded

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
    inside = {"properties": {"a": {}, "o": {"properties": {"b": {}}, **NEVER}}}
    version = json_version({"allOf": [{"properties": {"a": {}}, **NEVER}, inside]})
    record = accepted(version, '{"a":1,"o":{"b":1,"c":2}}', mode="lenient")
    assert (record.value[5:], conversions(record)) == (b'{"a":1}', [("/o", "unknown-dropped")])


def test_a_value_inside_a_dropped_property_may_be_converted_first():
    """What is not there any more is no reason to reject."""
    inside = {"properties": {"a": {}, "o": {"properties": {"b": {"type": "integer"}}}}}
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
    """A hundred branches may want a number of a text of many digits."""
    asked: list[Any] = []

    def noted(*arguments: Any) -> Any:
        asked.append(arguments)
        return convert(*arguments)

    monkeypatch.setattr("gateway.compile.json_schema.mending.convert", noted)
    branches = [{"properties": {"v": {"type": "integer", "minimum": n}}} for n in range(100)]
    assert refused(json_version({"anyOf": branches}), json.dumps({"v": "7" * 5000})).code == "union-no-match"
    assert len(asked) == 1


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
