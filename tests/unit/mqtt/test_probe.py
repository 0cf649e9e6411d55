"""The probe, byte by byte: what it asks of a broker, and what it makes of the answers."""

import asyncio

import pytest

from gateway.config.settings import Mqtt
from gateway.errors import LinkError
from gateway.mqtt.probe import Probe
from gateway.pipeline.ports import Subscription
from tests.unit.mqtt.fake_broker import FakeBroker
from tests.unit.mqtt.wire import CONNACK, packet

CONNACK_311 = b"\x20\x02\x00\x00"
NO_SHARES = packet(0x20, b"\x00\x00\x02\x2a\x00")
"""CONNACK with Shared Subscription Available 0 [MQTT 5.0, 3.2.2.3.13]."""


def settings_of(broker: FakeBroker, version: str = "5") -> Mqtt:
    return Mqtt.model_validate({"url": broker.url, "version": version, "client_id": "gw", "keepalive_s": 40})


async def answers(broker: FakeBroker, probe: Probe, subscriptions: list[Subscription], *replies: bytes) -> list[int]:
    """The reason codes, with each SUBSCRIBE answered by the next reply."""
    asking = asyncio.create_task(probe.subscribe(subscriptions))
    for reply in replies:
        subscribe = await broker.read()
        await broker.send(packet(0x90, subscribe[2:4] + reply))
    return await asking


async def connect_and_leave(broker: FakeBroker) -> None:
    async with Probe(settings_of(broker), "gw-check"):
        pass


async def test_it_starts_clean_and_asks_for_no_session() -> None:
    """Clean start, no session expiry (absent is 0), its own client ID."""
    async with FakeBroker(CONNACK) as broker:
        leaving = asyncio.create_task(connect_and_leave(broker))
        await broker.send()  # nothing: it is connected
        farewell = await broker.read()
        await broker.close()
        await leaving
    assert broker.connect == packet(0x10, b"\x00\x04MQTT\x05\x02\x00\x1e\x00\x00\x08gw-check")
    assert farewell == packet(0xE0, b"")


async def test_it_asks_for_no_retained_messages() -> None:
    """Retain handling 2, and the QoS that the contract wants."""
    async with FakeBroker(CONNACK) as broker, Probe(settings_of(broker), "gw-check") as probe:
        asking = asyncio.create_task(probe.subscribe([Subscription("a/+", 1), Subscription("b", 2)]))
        subscribe = await broker.read()
        assert subscribe[4:] == b"\x00" + b"\x00\x03a/+\x21" + b"\x00\x01b\x22"
        await broker.send(packet(0x90, subscribe[2:4] + b"\x00\x01\x02"))
        assert await asking == [1, 2]
        await broker.close()


@pytest.mark.parametrize(
    ("version", "hello", "reply"), [("5", CONNACK, b"\x00\x87\x01"), ("3.1.1", CONNACK_311, b"\x80\x01")]
)
async def test_refusals_are_told(version: str, hello: bytes, reply: bytes) -> None:
    """The broker's reason code for each filter, whatever the others' are."""
    async with FakeBroker(hello) as broker, Probe(settings_of(broker, version), "gw-check") as probe:
        codes = await answers(broker, probe, [Subscription("a", 1), Subscription("b", 1)], reply)
        await broker.close()
    assert codes[0] >= 0x80
    assert codes[1] == 1


async def test_eight_filters_a_packet() -> None:
    """The answers are put together in the order of the filters."""
    wanted = [Subscription(f"t/{n}", 1) for n in range(10)]
    async with FakeBroker(CONNACK) as broker, Probe(settings_of(broker), "gw-check") as probe:
        codes = await answers(broker, probe, wanted, b"\x00" + b"\x01" * 8, b"\x00\x00\x87")
        await broker.close()
    assert codes == [1] * 8 + [0, 0x87]


@pytest.mark.parametrize(
    ("version", "hello", "shares"), [("5", CONNACK, True), ("5", NO_SHARES, False), ("3.1.1", CONNACK_311, None)]
)
async def test_shared_subscriptions(version: str, hello: bytes, shares: bool | None) -> None:
    """Available unless the broker says no; MQTT 3.1.1 does not say."""
    async with FakeBroker(hello) as broker, Probe(settings_of(broker, version), "gw-check") as probe:
        assert probe.shares is shares
        await broker.close()


async def test_a_broker_that_closes() -> None:
    """A LinkError with the reason, not a wait."""
    async with FakeBroker(CONNACK) as broker, Probe(settings_of(broker), "gw-check") as probe:
        asking = asyncio.create_task(probe.subscribe([Subscription("a", 1)]))
        await broker.read()
        await broker.close()
        with pytest.raises(LinkError, match="no answer to SUBSCRIBE: the broker closed the connection"):
            await asking
