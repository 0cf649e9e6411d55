"""The publisher against a real mosquitto, over both versions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.config.settings import Mqtt
from gateway.errors import LinkError
from gateway.mqtt.publisher import Publisher
from tests.parts.fault_proxy import Direction
from tests.parts.mosquitto import Mosquitto
from tests.parts.mqtt_proxy import MqttProxy
from tests.parts.processes import free_port
from tests.system.mqtt.conftest import Version

pytestmark = pytest.mark.mosquitto


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_a_confirmed_message_is_at_the_broker(mosquitto: Mosquitto, version: Version, qos: int):
    """After publish and leaving, the broker holds the retained message."""
    async with Publisher(Mqtt(url=mosquitto.url, version=version), "publisher") as publisher:
        await publisher.publish("a/b", b"payload", qos, retain=True)
    [found] = mosquitto.read("a/b")
    assert (found["payload"], found["qos"], found["retain"]) == ("payload", 0, 1)


async def test_it_returns_only_after_puback(mosquitto: Mosquitto, version: Version):
    """A connection that ends before PUBACK raises, and says which topic."""
    async with MqttProxy(mosquitto.port) as proxy:
        publisher = await Publisher(Mqtt(url=proxy.url, version=version), "publisher").__aenter__()
        proxy.hold(Direction.TO_CLIENT)
        publishing = asyncio.create_task(publisher.publish("a/b", b"1"))
        await proxy.wait_for(lambda _: bool(proxy.packets("PUBLISH")))
        assert not publishing.done()
        proxy.drop()
        with pytest.raises(LinkError, match="ended before 1 bytes on 'a/b' were confirmed"):
            await publishing
        with pytest.raises(LinkError, match="ended before"):
            await publisher.publish("a/b", b"2")
        await publisher.__aexit__(None, None, None)


async def test_a_refused_message_raises(tmp_path: Path):
    """MQTT 5 tells that the broker's access control refused it."""
    acl = tmp_path / "acl"
    acl.write_text("topic read #\n")
    with Mosquitto(tmp_path / "broker", config=[f"acl_file {acl}"]) as broker:
        async with Publisher(Mqtt(url=broker.url), "publisher") as publisher:
            with pytest.raises(LinkError, match=r"refuses a message on 'a/b': not authorized \(0x87\)"):
                await publisher.publish("a/b", b"1")


async def test_a_topic_that_is_none(mosquitto: Mosquitto, version: Version):
    """A wildcard in the topic is refused before anything is sent."""
    async with Publisher(Mqtt(url=mosquitto.url, version=version), "publisher") as publisher:
        with pytest.raises(LinkError, match=r"cannot publish 1 bytes on 'a/\+'"):
            await publisher.publish("a/+", b"1")


async def test_nobody_listens(version: Version):
    """A broker that is not there raises at once."""
    with pytest.raises(LinkError, match="connection refused"):
        await Publisher(Mqtt(url=f"mqtt://127.0.0.1:{free_port()}", version=version), "publisher").__aenter__()
