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


async def test_qos_2_is_released_only_after_it_is_settled(mosquitto: Mosquitto, connect: Connect):
    """PUBREC waits for the ticket; PUBREL and PUBCOMP follow; the broker keeps nothing."""
    async with MqttProxy(mosquitto.port) as proxy:
        received, link = await connect(proxy.url, "5")
        assert await link.subscribe(EXACTLY_ONCE) == [2]
        mosquitto.publish("a/b", b"1", b"2", b"3", qos=2)
        await received.wait(3)
        assert {m.qos for m in received.messages} == {2}
        assert proxy.packets("PUBREC") == []
        received.settle(1)
        assert proxy.packets("PUBREC") == []
        received.settle()
        await proxy.wait_for(lambda _: len(proxy.packets("PUBCOMP", Direction.TO_BROKER)) == 3)
        ids = [m.packet_id for m in received.messages]
        assert [e.packet_id for e in proxy.packets("PUBREC", Direction.TO_BROKER)] == ids
        link.abort()
    again, link = await connect(mosquitto.url, "5")
    mosquitto.publish("a/b", b"4", qos=2)
    await again.wait(1)
    assert again.payloads == [b"4"]


async def test_qos_2_survives_a_cut_between_pubrec_and_pubrel(mosquitto: Mosquitto, connect: Connect):
    """PUBREL on the next connection is answered with 0x92, is no error, and the message does not come again."""
    async with MqttProxy(mosquitto.port) as proxy:
        received, link = await connect(proxy.url, "5")
        await link.subscribe(EXACTLY_ONCE)
        mosquitto.publish("a/b", b"1", qos=2)
        await received.wait(1)
        proxy.hold(Direction.TO_CLIENT)
        received.settle()
        await eventually(lambda: "Sending PUBREL" in mosquitto.log, what="PUBREL at the broker")
        link.abort()
        await link.wait_closed()
        proxy.drop()
    async with MqttProxy(mosquitto.port) as proxy:
        again, link = await connect(proxy.url, "5")
        await proxy.wait_for(lambda _: bool(proxy.packets("PUBCOMP", Direction.TO_BROKER)))
        [pubcomp] = proxy.packets("PUBCOMP", Direction.TO_BROKER)
        assert pubcomp.raw == b"\x70\x03" + pubcomp.raw[2:4] + b"\x92"
        mosquitto.publish("a/b", b"2", qos=2)
        await again.wait(1)
        assert again.payloads == [b"2"]
        assert link.session_present is True


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
