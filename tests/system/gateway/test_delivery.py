"""What the broker hears and what Kafka holds: acknowledgements, crashes, shutdown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.parts.fault_proxy import Direction
from tests.parts.kafka import KafkaBroker
from tests.parts.mosquitto import Mosquitto
from tests.parts.mqtt_proxy import MqttProxy
from tests.system.gateway.stage import Stage, numbers, set_stage

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]


def reading(number: int) -> bytes:
    """A valid payload, every tenth of them loosely typed."""
    return b'{"n":%d,"temp":%s}' % (number, b'"21.5"' if number % 10 == 0 else b"21.5")


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_nothing_is_acknowledged_before_kafka_has_confirmed(
    version: str, tmp_path: Path, own_kafka: KafkaBroker, mosquitto: Mosquitto
) -> None:
    """While Kafka is frozen no PUBACK leaves, for records and dead letters alike; then all do, in order of receipt."""
    async with set_stage(tmp_path, own_kafka) as stage, MqttProxy(mosquitto.port) as proxy:
        stage.declare("pumps")
        await stage.started(proxy.url, mqtt={"version": version})
        own_kafka.pause()
        payloads = [reading(n) if n % 7 else b"no json" for n in range(50)]
        await asyncio.to_thread(mosquitto.publish, "pumps/p1", *payloads)
        # With 3.1.1 mosquitto sends at most as many as its own limit in flight, which the fixture sets to 1000.
        await proxy.wait_for(lambda _: len(proxy.packets("PUBLISH", Direction.TO_CLIENT)) == 50)
        assert proxy.packets("PUBACK", Direction.TO_BROKER) == []
        own_kafka.resume()
        await proxy.wait_for(lambda _: len(proxy.packets("PUBACK", Direction.TO_BROKER)) == 50, timeout_s=60)
        received = [_publish_id(event.raw) for event in proxy.packets("PUBLISH", Direction.TO_CLIENT)]
        assert [event.packet_id for event in proxy.packets("PUBACK", Direction.TO_BROKER)] == received


def _publish_id(raw: bytes) -> int:
    """The packet ID of a PUBLISH at QoS 1."""
    at = 1
    while raw[at] & 0x80:
        at += 1
    topic_bytes = int.from_bytes(raw[at + 1 : at + 3], "big")
    start = at + 3 + topic_bytes
    return int.from_bytes(raw[start : start + 2], "big")


async def test_a_kill_in_the_middle_of_a_batch_loses_nothing(stage: Stage, mosquitto: Mosquitto) -> None:
    """After SIGKILL and a restart Kafka has every message, in order, and at most the unacknowledged ones twice."""
    topic, dead = stage.declare("pumps", partitions=1)
    window = 100
    async with MqttProxy(mosquitto.port) as proxy:
        gateway = await stage.started(proxy.url, mqtt={"receive_maximum": window})
        total = 3000
        publishing = asyncio.create_task(
            asyncio.to_thread(mosquitto.publish, "pumps/p1", *(reading(n) for n in range(total)))
        )
        await proxy.wait_for(lambda _: len(proxy.packets("PUBACK", Direction.TO_BROKER)) > total // 4)
        gateway.process.kill()
        acknowledged = len(proxy.packets("PUBACK", Direction.TO_BROKER))
        assert 0 < acknowledged < total, "the kill must meet messages on both sides"
        await publishing
        await asyncio.to_thread(gateway.start)
        await stage.arrived(total, topic)
        await proxy.wait_for(lambda _: _unacknowledged(proxy) == 0)
    found = numbers(await stage.consume(topic))
    first = list(dict.fromkeys(found))
    assert first == list(range(total))
    assert len(found) - total <= window
    assert await stage.count(dead, stage.unrouted) == 0


def _unacknowledged(proxy: MqttProxy) -> int:
    """Messages delivered on the newest connection and not acknowledged on it."""
    newest = [event for event in proxy.events if event.connection == proxy.connections]
    delivered = sum(event.type == "PUBLISH" and event.direction is Direction.TO_CLIENT for event in newest)
    return delivered - sum(event.type == "PUBACK" for event in newest)


async def test_sigterm_drains_and_keeps_the_session(stage: Stage, mosquitto: Mosquitto) -> None:
    """SIGTERM under load: exit 0, all that was received is acknowledged, no UNSUBSCRIBE; the session goes on."""
    topic, _ = stage.declare("pumps", partitions=1)
    async with MqttProxy(mosquitto.port) as proxy:
        gateway = await stage.started(proxy.url)
        total = 2000
        publishing = asyncio.create_task(
            asyncio.to_thread(mosquitto.publish, "pumps/p1", *(reading(n) for n in range(total)))
        )
        await proxy.wait_for(lambda _: len(proxy.packets("PUBACK", Direction.TO_BROKER)) > total // 4)
        assert await asyncio.to_thread(gateway.process.terminate) == 0
        await publishing
        assert proxy.packets("UNSUBSCRIBE") == []
        assert proxy.packets("DISCONNECT", Direction.TO_BROKER)
        before = len(numbers(await stage.consume(topic)))
        assert before < total, "the stop must come before the end"
        await asyncio.to_thread(gateway.start)
        await stage.arrived(total, topic)
        await proxy.wait_for(lambda _: _unacknowledged(proxy) == 0)
    # What left as DISCONNECT was sent had been acknowledged: Kafka was healthy, so nothing comes twice.
    assert numbers(await stage.consume(topic)) == list(range(total))
