"""A route bound to a topic: device, key and fields, and what of them a refusal carries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.model import Mode, Stage
from tests.unit.compile.compiled import (
    ARRIVAL_TEXT,
    SCHEMA_ID,
    accepted,
    conversions,
    json_version,
    reason,
    record_schema,
    refused,
    version_of,
)

ANY = json_version(True)
FREE = "plant/+/+/readings"
"""The filter of the tests' topic, without captures."""


# Device


def test_the_device_of_the_topic_is_the_key():
    """The capture ``device`` is the device ID, and by default the record's key."""
    assert accepted(ANY, "1").key == b"p7"


@pytest.mark.parametrize(
    ("payload", "key"), [('{"id":"p7"}', b"p7"), ('{"id":5}', b"5"), ('{"id":"Größe"}', "Größe".encode())]
)
def test_the_device_of_the_payload_is_text_or_a_whole_number(payload: str, key: bytes):
    """Text as it is, an integer as decimal text, read before any coercion."""
    assert accepted(ANY, payload, mqtt=FREE, device="/id").key == key


@pytest.mark.parametrize(
    "payload",
    [
        '{"id":""}',
        '{"id":null}',
        "{}",
        '{"id":1.5}',
        '{"id":5.0}',
        '{"id":true}',
        '{"id":[]}',
        '{"id":{}}',
        "[1]",
        "5",
        '"p7"',
    ],
)
def test_anything_else_is_no_device(payload: str):
    """Empty, missing or of another kind: ``no-device-id`` at the pointer, with no device in the rejection."""
    rejection = refused(ANY, payload, mqtt=FREE, device="/id")
    assert reason(rejection) == ("no-device-id", "/id")
    assert (rejection.stage, rejection.device) == (Stage.ROUTE, None)


def test_the_device_is_found_by_pointer():
    """Below objects and in lists."""
    assert accepted(ANY, '{"m":[{"id":"x"}]}', mqtt=FREE, device="/m/0/id").key == b"x"


def test_topic_and_payload_must_agree_on_the_device():
    """Both named and equal: accepted; different: ``device-mismatch``, and the topic's device is the rejection's."""
    assert accepted(ANY, '{"id":"p7"}', device="/id").key == b"p7"
    rejection = refused(ANY, '{"id":"p8"}', device="/id")
    assert reason(rejection) == ("device-mismatch", "/id")
    assert rejection.device == "p7"
    assert reason(refused(ANY, "{}", device="/id")) == ("no-device-id", "/id")


def test_a_number_in_the_topic_agrees_with_a_number_in_the_payload():
    """The integer is compared as decimal text."""
    assert accepted(ANY, '{"id":7}', on="plant/b1/7/readings", device="/id").key == b"7"
    assert reason(refused(ANY, '{"id":7}', on="plant/b1/07/readings", device="/id"))[0] == "device-mismatch"


def test_an_empty_level_of_the_topic_is_no_device():
    """``plant/b1//readings`` names no device."""
    rejection = refused(ANY, "1", on="plant/b1//readings")
    assert (reason(rejection)[0], rejection.device) == ("no-device-id", None)
    assert rejection.violations[0].message.startswith(
        'the level of "plant/b1//readings" that names the device is empty; publish on a topic that names it, or'
    )


def test_a_level_of_the_topic_that_is_too_long_is_no_device():
    """It would be the record's key: the same limit as for one in the payload."""
    assert accepted(ANY, "1", on=f"plant/b1/{'x' * 1024}/readings").key == b"x" * 1024
    rejection = refused(ANY, "1", on=f"plant/b1/{'x' * 1025}/readings")
    assert (reason(rejection)[0], rejection.device) == ("no-device-id", None)
    assert "that names the device has 1025 characters, at most 1024 are taken;" in rejection.violations[0].message


def test_a_refusal_carries_the_device_and_the_route():
    """So that the dead letter can be keyed and counted."""
    rejection = refused(version_of("int"), '"x"')
    assert rejection.device == "p7"
    assert rejection.label is not None
    assert (rejection.label.contract, rejection.label.subject, rejection.label.schema_id) == (
        "line/pump",
        "t-value",
        SCHEMA_ID,
    )
    assert rejection.stage is Stage.COERCE
    assert refused(version_of("int"), '"x"', mode=Mode.STRICT).stage is Stage.VALIDATE
    assert refused(version_of("int"), "x").stage is Stage.DECODE


# Key


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("{device}", "p7"),
        ("{building}/{device}", "b1/p7"),
        ("fixed", "fixed"),
        ("{topic}|{subject}|{contract}", "t|t-value|line/pump"),
        ("{mqtt_topic}", "plant/b1/p7/readings"),
        ("{received_at}", ARRIVAL_TEXT),
        ("{{{device}}}", "{p7}"),
    ],
)
def test_a_key_is_filled_from_captures_and_reserved_names(key: str, wanted: str):
    """The record's key is the template in UTF-8."""
    assert accepted(ANY, "1", key=key).key == wanted.encode()


def test_a_key_of_the_payload_s_device_varies_by_message():
    """One binding, two devices."""
    for device in ("a", "b"):
        record = accepted(ANY, json.dumps({"id": device}), mqtt=FREE, device="/id", key="x-{device}")
        assert record.key == f"x-{device}".encode()


# Fields


def test_fields_are_put_into_the_payload_before_validation():
    """A required field that only the topic knows; the JSON is written anew."""
    version = json_version({"type": "object", "required": ["site"], "additionalProperties": {"type": "string"}})
    record = accepted(version, '{ "a" : "x" }', fields={"/site": "{building}", "/at": "{received_at}"})
    assert json.loads(record.value[5:]) == {"a": "x", "site": "b1", "at": ARRIVAL_TEXT}
    assert record.coercions == ()


def test_fields_reach_avro_and_are_converted_like_the_rest():
    """A timestamp field takes the arrival, an int field the text of a capture."""
    timestamp = {"type": "long", "logicalType": "timestamp-millis"}
    version = version_of(record_schema(("v", "int"), ("at", timestamp), ("line", "int")))
    record = accepted(
        version,
        '{"v":1}',
        mqtt="plant/{line}/{device}/readings",
        on="plant/12/p7/readings",
        fields={"/at": "{received_at}", "/line": "{line}"},
    )
    assert record.value[5:].hex() == "0280a0abfef96218"


def test_a_field_that_is_there_and_equal_passes():
    """The payload may say the same."""
    assert json.loads(accepted(ANY, '{"site":"b1"}', fields={"/site": "{building}"}).value[5:]) == {"site": "b1"}


def test_a_payload_that_fields_add_nothing_to_keeps_its_bytes():
    """Valid JSON keeps its bytes unless ``fields`` adds to it."""
    payload = '{ "site": "b1", "x": 1.50 }'
    assert accepted(ANY, payload, fields={"/site": "{building}"}).value[5:] == payload.encode()


@pytest.mark.parametrize("found", ['"b2"', "null", "1", '["b1"]', '""'])
def test_a_field_that_says_something_else_is_a_mismatch(found: str):
    """Present and different, null included: ``field-mismatch`` at the field."""
    rejection = refused(ANY, f'{{"site":{found}}}', fields={"/site": "{building}"})
    assert reason(rejection) == ("field-mismatch", "/site")
    assert rejection.violations[0].expected == '"b1"'


@pytest.mark.parametrize(
    ("payload", "path", "found", "advice"),
    [
        ("5", "", "number", "publish an object"),
        ("[]", "", "array", "publish an object"),
        ("null", "", "null", "publish an object"),
        ('{"a":5}', "/a", "number", "leave it out"),
        ('{"a":null}', "/a", "null", "leave it out"),
        ('{"a":[]}', "/a", "array", "leave it out"),
        ('{"a":{"b":"x"}}', "/a/b", "string", "leave it out"),
    ],
)
def test_what_stands_in_the_way_of_a_field_is_a_mismatch(payload: str, path: str, found: str, advice: str):
    """A scalar or a list where the contract needs an object: named is it, not the field; left out it would be made."""
    fields = {"/a/b/site": "{building}"}
    rejection = refused(ANY, payload, fields=fields)
    assert reason(rejection) == ("field-mismatch", path)
    [violation] = rejection.violations
    assert (violation.expected, violation.found) == ('an object, in which the contract puts "b1" at /a/b/site', found)
    assert violation.message.endswith(f"wanted {violation.expected}; {advice}, or let the contract's fields not set it")
    if advice == "leave it out":
        without = '{"a":{}}' if path == "/a/b" else "{}"
        assert json.loads(accepted(ANY, without, fields=fields).value[5:]) == {"a": {"b": {"site": "b1"}}}


@pytest.mark.parametrize(
    ("payload", "path", "wanted"),
    [
        ("[5]", "/0", "an object"),
        ("[]", "", "a list with an item 0"),
        ('{"0":5}', "/0", "an object"),
    ],
)
def test_a_list_on_the_way_to_a_field_is_not_made_longer(payload: str, path: str, wanted: str):
    """An item that is left out would let the next one take its place, so it is not said."""
    [violation] = refused(ANY, payload, fields={"/0/site": "{building}"}).violations
    assert (violation.path, violation.expected) == (path, f'{wanted}, in which the contract puts "b1" at /0/site')
    assert ("leave it out" in violation.message) == (payload == '{"0":5}')


SITE = {"name": "site", "type": "string", "aliases": ["location"]}
"""The schema's own alias; those of a contract are ``ALIASES``."""
ALIASES: dict[str, Any] = {"/site": {"aliases": ["location"]}}
BY_NAME = [
    (version_of(record_schema(SITE, ("v", "int"))), {}),
    (version_of(record_schema(("site", "string"), ("v", "int"))), ALIASES),
    (json_version({"required": ["site"], "additionalProperties": {"type": ["string", "integer"]}}), ALIASES),
]


@pytest.mark.parametrize(("version", "overrides"), BY_NAME)
def test_a_field_may_be_there_under_its_other_name(version: Any, overrides: dict[str, Any]):
    """Equal: accepted, and not put there again; different: a mismatch where the payload has it."""
    declared: dict[str, Any] = {"fields": {"/site": "{building}"}, "overrides": overrides}
    record = accepted(version, '{"location":"b1","v":1}', **declared)
    assert conversions(record) == [("/site", "renamed")]
    assert accepted(version, '{"v":1}', **declared).coercions == ()
    [violation] = refused(version, '{"location":"b2","v":1}', **declared).violations
    assert (str(violation.code), violation.path, violation.expected) == ("field-mismatch", "/location", '"b1"')
    assert violation.message.startswith('/location: found string "b2", wanted "b1", which the contract puts at /site; ')


@pytest.mark.parametrize(("version", "overrides"), BY_NAME)
def test_a_field_that_the_payload_has_under_both_names_is_still_refused(version: Any, overrides: dict[str, Any]):
    """Then the device did publish it twice."""
    declared: dict[str, Any] = {"fields": {"/site": "{building}"}, "overrides": overrides}
    assert reason(refused(version, '{"location":"b1","site":"b1","v":1}', **declared)) == ("duplicate-key", "")


def test_a_field_is_put_into_the_object_that_has_another_name():
    """Beside what is there, not into a second object that names the same field."""
    meta = record_schema(("site", "string"), ("v", "int"), name="M")
    version = version_of(record_schema({"name": "meta", "type": ["null", meta], "aliases": ["m"]}))
    record = accepted(version, '{"m":{"v":1}}', fields={"/meta/site": "{building}"})
    assert record.value[5:].hex() == "0204623102"
    [violation] = refused(version, '{"m":null}', fields={"/meta/site": "{building}"}).violations
    assert (violation.path, violation.expected) == ("/m", 'an object, in which the contract puts "b1" at /meta/site')


def test_a_field_may_be_there_in_another_case():
    """Where the contract says that case does not matter."""
    version = version_of(record_schema(("site", "string")))
    declared: dict[str, Any] = {"fields": {"/site": "{building}"}, "options": {"field_case": "insensitive"}}
    assert conversions(accepted(version, '{"SITE":"b1"}', **declared)) == [("/site", "case-folded")]
    assert reason(refused(version, '{"SITE":"b2"}', **declared)) == ("field-mismatch", "/SITE")


def test_missing_objects_on_the_way_to_a_field_are_made():
    """``/meta/site`` brings ``meta``."""
    record = accepted(ANY, '{"v":1}', fields={"/meta/site": "{building}"})
    assert json.loads(record.value[5:]) == {"v": 1, "meta": {"site": "b1"}}


def test_a_key_that_stands_twice_is_refused_although_fields_rewrite_the_payload():
    """Writing anew does not hide a duplicate."""
    assert reason(refused(ANY, '{"v":1,"v":2}', fields={"/site": "{building}"})) == ("duplicate-key", "")
