"""What devices publish that no schema foresees."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from dataclasses import replace
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package does not list what it exports
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from gateway.model import Format
from gateway.registry.development.seeds import Seed, plant
from tests.faults.arena import Arena
from tests.faults.ledger import FILTERS, Destination, Message, Refusal
from tests.faults.row import Row
from tests.faults.signs import Signs
from tests.faults.variants.harmed import POISON
from tests.parts.gateway import GatewayProcess

PREFIX_BYTES = 65_536
"""What a dead letter keeps of a payload that is too large for it."""
LIMIT_BYTES = 1_000_000
"""The gateway's ``limits.payload_bytes``."""
TOPIC_BYTES = 300_000
HOUR_MS = 3_600_000
STAMPED = "faults/stamped/{device}"
STAMPED_SCHEMA = {"type": "record", "name": "Stamped", "fields": [{"name": "at", "type": "long"}]}

_WHOLE = '{{"deviceId":"device-00","sequence":1,"attempt":1,"temperature":{}}}'
_KEY = b"device-00"
HOSTILE_TOPICS = tuple(pattern.format(device=_KEY.decode()) for pattern in FILTERS.values())
HOSTILE = tuple(
    Refusal(payload, reason, _KEY, PREFIX_BYTES if len(payload) > LIMIT_BYTES else None)
    for reason, payload in (
        ("json-invalid", b""),
        ("payload-not-utf8", b"\xff\xfe{"),
        ("payload-not-utf8", '{"deviceId":"device-00"}'.encode("utf-16")),
        ("json-invalid", b'{"deviceId":"\\ud800"}'),
        ("payload-limit", b"[" * 100_000 + b"]" * 100_000),
        ("out-of-range", _WHOLE.format("1e999").encode()),
        ("json-invalid", _WHOLE.format("NaN").encode()),
        ("out-of-range", _WHOLE.format('"1e1000000000"').encode()),
        ("out-of-range", _WHOLE.format("7" * 900_000).encode()),
        ("duplicate-key", b'{"deviceId":"device-00","sequence":1,"sequence":2,"attempt":1,"temperature":1.5}'),
        ("no-device-id", json.dumps({f"temperatur{n}": n for n in range(20_000)}).encode()),
        ("payload-limit", b" " * (LIMIT_BYTES + 1)),
    )
)
"""Each with the reason for which both contracts refuse it."""


async def hostile(arena: Arena) -> None:
    """Each is dead-lettered, the next message flows, in the same process and on the same connection."""
    pid, connections = arena.gateway.process.pid, arena.mqtt_proxy.connections
    for refusal in HOSTILE:
        for topic in HOSTILE_TOPICS:
            arena.ledger.refused.append(refusal)
            await arena.publish(topic, refusal.payload)
        await arena.flowing(50)
    assert (arena.gateway.process.pid, arena.mqtt_proxy.connections) == (pid, connections)
    arena.heal()


def make_poisonous(arena: Arena, gateway: GatewayProcess) -> None:
    """A gateway whose native code crashes on certain payloads."""
    arena.change(gateway, "poisonous")


async def deadly(arena: Arena) -> None:
    """It kills the process whenever it comes; a supervisor starts the process again."""
    poison = Refusal(b'{"deviceId":"' + POISON + b'"}', "crash-suspect", _KEY)
    arena.ledger.refused.append(poison)
    await arena.publish(HOSTILE_TOPICS[0], poison.payload)
    deaths = 0
    async with asyncio.timeout(60):
        while "crash_suspect_tried" not in arena.watch.events:
            await arena.watch.look()
            if not arena.gateway.process.running:
                assert arena.gateway.process.terminate() == -signal.SIGSEGV, arena.gateway.process.tail()
                deaths += 1
                assert deaths <= 3, "it went on killing the process"
                arena.gateway.launch()
    arena.heal()


def _too_large(sequence: int) -> Refusal:
    """Valid, but for its length; of its dead letter as much is kept as fits."""
    message = Message(1, sequence, 1)
    padded = message.payload + b" " * (2 * TOPIC_BYTES)
    return Refusal(padded, "record-too-large", message.name.encode(), PREFIX_BYTES)


def _narrow(arena: Arena) -> None:
    """The topics of JSON records and of dead letters take less than other topics."""
    for destination in (Destination.JSON, Destination.DEAD):
        entry = ConfigEntry("max.message.bytes", str(TOPIC_BYTES), incremental_operation=AlterConfigOpType.SET)
        topic = ConfigResource(ConfigResource.Type.TOPIC, arena.topics[destination], incremental_configs=[entry])
        for future in arena.kafka.admin.incremental_alter_configs([topic]).values():
            future.result(10)


def narrow(arena: Arena, _gateway: GatewayProcess) -> None:
    """They do so before the gateway starts: it knows."""
    _narrow(arena)


async def too_large(arena: Arena) -> None:
    """Messages that do not fit a topic, nor do their dead letters; what comes with them does."""
    for sequence in range(3):
        refusal = _too_large(10**9 + sequence)
        arena.ledger.refused.append(refusal)
        await arena.publish(FILTERS[Destination.JSON].format(device="device-01"), refusal.payload)
        await arena.flowing(300)
    arena.heal()


async def suddenly_too_large(arena: Arena) -> None:
    """A topic takes less than it did when the gateway asked: Kafka refuses a whole batch."""
    await asyncio.to_thread(_narrow, arena)
    await too_large(arena)


def declare_stamped(arena: Arena, _gateway: GatewayProcess) -> None:
    """A third contract takes its records' time from the payload, up to a week old; its topic takes a day."""
    arena.third_topic = arena.kafka.new_topic(message_timestamp_before_max_ms=str(24 * HOUR_MS))
    topics: dict[str, Any] = {"topic": arena.third_topic, "dead_letters": arena.topics[Destination.DEAD]}
    arena.project.declare("third", STAMPED_SCHEMA, mqtt=STAMPED, timestamp={"field": "/at", "unit": "ms"}, **topics)
    assert plant(arena.registry.store, [Seed(f"{arena.third_topic}-value", Format.AVRO, json.dumps(STAMPED_SCHEMA))])


async def wrong_times(arena: Arena) -> None:
    """Of what the topic would refuse, and with it a batch, the record carries its arrival; and nothing is cut."""
    connections, now_ms = arena.mqtt_proxy.connections, time.time_ns() // 1_000_000
    kept = {now_ms - 48 * HOUR_MS: False, now_ms - HOUR_MS: True, now_ms + HOUR_MS // 2: True, now_ms + HOUR_MS: False}
    for at in kept:
        await arena.publish(STAMPED.format(device="device-00"), b'{"at":%d}' % at)
        await arena.flowing(100)
    records = await asyncio.to_thread(arena.kafka.consume, arena.third_topic)
    assert [record.timestamp == at for record, at in zip(records, kept, strict=True)] == list(kept.values())
    assert [("gw-timestamp", b"arrival") not in record.headers for record in records] == list(kept.values())
    assert arena.mqtt_proxy.connections == connections
    arena.heal()


def _rejected(code: str) -> Signs:
    """A message is a dead letter: nothing to log, it is counted."""
    return Signs(metric=f'schema_gateway_rejections_total{{code="{code}"}} > 0')


SIZE_REFUSED = Signs(
    log="kafka_delivery_failed", metric='schema_gateway_kafka_failures_total{reason="size_refused"} > 0'
)
REPLACED = Signs(metric="schema_gateway_timestamps_replaced_total > 1")
CRASH_SUSPECT = replace(_rejected("crash-suspect"), log="crash_suspect_tried")

ROWS = (
    Row("hostile payloads", hostile, False, 10, _rejected("duplicate-key"), fast=True),
    Row("a payload that kills the process", deadly, True, 10, CRASH_SUSPECT, prepare=make_poisonous),
    Row("larger than the topic takes", too_large, False, 10, _rejected("record-too-large"), prepare=narrow),
    Row("larger than the topic takes, which took it before", suddenly_too_large, True, 10, SIZE_REFUSED),
    Row("times that the topic does not take", wrong_times, False, 10, REPLACED, prepare=declare_stamped, fast=True),
)
