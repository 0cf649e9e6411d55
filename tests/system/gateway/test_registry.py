"""Schema Registry fails, answers garbage, comes back, and gets new versions, while messages flow."""

from __future__ import annotations

import asyncio
import json
import shutil
from copy import deepcopy
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.model import Format
from gateway.registry.development.http import registry_app
from gateway.registry.development.seeds import Seed, plant
from tests.parts.gateway import GatewayProcess
from tests.parts.mosquitto import Mosquitto
from tests.parts.registry_faults import answer
from tests.parts.waiting import eventually
from tests.system.gateway.stage import AVRO, Stage

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]

READING = b'{"n":1,"temp":21.5}'
WIDER: Any = deepcopy(AVRO)
WIDER["fields"].append({"name": "unit", "type": "string", "default": "C"})
BREAKING: Any = deepcopy(AVRO)
BREAKING["fields"].append({"name": "serial", "type": "string"})


def register(stage: Stage, topic: str, schema: object) -> None:
    """A new version of the topic's subject."""
    stage.registry.store.rules.set_level(f"{topic}-value", "NONE")
    plant(stage.registry.store, [Seed(f"{topic}-value", Format.AVRO, json.dumps(schema))])


async def test_a_new_version_is_taken_over_without_a_restart(stage: Stage, mosquitto: Mosquitto) -> None:
    """Records carry the new schema's ID as soon as the gateway has looked; /status and the log say so."""
    topic, _ = stage.declare("pumps")
    gateway = await stage.started(mosquitto.url)
    await asyncio.to_thread(mosquitto.publish, "pumps/p1", READING)
    await stage.arrived(1, topic)
    register(stage, topic, WIDER)
    await eventually(lambda: version_of(gateway) == 2, 20, "version 2 in use")
    await asyncio.to_thread(mosquitto.publish, "pumps/p1", READING)
    await stage.arrived(2, topic)
    first, second = await stage.consume(topic)
    assert first.value is not None
    assert second.value is not None
    assert second.value[5:] == first.value[5:] + b"\x02C"
    assert second.value[:5] != first.value[:5]
    assert '"schema_taken_over"' in gateway.log


async def test_a_version_that_breaks_an_accepted_example_is_held_back(stage: Stage, mosquitto: Mosquitto) -> None:
    """The last good version stays, across a restart too; status, readiness and metrics say why."""
    topic, dead = stage.declare("pumps")
    (stage.contracts / "pumps" / "examples.yaml").write_text(
        'accepted:\n  - {name: as published today, payload: \'{"n":1,"temp":21.5}\'}\n',
    )
    gateway = await stage.started(mosquitto.url)
    register(stage, topic, BREAKING)
    await eventually(lambda: variant(gateway)["pending_version"] == 2, 20, "version 2 held back")
    assert "as published today" in variant(gateway)["pending_reason"]
    assert await asyncio.to_thread(gateway.process.terminate) == 0
    await asyncio.to_thread(gateway.start)
    assert version_of(gateway) == 1
    assert variant(gateway)["pending_version"] == 2
    await asyncio.to_thread(mosquitto.publish, "pumps/p1", READING)
    await stage.arrived(1, topic)
    assert await stage.count(dead) == 0
    assert {reason["code"] for reason in gateway.get("/readyz")["degraded"]} == {"schema_held_back"}


@pytest.mark.parametrize(
    "fault", [answer(500, "{}"), answer(200, "<html>"), answer(200, "{}")], ids=["500", "html", "empty"]
)
async def test_an_outage_changes_nothing_for_known_schemas(stage: Stage, mosquitto: Mosquitto, fault: Any) -> None:
    """While the registry fails, and after a restart in the middle of it, messages flow; then all is well again."""
    topic, dead = stage.declare("pumps")
    gateway = await stage.started(mosquitto.url)
    stage.registry.fault = fault
    await eventually(lambda: degraded(gateway) == {"registry_unreachable"}, 20, "degraded")
    await asyncio.to_thread(mosquitto.publish, "pumps/p1", READING)
    await stage.arrived(1, topic)
    assert await asyncio.to_thread(gateway.process.terminate) == 0
    await asyncio.to_thread(gateway.start)
    await asyncio.to_thread(mosquitto.publish, "pumps/p1", READING)
    await stage.arrived(2, topic)
    assert await stage.count(dead) == 0
    stage.registry.fault = None
    await eventually(lambda: degraded(gateway) == set(), 30, "healthy again")


async def test_an_unknown_subject_makes_only_its_contract_inactive(stage: Stage, mosquitto: Mosquitto) -> None:
    """The others run; once the subject is registered the contract is active and subscribed, without a restart."""
    stage.declare("known")
    stage.register()
    late, _ = stage.declare("late")
    gateway = stage.gateway(mosquitto.url)
    await asyncio.to_thread(gateway.start)
    assert degraded(gateway) == {"contract_inactive"}
    stage.register()
    await eventually(lambda: degraded(gateway) == set(), 20, "active")
    await eventually(lambda: all(each["subscribed"] for each in contracts(gateway)), 10, "subscribed")
    await asyncio.to_thread(mosquitto.publish, "late/p1", READING)
    await stage.arrived(1, late)


def contracts(gateway: GatewayProcess) -> list[dict[str, Any]]:
    return [each for contract in gateway.get("/status")["contracts"] for each in contract["variants"]]


def variant(gateway: GatewayProcess) -> dict[str, Any]:
    [found] = contracts(gateway)
    return found


def version_of(gateway: GatewayProcess) -> int:
    version: int = variant(gateway)["version"]
    return version


def degraded(gateway: GatewayProcess) -> set[str]:
    return {reason["code"] for reason in gateway.get("/readyz")["degraded"]}


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_lost_state_folder_while_half_the_registry_is_down(
    stage: Stage, mosquitto: Mosquitto, protocol: str
) -> None:
    """Nobody remembers the session: no message becomes a dead letter for want of a schema; all arrive afterwards."""
    silent, silent_dead = stage.declare("silent")
    other, other_dead = stage.declare("other")
    gateway = await stage.started(mosquitto.url, mqtt={"version": protocol})
    assert await asyncio.to_thread(gateway.process.terminate) == 0
    shutil.rmtree(gateway.folder / "var")
    for topic in ("silent/p1", "other/p1"):
        await asyncio.to_thread(mosquitto.publish, topic, READING)
    whole = registry_app(stage.registry.store)

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await (Response("{}", 500) if silent in scope["path"] else whole)(scope, receive, send)

    stage.registry.fault = half
    await asyncio.to_thread(gateway.launch)
    await eventually(lambda: '"registry_unreachable"' in gateway.log, 30, "held")
    assert await stage.count(silent, other, silent_dead, other_dead, stage.unrouted) == 0
    stage.registry.fault = None
    await stage.arrived(2, silent, other)
    assert await stage.count(silent_dead, other_dead, stage.unrouted) == 0
    assert '"session_filters_unknown"' in gateway.log
