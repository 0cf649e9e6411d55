"""The property named by no characters: the validator leaves it out of the places that it tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.model import Mode
from tests.unit.compile.compiled import accepted, conversions, json_version, reason, refused
from tests.unit.compile.limited import encode_limited

NUMBERS = {"additionalProperties": {"type": "number"}}
TREE = {"type": ["object", "integer"], "additionalProperties": {"$ref": "#"}}


@pytest.mark.parametrize(
    ("payload", "path"),
    [('{"":"5"}', "/"), ('{"":{"":"5"}}', "//"), ('{"a":{"":{"b":"5"}}}', "/a//b"), ('{"":1,"a":"5"}', "/a")],
)
def test_what_stands_there_is_found(payload: str, path: str):
    """Converted and refused under its own place."""
    record = accepted(json_version(TREE), payload)
    assert record.value[5:].decode() == payload.replace('"5"', "5")
    assert conversions(record) == [(path, "string-to-number")]
    assert reason(refused(json_version(TREE), payload, mode=Mode.STRICT))[1] == path
    assert reason(refused(json_version(TREE), payload.replace("5", "x")))[1] == path


def test_an_error_about_all_is_none_about_what_has_no_name():
    """Both are told alike; the value tells them apart."""
    schema = {"allOf": [{"type": "integer"}, {"additionalProperties": {"type": "integer"}}]}
    rejection = refused(json_version(schema), '{"":{"a":null}}', mode=Mode.STRICT)
    assert [each.path for each in rejection.violations] == ["", "/"]
    assert refused(json_version(schema), '{"":{"a":null}}').code == rejection.code


def test_a_name_that_stands_twice_by_leaving_it_out():
    """``a`` and ``/a`` below no name: each is converted to its own value."""
    record = accepted(json_version(TREE), '{"a":"1","":{"a":"2"}}')
    assert json.loads(record.value[5:]) == {"a": 1, "": {"a": 2}}


def test_a_payload_that_is_nothing_but_such_names_is_answered_in_time():
    """Thousands of places that are told alike, each wrong: in a process of its own, which may use a minute."""
    value: Any = None
    for _ in range(13):
        value = {"": value, "a": value}
    assert encode_limited(json_version(TREE), json.dumps(value)).code == "type-mismatch"
