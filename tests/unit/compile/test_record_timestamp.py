"""The record's timestamp: which value of the payload it is, in which unit, and what happens to one that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.config.contract import Timestamp
from gateway.errors import SchemaError
from gateway.model import Mode
from gateway.notation.pointer import Pointer
from tests.unit.compile.compiled import (
    ARRIVAL,
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
