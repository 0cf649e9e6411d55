"""What happens to Schema Registry, and what it is told to hold."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

from gateway.model import Format
from gateway.registry.development.seeds import Seed, plant
from tests.faults.arena import Arena
from tests.faults.ledger import AVRO_SCHEMA, EXAMPLE, JSON_SCHEMA, Destination, Refusal
from tests.faults.row import Row
from tests.faults.signs import Signs
from tests.parts.gateway import GatewayProcess
from tests.parts.registry_faults import GARBAGE, answer, drip, endless, stall
from tests.parts.waiting import eventually

DOWN = answer(503, "starting")
THIRD = "faults/third/{device}"
THIRD_SUBJECT = "third-value"


def _with_field(name: str, kind: str, **more: Any) -> str:
    return json.dumps({**AVRO_SCHEMA, "fields": [*AVRO_SCHEMA["fields"], {"name": name, "type": kind, **more}]})


def _without_field(name: str) -> str:
    fields = [field for field in AVRO_SCHEMA["fields"] if field["name"] != name]
    return json.dumps({**AVRO_SCHEMA, "fields": fields})


UNUSABLE = {
    "requires a field that no device sends": (Format.AVRO, _with_field("pressure", "double")),
    "lacks the field that names the device": (Format.AVRO, _without_field("deviceId")),
    "is of another format": (Format.JSON, json.dumps(JSON_SCHEMA)),
    "cannot be compiled": (Format.JSON, '{"patternProperties": {"(?=a)": {}}}'),
}
"""Versions after the first that must not be taken over, by what is wrong with them."""

UNREACHABLE = Signs("registry_unreachable", "registry_unavailable", "schema_gateway_registry_reachable == 0")
SUBJECT_DELETED = Signs(
    "subject_deleted", "registry_subject_gone", 'schema_gateway_degraded_reasons{code="subject_deleted"} > 0'
)
UNKNOWN_SCHEMA = Signs(
    "contract_inactive", "contract_inactive", 'schema_gateway_rejections_total{code="unknown-schema"} > 0'
)
HELD_BACK = Signs("schema_held_back", "schema_held_back", "schema_gateway_contract_pending_version > 0")


def _subject(arena: Arena) -> str:
    return f"{arena.topics[Destination.AVRO]}-value"


def _register(arena: Arena, kind: Format, text: str) -> None:
    subject = _subject(arena)
    arena.registry.store.rules.set_level(subject, "NONE")
    assert plant(arena.registry.store, [Seed(subject, kind, text)]) == 1


async def _asked(arena: Arena, more: int = 2) -> None:
    """Returns when the gateway has asked the registry again."""
    wanted = len(arena.registry.requests) + more
    await eventually(lambda: len(arena.registry.requests) >= wanted, 60, "requests to the registry")


async def _stop(arena: Arena) -> None:
    assert await asyncio.to_thread(arena.gateway.process.terminate) == 0


async def away_at_start(arena: Arena) -> None:
    """The gateway starts while the registry is away: it works with the schemas that it has on disk."""
    await _stop(arena)
    arena.registry.fault = DOWN
    arena.gateway.launch()
    await arena.flowing(100)
    await arena.shows(UNREACHABLE)
    arena.registry.fault = None
    arena.heal()


async def away_at_first_start(arena: Arena) -> None:
    """It has none on disk, and cannot know what to do with messages: it takes none."""
    await _stop(arena)
    shutil.rmtree(arena.gateway.folder / "state")
    arena.registry.fault = DOWN
    before = arena.mqtt_proxy.connections
    arena.gateway.launch()
    await arena.shows(UNREACHABLE)
    await _asked(arena)
    assert arena.mqtt_proxy.connections == before, "it asked the broker for messages"
    arena.registry.fault = None
    arena.heal()


async def away_when_needed(arena: Arena) -> None:
    """A version is registered, and the registry does not answer for it: the last good one stays meanwhile."""
    arena.registry.fault = stall()
    text = _with_field("pressure", "double", default=0)
    _register(arena, Format.AVRO, text)
    arena.allow(Destination.AVRO, json.loads(text))
    await arena.shows(UNREACHABLE)
    await arena.flowing(200)
    assert "schema_taken_over" not in arena.watch.events
    arena.registry.fault = None
    await arena.sees_version(2)
    arena.heal()


async def garbage(arena: Arena) -> None:
    """It answers what is no answer, in every way that we know; then not at all, then endlessly."""
    snapshot = arena.gateway.folder / "state" / "registry-snapshot.json"
    kept = snapshot.read_bytes()
    for fault in (*GARBAGE.values(), stall(), drip(), endless(80_000_000), answer(429, "", {"retry-after": "1"})):
        arena.registry.fault = fault
        await _asked(arena)
        await arena.flowing(20)
    assert snapshot.read_bytes() == kept, "what it keeps for an outage has changed"
    arena.registry.fault = None
    arena.heal()


async def deleted(arena: Arena) -> None:
    """The subject in use is deleted: its schema goes on being used."""
    arena.registry.store.delete_subject(_subject(arena))
    await arena.shows(SUBJECT_DELETED)
    await arena.flowing(200)
    arena.heal()


def declare_third(arena: Arena, _gateway: GatewayProcess) -> None:
    """A third contract, whose subject can be taken from it while the fleet goes on."""
    arena.third_topic = arena.kafka.new_topic()
    topics: dict[str, Any] = {"topic": arena.third_topic, "dead_letters": arena.topics[Destination.DEAD]}
    arena.project.declare("third", AVRO_SCHEMA, mqtt=THIRD, subject=THIRD_SUBJECT, **topics)
    _plant_third(arena)


async def unknown(arena: Arena) -> None:
    """A subject is deleted for good, and nothing on disk knows it either; the session still holds its messages.

    The registry is asked twice, then they are dead letters; as soon as there is a schema again, they are records.
    """
    await _stop(arena)
    shutil.rmtree(arena.gateway.folder / "state")
    for permanent in (False, True):
        arena.registry.store.delete_subject(THIRD_SUBJECT, permanent=permanent)
    topic = THIRD.format(device="device-00")
    waiting, arriving = (Refusal(EXAMPLE.encode() + b" " * n, "unknown-schema", b"device-00") for n in range(2))
    arena.ledger.refused += [waiting, arriving]
    arena.registry.requests.clear()
    await arena.publish(topic, waiting.payload)
    arena.gateway.launch()
    await arena.shows(Signs("contract_inactive"))
    await _unknown(arena, 1)
    assert arena.registry.requests.count(f"GET /subjects/{THIRD_SUBJECT}/versions/latest") >= 2, "it did not look twice"
    await arena.publish(topic, arriving.payload)
    await _unknown(arena, 2)
    _plant_third(arena)
    async with asyncio.timeout(30):
        while "contract_inactive" in await arena.reasons():
            pass  # paced as below
    arena.heal()
    await arena.publish(topic, EXAMPLE.encode())
    await arena.flowing(100)
    [record] = await asyncio.to_thread(arena.kafka.consume, arena.third_topic)
    assert record.key == b"device-00"


def _plant_third(arena: Arena) -> None:
    assert plant(arena.registry.store, [Seed(THIRD_SUBJECT, Format.AVRO, json.dumps(AVRO_SCHEMA))]) == 1


async def _unknown(arena: Arena, messages: int) -> None:
    """Returns when the gateway's counter says that so many messages had no schema."""
    sample = f'\nschema_gateway_rejections_total{{code="unknown-schema",contract="third"}} {messages}.0\n'
    async with asyncio.timeout(30):
        while sample not in await asyncio.to_thread(arena.gateway.metrics):
            pass  # each look is a request to the gateway: it paces itself


async def unusable(arena: Arena) -> None:
    """Versions are registered that would reject what devices send, or cannot be used at all."""
    for number, (kind, text) in enumerate(UNUSABLE.values(), 2):
        _register(arena, kind, text)
        await arena.sees_version(number, pending=True)
        await arena.flowing(100)
    arena.heal()


ROWS = (
    Row("registry down at start, schemas known", away_at_start, False, 10, UNREACHABLE),
    Row("registry down at start, nothing known", away_at_first_start, False, 10, UNREACHABLE),
    Row("registry down, a new version needed", away_when_needed, False, 10, UNREACHABLE),
    Row("registry answers garbage", garbage, False, 10, UNREACHABLE),
    Row("subject deleted", deleted, False, 10, SUBJECT_DELETED),
    Row("schema unknown to the registry", unknown, False, 10, UNKNOWN_SCHEMA, prepare=declare_third),
    Row("unusable versions registered", unusable, False, 10, HELD_BACK, fast=True),
)
