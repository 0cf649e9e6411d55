"""What only MQTT 5 has, against a real mosquitto."""

from __future__ import annotations

import asyncio

import pytest

from gateway.pipeline.ports import Subscription
from tests.parts.fault_proxy import Direction
from tests.parts.mosquitto import Mosquitto
from tests.parts.mqtt_proxy import MqttProxy
from tests.parts.waiting import eventually
from tests.system.mqtt.conftest import Connect

pytestmark = pytest.mark.mosquitto

EXACTLY_ONCE = [Subscription("a/#", 2)]


async def test_retained_messages_come_once(mosquitto: Mosquitto, connect: Connect):
    """Subscribing again in the same session does not bring the retained message again."""
    mosquitto.publish("a/kept", b"old", retain=True)
    received, link = await connect(mosquitto.url, "5")
    await link.subscribe(EXACTLY_ONCE)
    await received.wait(1)
    received.settle()
    await link.disconnect()
    again, link = await connect(mosquitto.url, "5")
    await link.subscribe(EXACTLY_ONCE)
    mosquitto.publish("a/b", b"new")
    await again.wait(1)
    assert again.payloads == [b"new"]


async def test_connecting_can_be_given_up(mosquitto: Mosquitto, connect: Connect):
    """Cancelling connect leaves no connection at the broker."""
    async with MqttProxy(mosquitto.port) as proxy:
        proxy.hold(Direction.TO_CLIENT)
        connecting = asyncio.create_task(connect(proxy.url, "5"))
        await proxy.wait_for(lambda _: bool(proxy.packets("CONNECT")))
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await eventually(lambda: "schema-gateway" in mosquitto.log and "closed" in mosquitto.log.split("gateway")[-1])
