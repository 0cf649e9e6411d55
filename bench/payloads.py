"""Larger payloads than the telemetry: a nested machine state of 2 KB and a batch of readings of 50 KB, as both schemas.

Both are what devices with a gateway of their own publish; every field is there, no value needs a conversion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """A payload, and its schema in both languages."""

    name: str
    avro: dict[str, Any]
    json_schema: dict[str, Any]
    payload: bytes


def _record(name: str, /, **fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields.items()]}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


_DOUBLE, _TEXT, _WHOLE, _YES_NO = {"type": "number"}, {"type": "string"}, {"type": "integer"}, {"type": "boolean"}

_READING = _record(
    "Reading",
    ts={"type": "long", "logicalType": "timestamp-millis"},
    temperature="double",
    humidity=["null", "double"],
    ok="boolean",
)
_BATCH = _record("Batch", deviceId="string", readings={"type": "array", "items": _READING})
_BATCH_JSON = _object(
    deviceId=_TEXT,
    readings={
        "type": "array",
        "items": _object(ts=_WHOLE, temperature=_DOUBLE, humidity={"type": ["number", "null"]}, ok=_YES_NO),
    },
)

_MACHINE = _record(
    "Machine",
    deviceId="string",
    site=_record("Site", building="string", floor="int", position=_record("Position", lat="double", lon="double")),
    motors={
        "type": "array",
        "items": _record(
            "Motor",
            name="string",
            rpm="int",
            current={"type": "array", "items": "double"},
            state={"type": "enum", "name": "State", "symbols": ["ON", "OFF"]},
            fault=["null", "string"],
        ),
    },
    tags={"type": "map", "values": "string"},
    limits={"type": "map", "values": _record("Limit", low="double", high="double")},
)
_MACHINE_JSON = _object(
    deviceId=_TEXT,
    site=_object(building=_TEXT, floor=_WHOLE, position=_object(lat=_DOUBLE, lon=_DOUBLE)),
    motors={
        "type": "array",
        "items": _object(
            name=_TEXT,
            rpm=_WHOLE,
            current={"type": "array", "items": _DOUBLE},
            state={"enum": ["ON", "OFF"]},
            fault={"type": ["string", "null"]},
        ),
    },
    tags={"type": "object", "additionalProperties": _TEXT},
    limits={"type": "object", "additionalProperties": _object(low=_DOUBLE, high=_DOUBLE)},
)


def _readings(count: int) -> bytes:
    readings = [
        {
            "ts": 1_780_000_000_000 + n,
            "temperature": 20 + n / 8,
            "humidity": 40 + n % 16 / 16 if n % 5 else None,
            "ok": n % 2 == 0,
        }
        for n in range(count)
    ]
    return _text({"deviceId": "pump-001", "readings": readings})


def _machine() -> bytes:
    motors = [
        {
            "name": f"motor-{n}",
            "rpm": 1400 + n,
            "current": [1.5 + n, 2.25, 3.125],
            "state": "ON",
            "fault": None if n % 2 else "overheat",
        }
        for n in range(16)
    ]
    return _text(
        {
            "deviceId": "pump-001",
            "site": {"building": "b1", "floor": 3, "position": {"lat": 48.25, "lon": 11.5}},
            "motors": motors,
            "tags": {f"tag{n}": f"value {n}" for n in range(12)},
            "limits": {f"limit{n}": {"low": n + 0.5, "high": n + 10.25} for n in range(10)},
        },
    )


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


SAMPLES = (
    Sample("nested, 2 KB", _MACHINE, _MACHINE_JSON, _machine()),
    Sample("70 readings, 5 KB", _BATCH, _BATCH_JSON, _readings(70)),
    Sample("700 readings, 50 KB", _BATCH, _BATCH_JSON, _readings(700)),
)
