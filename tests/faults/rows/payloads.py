"""What devices publish that no schema foresees."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package does not list what it exports
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from tests.faults.arena import Arena
from tests.faults.ledger import FILTERS, Destination, Message
from tests.faults.row import Row
from tests.faults.signs import Signs
from tests.faults.variant import POISON
from tests.parts.gateway import GatewayProcess

PREFIX_BYTES = 65_536
"""What a dead letter keeps of a payload that is too large for it."""
LIMIT_BYTES = 1_000_000
"""The gateway's ``limits.payload_bytes``."""
TOPIC_BYTES = 300_000

_WHOLE = '{{"deviceId":"device-00","sequence":1,"attempt":1,"temperature":{}}}'
HOSTILE = {
    "nothing": b"",
    "no JSON": b"\xff\xfe{",
    "UTF-16": '{"deviceId":"device-00"}'.encode("utf-16"),
    "half a character": b'{"deviceId":"\\ud800"}',
    "100000 levels": b"[" * 100_000 + b"]" * 100_000,
    "an infinite number": _WHOLE.format("1e999").encode(),
    "NaN": _WHOLE.format("NaN").encode(),
    "a number whose digits fill the memory": _WHOLE.format('"1e1000000000"').encode(),
    "a number of 900000 digits": _WHOLE.format("7" * 900_000).encode(),
    "a key that stands twice": b'{"deviceId":"device-00","sequence":1,"sequence":2,"attempt":1,"temperature":1.5}',
    "20000 unknown fields": json.dumps({f"temperatur{n}": n for n in range(20_000)}).encode(),
    "more than the limit": b" " * (LIMIT_BYTES + 1),
}
"""By what is wrong with them."""


async def hostile(arena: Arena) -> None:
    """Each is dead-lettered, the next message flows, in the same process and on the same connection."""
    pid, connections = arena.gateway.process.pid, arena.mqtt_proxy.connections
    for payload in HOSTILE.values():
        arena.ledger.refused[payload] = payload if len(payload) <= LIMIT_BYTES else payload[:PREFIX_BYTES]
        for pattern in FILTERS.values():
            await arena.publish(pattern.format(device="device-00"), payload)
        await arena.flowing(50)
    assert (arena.gateway.process.pid, arena.mqtt_proxy.connections) == (pid, connections)
    arena.heal()


def make_poisonous(arena: Arena, gateway: GatewayProcess) -> None:
    """A gateway whose native code crashes on certain payloads."""
    arena.change(gateway, "poisonous")


async def deadly(arena: Arena) -> None:
    """It kills the process whenever it comes; a supervisor starts the process again."""
    payload = b'{"deviceId":"' + POISON + b'"}'
    arena.ledger.refused[payload] = payload
    await arena.publish(FILTERS[Destination.AVRO].format(device="device-00"), payload)
    arena.incidents = 0
    while "crash_suspect_tried" not in arena.watch.events:
        if not arena.gateway.process.running:
            arena.incidents += 1
            assert arena.incidents <= 3, "it went on killing the process"
            arena.gateway.launch()
        await asyncio.sleep(0)
    arena.heal()


async def too_large(arena: Arena) -> None:
    """A topic takes less than it did, and a valid message does not fit any more, nor does its dead letter."""
    for destination in (Destination.JSON, Destination.DEAD):
        entry = ConfigEntry("max.message.bytes", str(TOPIC_BYTES), incremental_operation=AlterConfigOpType.SET)
        topic = ConfigResource(ConfigResource.Type.TOPIC, arena.topics[destination], incremental_configs=[entry])
        for future in arena.kafka.admin.incremental_alter_configs([topic]).values():
            await asyncio.to_thread(future.result, 10)
    padded = Message(1, 10**9, 1).payload + b" " * (2 * TOPIC_BYTES)
    arena.ledger.refused[padded] = padded[:PREFIX_BYTES]
    await arena.publish(FILTERS[Destination.JSON].format(device="device-01"), padded)
    await arena.flowing(1000)
    arena.heal()


def _rejected(code: str) -> Signs:
    """A message is a dead letter: nothing to log, it is counted."""
    return Signs(metric=f'schema_gateway_rejections_total{{code="{code}"}} > 0')


CRASH_SUSPECT = replace(_rejected("crash-suspect"), log="crash_suspect_tried")

ROWS = (
    Row("hostile payloads", hostile, 0, 10, _rejected("duplicate-key"), fast=True),
    Row("a payload that kills the process", deadly, 1, 10, CRASH_SUSPECT, prepare=make_poisonous),
    Row("larger than the topic takes", too_large, 1, 10, _rejected("record-too-large")),
)
