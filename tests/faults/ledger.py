"""What was published, where each message must end, and what the publisher was told.

A message is ``(device, sequence, attempt)``: its payload and its destination follow from that alone, so a checker can
tell what is missing, what came twice, and what was altered, without having seen the traffic.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

DEVICES = 50


class Destination(Enum):
    """Where a message must end."""

    AVRO = "the Avro topic"
    JSON = "the JSON Schema topic"
    DEAD = "the dead-letter topic"


AVRO_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Reading",
    "fields": [
        {"name": "deviceId", "type": "string"},
        {"name": "sequence", "type": "long"},
        {"name": "attempt", "type": "int"},
        {"name": "temperature", "type": "double"},
    ],
}
REASON = "invalid-number"
"""The code of what is wrong with the fleet's messages, where something is."""
JSON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "deviceId": {"type": "string"},
        "sequence": {"type": "integer"},
        "attempt": {"type": "integer"},
        "temperature": {"type": "number"},
    },
    "required": ["deviceId", "sequence", "attempt", "temperature"],
    "additionalProperties": False,
}
SCHEMAS = {Destination.AVRO: AVRO_SCHEMA, Destination.JSON: JSON_SCHEMA}
EXAMPLE = '{"deviceId":"device-00","sequence":0,"attempt":1,"temperature":"20.5"}'
"""What both contracts accept, and must go on accepting."""
FILTERS = {Destination.AVRO: "faults/avro/{device}", Destination.JSON: "faults/json/{device}"}
"""Topic filter of the contract for each main topic."""
PAYLOAD_BEGIN = b'{"deviceId"'
"""Of every payload of the fleet; nothing before it in a packet looks like it."""


@dataclass(frozen=True)
class Message:
    """One publication."""

    device: int
    """0 to DEVICES - 1; the even ones speak to the Avro contract, the odd ones to the one with JSON Schema."""
    sequence: int
    """Counts the device's messages from 0."""
    attempt: int
    """Counts from 1; above that for what is published again because no acknowledgement came."""

    @property
    def name(self) -> str:
        """The device's ID, which is the record's key."""
        return f"device-{self.device:02}"

    @property
    def format(self) -> Destination:
        """The contract that takes the message."""
        return Destination.JSON if self.device % 2 else Destination.AVRO

    @property
    def topic(self) -> str:
        """Where it is published."""
        return FILTERS[self.format].format(device=self.name)

    @property
    def temperature(self) -> float:
        """What the device has measured: a number that a double holds exactly."""
        return 20 + (self.device * 7 + self.sequence) % 160 / 8

    @property
    def is_loose(self) -> bool:
        """Whether the temperature is published as text."""
        return self.sequence % 10 == 3

    @property
    def is_wrong(self) -> bool:
        """Whether the temperature is none."""
        return self.sequence % 10 == 7

    @property
    def destination(self) -> Destination:
        """Where it must end."""
        return Destination.DEAD if self.is_wrong else self.format

    @cached_property
    def payload(self) -> bytes:
        """What is published."""
        temperature: object = str(self.temperature) if self.is_loose else "hot" if self.is_wrong else self.temperature
        value = {
            "deviceId": self.name,
            "sequence": self.sequence,
            "attempt": self.attempt,
            "temperature": temperature,
        }
        return json.dumps(value, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Refusal:
    """What a payload that is none of the fleet's must become: a dead letter."""

    payload: bytes
    """As it was published."""
    reason: str
    """Its code."""
    key: bytes | None
    kept_bytes: int | None = None
    """How much of the payload is kept; None for all."""

    @property
    def value(self) -> bytes:
        """The dead letter's."""
        return self.payload[: self.kept_bytes]

    @property
    def headers(self) -> dict[str, bytes]:
        """Those that are known beforehand."""
        known = {"gw-reason": self.reason.encode()}
        if self.kept_bytes is not None:
            known["gw-payload-bytes"] = str(len(self.payload)).encode()
            known["gw-payload-sha256"] = hashlib.sha256(self.payload).hexdigest().encode()
        return known


class Ledger:
    """All publications of a run, in order, and what they must become."""

    def __init__(self) -> None:
        self.published: list[Message] = []
        """The fleet's; each noted before it is sent."""
        self.confirmed: set[Message] = set()
        """Those for which the broker has taken responsibility (PUBACK, PUBCOMP)."""
        self.refused: list[Refusal] = []
        """What somebody else has published, each time."""
        self.schemas: dict[Destination, dict[int, dict[str, Any]]] = {Destination.AVRO: {}, Destination.JSON: {}}
        """What records may be written with, by schema ID."""
