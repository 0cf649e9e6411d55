"""The payload that everything is measured on: 140 bytes of telemetry with 7 fields, 1 % of them invalid."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SUBJECTS = {"avro": "bench.avro-value", "json": "bench.json-value"}
TOPICS = {"avro": "bench.avro", "json": "bench.json"}
FILTER = "plant/{building}/{device}/readings"
DEVICES = 50
INVALID_EVERY = 100
"""One message in so many has a value that no mode accepts."""

AVRO = json.dumps(
    {
        "type": "record",
        "name": "Telemetry",
        "fields": [
            {"name": "deviceId", "type": "string"},
            {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "temperature", "type": "double"},
            {"name": "humidity", "type": ["null", "double"], "default": None},
            {"name": "battery_level", "type": "int"},
            {"name": "enabled", "type": "boolean"},
            {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["RUNNING", "STOPPED", "FAULT"]}},
        ],
    },
)
JSON_SCHEMA = json.dumps(
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Telemetry",
        "type": "object",
        "properties": {
            "deviceId": {"type": "string"},
            "ts": {"type": "integer"},
            "temperature": {"type": "number", "minimum": -90, "maximum": 150},
            "humidity": {"type": ["number", "null"]},
            "battery_level": {"type": "integer", "minimum": 0, "maximum": 100},
            "enabled": {"type": "boolean"},
            "status": {"enum": ["RUNNING", "STOPPED", "FAULT"]},
        },
        "required": ["deviceId", "ts", "temperature", "battery_level", "enabled", "status"],
        "additionalProperties": False,
    },
)
SCHEMAS = {"avro": AVRO, "json": JSON_SCHEMA}

MISTAKES: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another type": lambda value: value | {"temperature": [value["temperature"]]},
    "null": lambda value: value | {"temperature": None},
    "no number": lambda value: value | {"temperature": "hot"},
    "decimal comma": lambda value: value | {"temperature": str(value["temperature"]).replace(".", ",")},
    "out of range": lambda value: value | {"battery_level": 3_000_000_000},
    "bad date-time": lambda value: value | {"ts": "2026-13-01T00:00:00Z"},
    "unknown symbol": lambda value: value | {"status": "MELTING"},
    "misspelt symbol": lambda value: value | {"status": "RUNING"},
    "missing field": lambda value: _without("battery_level", value),
    "unknown field": lambda value: value | {"firmware": "1.2.3"},
    "misspelt field": lambda value: _without("battery_level", value | {"batery_level": value["battery_level"]}),
}
"""What devices do wrong, each made of a clean value: no mode but lenient accepts it."""


def _without(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key != name}


def message(number: int) -> tuple[str, bytes]:
    """``(MQTT topic, payload)`` of the message with this number."""
    device = f"pump-{number % DEVICES:03d}"
    temperature = '"hot"' if number % INVALID_EVERY == INVALID_EVERY - 1 else f"{20 + number % 100 / 8}"
    payload = (
        f'{{"deviceId":"{device}","ts":{1_780_000_000_000 + number},"temperature":{temperature},'
        f'"humidity":{40 + number % 16 / 16},"battery_level":{number % 100},"enabled":true,"status":"RUNNING"}}'
    )
    return f"plant/b{number % 4}/{device}/readings", payload.encode()


def write_schema(folder: Path, kind: str) -> None:
    """A folder with the schema alone, as the registry is filled from."""
    folder.mkdir(parents=True)
    (folder / "contract.yaml").write_text(f"subject: {SUBJECTS[kind]}\n")
    (folder / _file(kind)).write_text(SCHEMAS[kind])


def _file(kind: str) -> str:
    return "schema.avsc" if kind == "avro" else "schema.json"


def write_contract(folder: Path, kind: str) -> None:
    """A folder of contracts with the one for ``kind``: avro or json."""
    contract = folder / "telemetry"
    contract.mkdir(parents=True)
    (contract / "contract.yaml").write_text(
        f"mqtt: {FILTER}\ntopic: {TOPICS[kind]}\nsubject: {SUBJECTS[kind]}\ndead_letters: bench.dlq\n",
    )
    (contract / _file(kind)).write_text(SCHEMAS[kind])
