"""What happens to Kafka and on the way to it."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package does not list what it exports
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from tests.faults.arena import WINDOW, Arena
from tests.faults.ledger import Destination
from tests.faults.row import Row
from tests.faults.signs import Signs
from tests.parts.fault_proxy import Direction
from tests.parts.gateway import GatewayProcess
from tests.parts.kafka import KafkaBroker

AWAY_S = 60
_MIB = 1 << 20

DOWN = Signs("kafka_not_ready", "not_ready", "schema_gateway_oldest_unacknowledged_age_seconds > 30")
AWAY = Signs("kafka_not_ready", "not_ready", "schema_gateway_kafka_ready == 0")
STALLED = Signs("acknowledgements_stalled", "not_ready", "schema_gateway_oldest_unacknowledged_age_seconds > 15")
SLOW = Signs(metric="schema_gateway_oldest_unacknowledged_age_seconds > 1.5")
BRIEFLY_CUT = Signs(log="library_message", words="Disconnected|reset")
TOPIC_MISSING = Signs("topic_missing", "not_ready", 'schema_gateway_not_ready_reasons{code="topic_missing"} > 0')
FATAL = Signs(log="kafka_delivery_failed", metric='schema_gateway_kafka_failures_total{reason="fatal"} > 0')
NOT_AUTHORIZED = Signs(
    "not_authorized", "kafka_delivery_failed", 'schema_gateway_kafka_failures_total{reason="not_authorized"} > 0'
)


async def down(arena: Arena) -> None:
    """Stopped for a minute: MQTT stays connected, memory stays flat."""
    connections = arena.mqtt_proxy.connections
    await asyncio.to_thread(arena.kafka.stop)
    await arena.shows(AWAY)
    await arena.underway(WINDOW)
    before = arena.gateway.process.resident_bytes
    await asyncio.sleep(AWAY_S)  # the fault itself: time in which Kafka is away
    await arena.shows(DOWN)
    grown = arena.gateway.process.resident_bytes - before
    assert grown < 8 * _MIB, f"memory grew by {grown / _MIB:.0f} MiB"
    assert arena.mqtt_proxy.connections == connections, "MQTT did not stay connected"
    await _start(arena)


async def _start(arena: Arena) -> None:
    arena.kafka.launch()
    await asyncio.to_thread(arena.kafka.process.wait_ready, arena.kafka.ready, 60)
    arena.heal()


async def killed(arena: Arena) -> None:
    """SIGKILL, and away until that shows."""
    arena.kafka.kill()
    await arena.shows(AWAY)
    await _start(arena)


async def frozen(arena: Arena) -> None:
    """It does not answer, its connections stay open."""
    arena.kafka.pause()
    await arena.shows(STALLED)
    arena.kafka.resume()
    arena.kafka.renew_admin()
    arena.heal()


async def slow(arena: Arena) -> None:
    """2 s there and back, 50 KB/s."""
    for way in arena.kafka_proxy.ways.values():
        way.latency_s, way.bytes_per_s = 1.0, 50_000
    await arena.shows(SLOW)
    await arena.flowing(WINDOW)
    assert not arena.watch.holds(f"schema_gateway_kafka_outstanding_records > {WINDOW}")
    arena.kafka_proxy.heal()
    arena.heal()


async def answers_lost(arena: Arena) -> None:
    """Records arrive, Kafka's answers do not; then the connection ends. An idempotent producer sends them again."""
    arena.kafka_proxy.ways[Direction.TO_CLIENT].swallows = True
    await arena.underway(50)
    arena.kafka_proxy.heal()
    arena.kafka_proxy.drop()
    arena.heal()


async def reset(arena: Arena) -> None:
    """Its connections are cut, again and again."""
    for _ in range(5):
        await arena.flowing(50, timeout_s=10)
        arena.kafka_proxy.drop()
        arena.heal()


async def topic_deleted(arena: Arena) -> None:
    """The main topic is deleted while messages come, and made again."""
    await _delete(arena, Destination.AVRO)


async def dead_letter_topic_deleted(arena: Arena) -> None:
    """The dead-letter topic is deleted while messages come, and made again."""
    await _delete(arena, Destination.DEAD)


async def _delete(arena: Arena, destination: Destination) -> None:
    # What is in the topic goes with it; so nothing may be written between the look at it and the end of it.
    arena.kafka_proxy.hold(Direction.TO_BROKER)
    await arena.underway(50)
    topic = await arena.keep(destination)
    await asyncio.to_thread(arena.kafka.delete_topic, topic)
    arena.kafka_proxy.release()
    await arena.shows(replace(TOPIC_MISSING, words=topic), timeout_s=60)
    await asyncio.to_thread(arena.kafka.create_topic, topic, 3)
    arena.heal()


async def authorization_lost(arena: Arena) -> None:
    """Somebody forbids the gateway to write a topic, and allows it again."""
    topic = arena.topics[Destination.AVRO]
    everyone = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:*", "*")
    # With one ACL on a topic nothing else is allowed there; only writing shall fail.
    allowed = AclBinding(*everyone, AclOperation.ALL, AclPermissionType.ALLOW)
    denied = AclBinding(*everyone, AclOperation.WRITE, AclPermissionType.DENY)
    for future in arena.kafka.admin.create_acls([allowed, denied]).values():
        await asyncio.to_thread(future.result, 10)
    await arena.shows(replace(NOT_AUTHORIZED, words=topic))
    both = AclBindingFilter(*everyone, AclOperation.ANY, AclPermissionType.ANY)
    for future in arena.kafka.admin.delete_acls([both]).values():
        await asyncio.to_thread(future.result, 10)
    arena.heal()


def make_fatal(arena: Arena, gateway: GatewayProcess) -> None:
    """A gateway whose Kafka producer fails for good at a signal: what a broker must do for that, none does at will."""
    arena.change(gateway, "fails_fatally")


async def fatal(arena: Arena) -> None:
    """The idempotent producer has lost its place amid a batch: a new one must take over."""
    await arena.mid_batch()
    arena.gateway.process.send(signal.SIGUSR1)
    await arena.shows(FATAL)
    arena.kafka_proxy.heal()
    arena.heal()


def replicate(arena: Arena, _gateway: GatewayProcess) -> None:
    """The main topic has a replica on a second node, and is written only while both have it."""
    folder = arena.folder / "second-kafka"
    folder.mkdir()
    arena.second_kafka = KafkaBroker(folder, joins=arena.kafka)
    arena.second_kafka.start()
    topic = arena.topics[Destination.AVRO]
    arena.kafka.delete_topic(topic)
    arena.kafka.create_topic(topic, 3, {"min.insync.replicas": "2"}, nodes=(1, 2))


async def replica_lost(arena: Arena) -> None:
    """The second node is gone: Kafka refuses every record for want of replicas, again and again."""
    assert arena.second_kafka is not None
    arena.second_kafka.kill()
    await arena.shows(STALLED, timeout_s=60)
    await asyncio.to_thread(arena.second_kafka.start)
    await asyncio.to_thread(arena.kafka.wait_in_sync, arena.topics[Destination.AVRO], 2)
    arena.heal()


ROWS = (
    Row(f"Kafka down {AWAY_S} s", down, False, 15, DOWN),
    Row("Kafka SIGKILL", killed, False, 15, AWAY),
    Row("Kafka frozen", frozen, False, 15, STALLED, fast=True),
    Row("Kafka slow: 2 s, 50 KB/s", slow, False, 10, SLOW),
    Row("Kafka's answers lost", answers_lost, False, 60, BRIEFLY_CUT, fast=True),
    Row("Kafka connections reset", reset, False, 10, BRIEFLY_CUT),
    Row("main topic deleted", topic_deleted, True, 30, TOPIC_MISSING),
    Row("dead-letter topic deleted", dead_letter_topic_deleted, True, 30, TOPIC_MISSING),
    Row("Kafka lacks a replica (min.insync)", replica_lost, False, 5, STALLED, prepare=replicate),
    Row("Kafka producer fatal", fatal, True, 15, FATAL, some_duplicates=True, prepare=make_fatal),
    Row("Kafka authorization lost", authorization_lost, True, 15, NOT_AUTHORIZED),
)
