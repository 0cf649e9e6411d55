"""Guessed types as schemas."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.model import Format
from gateway.plan.inference.guess import guess
from gateway.plan.inference.observation import Observer
from gateway.plan.inference.schemas import avro_schema, json_schema, pascal_case

TIME = "2026-05-28T20:26:40Z"


def avro(*payloads: Any) -> Any:
    return avro_schema(guess(_observed(payloads), Format.AVRO).root, "Pump", "plant")


def json(*payloads: Any) -> Any:
    return json_schema(guess(_observed(payloads), Format.JSON).root, "Pump")


def _observed(payloads: Any) -> Any:
    observer = Observer(depth=64)
    for payload in payloads:
        observer.add(payload, None)
    return observer.root


AVRO: list[tuple[Any, Any]] = [
    (True, "boolean"),
    (1, "long"),
    (1.5, "double"),
    ("a", "string"),
    ("123e4567-e89b-12d3-a456-426614174000", {"type": "string", "logicalType": "uuid"}),
    (TIME, {"type": "long", "logicalType": "timestamp-millis"}),
    ("2026-05-28T20:26:40.1234Z", {"type": "long", "logicalType": "timestamp-micros"}),
    ("2026-05-28T20:26:40", {"type": "long", "logicalType": "local-timestamp-millis"}),
    ("2026-05-28", {"type": "int", "logicalType": "date"}),
    ("20:26:40", {"type": "int", "logicalType": "time-millis"}),
    ("20:26:40.123456", {"type": "long", "logicalType": "time-micros"}),
    ([1], {"type": "array", "items": "long"}),
    ({"1": 2, "2": 3}, {"type": "map", "values": "long"}),
    ([1, "a"], {"type": "array", "items": ["long", "string"]}),
    ([1, "a", None], {"type": "array", "items": ["null", "long", "string"]}),
    (["RUN", "STOP"] * 10, {"type": "array", "items": {"type": "enum", "name": "X", "symbols": ["RUN", "STOP"]}}),
]


@pytest.mark.parametrize(("value", "wanted"), AVRO)
def test_avro_types(value: Any, wanted: Any) -> None:
    assert avro({"x": value}) == {
        "type": "record",
        "name": "Pump",
        "namespace": "plant",
        "fields": [{"name": "x", "type": wanted}],
    }


def test_what_may_be_missing_is_nullable_in_avro() -> None:
    assert avro({"a": 1}, {"b": None})["fields"] == [
        {"name": "a", "type": ["null", "long"], "default": None},
        {"name": "b", "type": ["null", "string"], "default": None},
    ]


def test_types_have_names_of_their_own() -> None:
    made = avro({"motor": {"motor": {"x": 1}}, "pump": {"motor": {"x": 1}}, "other-pump": [{"motor": {"x": 1}}]})

    def names(schema: Any) -> list[str]:
        if isinstance(schema, list):
            return [name for each in schema for name in names(each)]
        if not isinstance(schema, dict):
            return []
        own = [schema["name"]] if schema.get("type") == "record" else []
        return own + [
            name for each in (schema.get("fields", []), schema.get("type"), schema.get("items")) for name in names(each)
        ]

    assert names(made) == ["Pump", "Motor", "MotorMotor", "PumpPump", "PumpMotor", "OtherPump", "OtherPumpMotor"]


def test_an_avro_schema_that_is_no_record_has_no_namespace() -> None:
    assert avro(1, 2) == "long"
    assert avro([1]) == {"type": "array", "items": "long"}


A = {"type": "object", "required": ["a"], "additionalProperties": False, "properties": {"a": {"type": "integer"}}}
JSON: list[tuple[Any, Any]] = [
    (True, {"type": "boolean"}),
    (1, {"type": "integer"}),
    (1.5, {"type": "number"}),
    ("a", {"type": "string"}),
    ("123e4567-e89b-12d3-a456-426614174000", {"type": "string", "format": "uuid"}),
    (TIME, {"type": "string", "format": "date-time"}),
    ("2026-05-28", {"type": "string", "format": "date"}),
    ("20:26:40", {"type": "string"}),
    ([1], {"type": "array", "items": {"type": "integer"}}),
    ({"1": 2, "2": 3}, {"type": "object", "additionalProperties": {"type": "integer"}}),
    ([1, "a"], {"type": "array", "items": {"type": ["integer", "string"]}}),
    ([1, "a", None], {"type": "array", "items": {"type": ["integer", "string", "null"]}}),
    ([TIME, None], {"type": "array", "items": {"type": ["string", "null"], "format": "date-time"}}),
    (
        [[1], 1],
        {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}},
    ),
    (
        [*["RUN", "STOP"] * 10, None],
        {"type": "array", "items": {"type": ["string", "null"], "enum": ["RUN", "STOP", None]}},
    ),
]


@pytest.mark.parametrize(("value", "wanted"), JSON)
def test_json_types(value: Any, wanted: Any) -> None:
    assert json({"x": value}) == {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Pump",
        "type": "object",
        "required": ["x"],
        "additionalProperties": False,
        "properties": {"x": wanted},
    }


def test_what_may_be_missing_is_not_required_in_json() -> None:
    made = json({"a": 1}, {"b": None})
    assert "required" not in made
    assert made["properties"] == {"a": {"type": "integer"}, "b": {"type": ["string", "null"]}}


@pytest.mark.parametrize(
    ("text", "name"), [("cold-chain", "ColdChain"), ("pump", "Pump"), ("2nd", "T2nd"), ("t_max", "TMax"), ("—", "T")]
)
def test_names_of_types(text: str, name: str) -> None:
    assert pascal_case(text) == name
