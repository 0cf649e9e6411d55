"""Properties that are named by digits: the validator tells ``"21"``, ``"021"`` and ``"+21"`` as the number 21."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.model import Mode
from tests.unit.compile.compiled import accepted, conversions, json_version, reason, refused
from tests.unit.compile.limited import encode_limited

CHANNELS = {"additionalProperties": {"type": "number"}}
SCHEMAS = [
    CHANNELS,
    {"allOf": [CHANNELS, {"minProperties": 1}]},
    {"additionalProperties": {"anyOf": [{"type": "number"}, {"type": "boolean"}]}},
    {"patternProperties": {"[0-9]": {"type": "number"}}},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
@pytest.mark.parametrize("name", ["0", "1", "21", "021", "+1", "007", "18446744073709551615", "18446744073709551616"])
def test_a_property_named_by_digits_is_found_under_its_name(schema: Any, name: str):
    """Converted and refused under the name that the payload has."""
    record = accepted(json_version(schema), json.dumps({name: "5"}))
    assert json.loads(record.value[5:]) == {name: 5}
    assert conversions(record) == [(f"/{name}", "string-to-number")]
    assert reason(refused(json_version(schema), json.dumps({name: "x"})))[1] == f"/{name}"
    assert reason(refused(json_version(schema), json.dumps({name: "5"}), mode=Mode.STRICT))[1] == f"/{name}"


def test_names_that_are_told_alike_are_told_apart_by_their_values():
    """Of 21, 021 and +21 the one that is wrong is named, and each is converted to its own value."""
    version = json_version(CHANNELS)
    record = accepted(version, '{"21":"1","021":"2","+21":"2"}')
    assert json.loads(record.value[5:]) == {"21": 1, "021": 2, "+21": 2}
    assert [violation.path for violation in refused(version, '{"21":1,"021":"x","+21":"3"}').violations] == ["/021"]


def test_an_index_is_no_name():
    """Numbers in a list are its indices, also where digits are names around it."""
    version = json_version({"additionalProperties": {"items": CHANNELS}})
    assert reason(refused(version, '{"1":[{},{"01":1,"2":"x"}]}')) == ("invalid-number", "/1/1/2")


@pytest.mark.parametrize("mode", [Mode.STRICT, Mode.LENIENT])
def test_thousands_of_names_that_are_told_alike_cost_little(mode: Mode):
    """Two spellings of a name on each of many levels are as many places as the payload has, and are not all tried."""
    payload: Any = "x"
    for _ in range(13):
        payload = {"1": payload, "01": payload}
    node = {"anyOf": [{"type": "number"}, {"type": "object", "additionalProperties": {"$ref": "#/definitions/n"}}]}
    version = json_version({"definitions": {"n": node}, "$ref": "#/definitions/n"})
    assert encode_limited(version, json.dumps(payload), mode=mode).code in {"union-no-match", "payload-limit"}
    flat = json_version({"additionalProperties": {"type": "number"}, "minProperties": 1})
    names = {"0" * n + "1": "x" for n in range(1_000)}
    assert encode_limited(flat, json.dumps(names), mode=mode).code in {"type-mismatch", "invalid-number"}
