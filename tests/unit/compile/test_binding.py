"""A route bound to a topic: device, key, fields, headers, timestamp, framing, and what of them a refusal carries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.compile.binding import Binding, coercions_header
from gateway.config.contract import Timestamp
from gateway.errors import SchemaError
from gateway.model import Coercion, Mode, Stage
from gateway.notation.pointer import Pointer
from tests.unit.compile.compiled import (
    ARRIVAL,
    ARRIVAL_TEXT,
    GUID,
    PREFIX,
    SCHEMA_ID,
    accepted,
    conversions,
    json_version,
    reason,
    record_schema,
    refused,
    route_of,
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


# Headers


def test_a_record_without_headers_has_none():
    """Nothing declared, nothing converted."""
    assert accepted(ANY, "1").headers is None


def test_headers_are_filled_in_their_order():
    """Constant ones and those that vary by message."""
    record = accepted(
        ANY,
        '{"id":"d9"}',
        mqtt="plant/{building}/+/readings",
        device="/id",
        headers={"building": "{building}", "device": "{device}", "at": "{received_at}", "fixed": "x"},
    )
    assert dict(record.headers or ()) == {
        "building": b"b1",
        "device": b"d9",
        "at": ARRIVAL_TEXT.encode(),
        "fixed": b"x",
    }
    constant = accepted(ANY, "1", headers={"b": "{building}", "a": "{device}"})
    assert constant.headers == [("b", b"b1"), ("a", b"p7")]


def test_the_coercions_header_follows_the_contract_s_own():
    """It is there only if something was converted."""
    record = accepted(version_of("int"), '"5"', headers={"b": "{building}"})
    assert record.headers == [("b", b"b1"), ("gw-coercions", b"v1;m=lossless;n=1;lossy=0;=string-to-number")]
    assert accepted(version_of("int"), "5", headers={"b": "{building}"}).headers == [("b", b"b1")]


def test_headers_of_one_message_do_not_reach_the_next():
    """The list of constant headers is not shared with what a message adds."""
    route = route_of(version_of("int"), headers={"b": "{building}"})
    binding = Binding(route, "plant/b1/p7/readings", {"building": "b1", "device": "p7"})
    assert len(_headers(binding.encode(b'"5"', ARRIVAL))) == 2
    assert len(_headers(binding.encode(b'"5"', ARRIVAL))) == 2
    assert len(_headers(binding.encode(b"5", ARRIVAL))) == 1


def _headers(record: Any) -> list[tuple[str, bytes]]:
    return list(record.headers)


# gw-coercions


def test_the_coercions_header_is_exact():
    """Mode, number of conversions, how many of them lose something, and each path with its code once."""
    version = version_of(record_schema(("temp", "double"), ("ok", "boolean"), ("l", {"type": "array", "items": "int"})))
    record = accepted(version, '{"temp":"1","ok":1,"l":["1","2"]}')
    assert record.headers == [
        (
            "gw-coercions",
            b"v1;m=lossless;n=4;lossy=0;/temp=string-to-number,/ok=number-to-boolean,/l/*=string-to-number",
        )
    ]
    lenient = accepted(version, '{"temp":"1","ok":true,"l":[],"fw":1}', mode=Mode.LENIENT)
    assert lenient.headers == [("gw-coercions", b"v1;m=lenient;n=2;lossy=1;/fw=unknown-dropped,/temp=string-to-number")]


def test_the_coercions_header_lists_at_most_16_paths():
    """The seventeenth path only counts."""
    made = tuple(Coercion(f"/f{n}", "string-to-number") for n in range(17))
    header = coercions_header(made, Mode.LOSSLESS).decode()
    assert header.startswith("v1;m=lossless;n=17;lossy=0;/f0=string-to-number,/f1=")
    assert header.count("=string-to-number") == 16
    assert header.endswith("/f15=string-to-number")
    assert coercions_header(made[:16], Mode.LOSSLESS).count(b"=string-to-number") == 16


def test_the_coercions_header_is_at_most_1_kib():
    """It ends behind the last path that fits whole; exactly 1024 bytes still fit."""
    start = len(b"v1;m=lenient;n=2;lossy=0;")
    fits = Coercion("/" + "a" * (1024 - start - len("/=renamed,/b=renamed")), "renamed")
    header = coercions_header((fits, Coercion("/b", "renamed")), Mode.LENIENT)
    assert len(header) == 1024
    assert header.endswith(b",/b=renamed")
    longer = Coercion(fits.path + "a", "renamed")
    shorter = coercions_header((longer, Coercion("/b", "renamed")), Mode.LENIENT)
    assert shorter.endswith(b"a=renamed")
    assert len(coercions_header((Coercion("/" + "ä" * 1000, "renamed"),), Mode.LENIENT)) == start


def test_a_path_cannot_be_taken_for_the_header_s_own_marks():
    """Comma, semicolon, equals and percent in a key are escaped; the rest stands as UTF-8."""
    header = coercions_header((Coercion("/a,b;c=d%é", "renamed"),), Mode.STRICT)
    assert header == "v1;m=strict;n=1;lossy=0;/a%2Cb%3Bc%3Dd%25é=renamed".encode()


# Framing


def test_the_prefix_is_the_schema_id():
    """``00`` and the ID, big-endian, in front of the body."""
    assert accepted(version_of("int"), "1").value == PREFIX + b"\x02"


def test_the_header_form_leaves_the_value_unframed():
    """``__value_schema_id`` is ``01`` and the GUID's bytes, in front of all other headers."""
    record = accepted(version_of("int"), '"1"', framing="header", headers={"b": "{building}"})
    assert record.value == b"\x02"
    assert record.headers is not None
    assert record.headers[0] == ("__value_schema_id", b"\x01" + bytes.fromhex(GUID.replace("-", "")))
    assert [name for name, _ in record.headers] == ["__value_schema_id", "b", "gw-coercions"]


def test_the_header_form_needs_a_guid():
    """A registry without GUIDs: refused when the route is compiled, and the way out is named."""
    with pytest.raises(SchemaError, match="framing: prefix"):
        route_of(version_of("int", guid=None), framing="header")


# Timestamp

TS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}


def _objects(named: Any) -> dict[str, Any]:
    """A JSON Schema of objects whose ``ts`` is of these types."""
    return {"properties": {"ts": {"type": named}}}


def _stamp(pointer: str = "/ts", **declared: Any) -> Timestamp:
    return Timestamp(Pointer.parse(pointer), **declared)


def test_without_a_declaration_the_timestamp_is_the_arrival():
    """And no header says so."""
    record = accepted(version_of(record_schema(("ts", TS))), f'{{"ts":{ARRIVAL - 5}}}')
    assert (record.timestamp, record.headers, record.timestamp_replaced) == (ARRIVAL, None, False)


@pytest.mark.parametrize(
    ("schema", "value", "options"),
    [
        (TS, str(ARRIVAL - 1500), {}),
        (MICROS, str((ARRIVAL - 1500) * 1000 + 999), {}),
        (TS, '"2023-11-14T23:13:18.500+01:00"', {}),
        (TS, str((ARRIVAL - 1500) / 1000), {"epoch_unit": "s"}),
        (["null", TS], str(ARRIVAL - 1500), {}),
    ],
)
def test_a_typed_timestamp_is_the_converted_value(schema: Any, value: str, options: dict[str, str]):
    """Whatever unit or text the device uses, the schema's timestamp type decides."""
    record = accepted(
        version_of(record_schema(("ts", schema))), f'{{"ts":{value}}}', timestamp=_stamp(), options=options
    )
    assert (record.timestamp, record.timestamp_replaced) == (ARRIVAL - 1500, False)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_a_declared_unit_yields_to_the_field_s_own_type(unit: str):
    """The record's value and its timestamp never disagree."""
    version = version_of(record_schema(("ts", MICROS)))
    record = accepted(
        version, f'{{"ts":{ARRIVAL / 1000 - 2}}}', timestamp=_stamp(unit=unit), options={"epoch_unit": "s"}
    )
    assert (record.timestamp, record.timestamp_replaced) == (ARRIVAL - 2000, False)


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("s", "1699999998.5"),
        ("s", '"1699999998.5"'),
        ("ms", "1699999998500"),
        ("us", "1699999998500999"),
        ("ns", "1699999998500999999"),
        ("ms", '"2023-11-14T22:13:18.500Z"'),
    ],
)
@pytest.mark.parametrize(
    "version", [json_version(True), version_of(record_schema(("ts", ["string", "double", "long"])))]
)
def test_an_untyped_timestamp_has_the_declared_unit(unit: Any, value: str, version: Any):
    """Numbers, numbers in text and RFC 3339 text, floored to milliseconds."""
    record = accepted(version, f'{{"ts":{value}}}', timestamp=_stamp(unit=unit))
    assert (record.timestamp, record.timestamp_replaced) == (ARRIVAL - 1500, False)


def test_an_avro_field_that_is_no_timestamp_needs_a_unit():
    """Refused when the route is compiled: no field, no timestamp type, a local timestamp."""
    local = {"type": "long", "logicalType": "local-timestamp-millis"}
    for schema in (record_schema(("x", "int")), record_schema(("ts", "long")), record_schema(("ts", local))):
        with pytest.raises(SchemaError, match="unit"):
            route_of(version_of(schema), timestamp=_stamp())
    assert route_of(version_of(record_schema(("ts", "long"))), timestamp=_stamp(unit="s"))


@pytest.mark.parametrize("named", ["integer", ["number", "null"], "boolean"])
def test_a_json_schema_s_number_needs_a_unit_too(named: Any):
    """Without one it would be unreadable in every message."""
    version = json_version({"properties": {"head": {"$ref": "#/$defs/h"}}, "$defs": {"h": _objects(named)}})
    with pytest.raises(SchemaError, match=r"timestamp /head/ts: the schema has no timestamp there; declare its unit"):
        route_of(version, timestamp=_stamp("/head/ts"))
    assert route_of(version, timestamp=_stamp("/head/ts", unit="s"))


@pytest.mark.parametrize("schema", [{}, True, _objects("string"), _objects(["number", "string"]), {"properties": {}}])
def test_a_json_schema_s_text_needs_no_unit(schema: Any):
    """RFC 3339 says what it means, and where the schema says nothing of the field it may come."""
    record = accepted(json_version(schema), '{"ts":"2023-11-14T22:13:18.500Z"}', timestamp=_stamp())
    assert (record.timestamp, record.timestamp_replaced) == (ARRIVAL - 1500, False)


@pytest.mark.parametrize(
    ("offset", "kept"), [(0, True), (10_000, True), (10_001, False), (-20_000, True), (-20_001, False)]
)
def test_the_bounds_are_inclusive(offset: int, kept: bool):
    """At most ``ahead_s`` before and ``behind_s`` behind the arrival; beyond, the arrival, and a header says so."""
    declared = _stamp(unit="ms", ahead_s=10, behind_s=20)
    record = accepted(ANY, f'{{"ts":{ARRIVAL + offset}}}', timestamp=declared)
    assert record.timestamp == (ARRIVAL + offset if kept else ARRIVAL)
    assert record.headers == (None if kept else [("gw-timestamp", b"arrival")])
    assert record.timestamp_replaced is not kept


CENTURY_S = 3_155_760_000


@pytest.mark.parametrize(("time", "kept"), [(0, True), (-1, False), (-5000, False)])
def test_a_time_before_1970_is_no_records_timestamp(time: int, kept: bool):
    """However far behind the contract lets it be: to Kafka -1 is none. The arrival takes its place, or a rejection."""
    record = accepted(ANY, f'{{"ts":{time}}}', timestamp=_stamp(unit="ms", behind_s=CENTURY_S))
    assert (record.timestamp, record.timestamp_replaced) == (time if kept else ARRIVAL, not kept)
    if not kept:
        declared = _stamp(unit="ms", behind_s=CENTURY_S, otherwise="reject")
        [violation] = refused(ANY, f'{{"ts":{time}}}', timestamp=declared).violations
        assert violation.code == "timestamp-out-of-window"
        assert "wanted a timestamp from 1970 on, at most " in violation.message


@pytest.mark.parametrize(
    "payload", ["{}", '{"ts":null}', '{"ts":"soon"}', '{"ts":true}', '{"ts":[1]}', "5", '{"ts":"2023-11-14T22:13:18"}']
)
def test_a_missing_or_unreadable_timestamp_becomes_the_arrival_or_a_rejection(payload: str):
    """As the contract says: the arrival with its header, or ``timestamp-out-of-window`` at the field."""
    record = accepted(ANY, payload, timestamp=_stamp(unit="ms"))
    assert (record.timestamp, record.headers) == (ARRIVAL, [("gw-timestamp", b"arrival")])
    rejection = refused(ANY, payload, timestamp=_stamp(unit="ms", otherwise="reject"))
    assert reason(rejection) == ("timestamp-out-of-window", "/ts")


def test_the_arrival_header_stands_beside_the_others():
    """After the contract's own and ``gw-coercions``, without touching what the next message gets."""
    version = version_of(record_schema(("v", "int"), ("ts", "long")))
    record = accepted(version, '{"v":"1","ts":5}', timestamp=_stamp(unit="ms"), headers={"b": "{building}"})
    assert [name for name, _ in record.headers or ()] == ["b", "gw-coercions", "gw-timestamp"]


@pytest.mark.parametrize("payload", ['{"v":1}', '{"v":1,"ts":null}'])
@pytest.mark.parametrize("mode", [Mode.LOSSLESS, Mode.LENIENT])
def test_a_typed_timestamp_that_is_not_there_becomes_the_arrival(payload: str, mode: Mode):
    """A nullable or defaulted timestamp field may be missing."""
    version = version_of(record_schema(("v", "int"), {"name": "ts", "type": ["null", TS], "default": None}))
    record = accepted(version, payload, timestamp=_stamp(), mode=mode)
    assert (record.timestamp, record.timestamp_replaced) == (ARRIVAL, True)


NAMED = pytest.mark.parametrize(
    ("field", "declared", "payload"),
    [
        ({"aliases": ["time"]}, {}, '{"v":1,"time":%d}'),
        ({}, {"overrides": {"/ts": {"aliases": ["at", "when"]}}}, '{"v":1,"when":%d}'),
        ({"aliases": ["time"]}, {"options": {"field_case": "insensitive"}}, '{"v":1,"TIME":%d}'),
    ],
)


@NAMED
@pytest.mark.parametrize("unit", [None, "ms"])
def test_a_timestamp_is_found_under_the_field_s_other_names(field: Any, declared: Any, payload: str, unit: str | None):
    """The converted value counts, so an alias or another case in the payload does not matter."""
    version = version_of(record_schema(("v", "int"), {"name": "ts", "type": ["null", TS], **field}))
    record = accepted(version, payload % (ARRIVAL - 5), timestamp=_stamp(unit=unit), **declared)
    assert (record.timestamp, record.timestamp_replaced) == (ARRIVAL - 5, False)


def test_a_timestamp_inside_renamed_records_is_found():
    """Each level may have another name; the field's own name wins where both could be meant."""
    inner = record_schema({"name": "ts", "type": TS, "aliases": ["time"]}, name="Inner")
    version = version_of(record_schema({"name": "head", "type": ["null", inner], "aliases": ["h"]}))
    stamp = _stamp("/head/ts")
    assert accepted(version, f'{{"h":{{"time":{ARRIVAL - 5}}}}}', timestamp=stamp).timestamp == ARRIVAL - 5
    assert accepted(version, f'{{"head":{{"time":{ARRIVAL - 6}}}}}', timestamp=stamp).timestamp == ARRIVAL - 6
    assert accepted(version, f'{{"h":{{"ts":{ARRIVAL - 7}}}}}', timestamp=stamp).timestamp == ARRIVAL - 7


def test_a_json_schema_s_timestamp_is_found_under_the_field_s_other_names():
    """The contract's aliases count there too."""
    overrides = {"/ts": {"aliases": ["time"]}, "/head": {"aliases": ["h"]}, "/head/at": {"aliases": ["a"]}}
    record = accepted(ANY, f'{{"time":{ARRIVAL - 5}}}', timestamp=_stamp(unit="ms"), overrides=overrides)
    assert record.timestamp == ARRIVAL - 5
    payload = f'{{"h":{{"a":{ARRIVAL - 6}}}}}'
    record = accepted(ANY, payload, timestamp=_stamp("/head/at", unit="ms"), overrides=overrides)
    assert record.timestamp == ARRIVAL - 6


def test_a_refused_timestamp_is_quoted_from_under_its_other_name():
    """What the dead letter shows is what the device sent."""
    version = version_of(record_schema(("v", "int"), {"name": "ts", "type": TS, "aliases": ["time"]}))
    rejection = refused(version, f'{{"v":1,"time":{ARRIVAL - 5}}}', timestamp=_stamp(otherwise="reject", behind_s=0))
    assert rejection.violations[0].value == str(ARRIVAL - 5)


BEYOND = pytest.mark.parametrize("value", ["9000000000000000", "-9000000000000000", "9" * 38, '"9999-12-31T23:59:59Z"'])


@BEYOND
def test_a_timestamp_beyond_every_calendar_becomes_the_arrival(value: str):
    """Year 285 000 000 is out of the window."""
    assert accepted(ANY, f'{{"ts":{value}}}', timestamp=_stamp(unit="s")).timestamp == ARRIVAL


@BEYOND
def test_a_timestamp_beyond_every_calendar_is_rejected(value: str):
    """Year 285 000 000 has no date to show in the message, and is refused all the same."""
    rejection = refused(ANY, f'{{"ts":{value}}}', timestamp=_stamp(unit="s", otherwise="reject"))
    assert reason(rejection) == ("timestamp-out-of-window", "/ts")


@pytest.mark.parametrize("value", ['"1e1000000"', '"1e400"', '"0e999999999"', "0e999999999", '"1e-999999"', "1" * 300])
def test_a_timestamp_as_a_bomb_is_answered(value: str):
    """Exponents are judged before they are converted."""
    assert accepted(ANY, f'{{"ts":{value}}}', timestamp=_stamp(unit="s")).timestamp == ARRIVAL


@pytest.mark.parametrize("value", ['"1e1000000000000000000000"', '"1e-1000000000000000000000"'])
def test_a_timestamp_with_an_exponent_beyond_every_decimal_is_answered(value: str):
    """As any other unreadable timestamp."""
    assert accepted(ANY, f'{{"ts":{value}}}', timestamp=_stamp(unit="s")).timestamp == ARRIVAL


def test_reading_the_timestamp_records_no_conversion_of_its_own():
    """The field's conversion is recorded once."""
    version = version_of(record_schema(("ts", TS)))
    record = accepted(version, '{"ts":"2023-11-14T22:13:18.500Z"}', timestamp=_stamp())
    assert conversions(record) == [("/ts", "string-to-timestamp")]
