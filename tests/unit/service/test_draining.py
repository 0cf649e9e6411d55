"""The end: what is handed over is awaited and acknowledged, the rest stays with the broker."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.house import DENIED, House

HOUR_S = 3600.0


async def drain(house: House, confirm: bool = True) -> tuple[int, list[str]]:
    """How many stayed unacknowledged, and what the link heard from then on."""
    link = house.broker.link
    before = len(link.heard)

    async def flush() -> int:
        await pass_s(1)
        if confirm:
            house.kafka.confirm_all()
        return 0

    left = await house.connection.drain(flush)
    return left, link.heard[before:]


@in_virtual_time
async def test_draining(house: House) -> None:
    """Read nothing more, wait for Kafka, acknowledge, DISCONNECT: in this order, and without UNSUBSCRIBE."""
    with house.run() as running:
        await pass_s(0)
        house.broker.publish(b"1", b"2")
        draining = asyncio.create_task(drain(house))
        await pass_s(0)
        assert house.codes == ["stopping"]
        house.broker.publish(b"3")
        assert await draining == (0, ["PUBACK 1", "PUBACK 2", "DISCONNECT"])
        assert house.broker.queue == [b"3"]
        assert house.broker.session == {"a/+": 1}
        await pass_s(HOUR_S)
        assert running.done()
        assert len(house.broker.attempts) == 1
        assert house.connection.state().failures == 0


@in_virtual_time
async def test_draining_while_kafka_is_away(house: House) -> None:
    """What Kafka did not confirm stays with the broker, and is counted."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"2")
        assert await drain(house, confirm=False) == (2, ["DISCONNECT"])
        assert house.broker.queue == [b"1", b"2"]


@in_virtual_time
async def test_a_failure_while_draining(house: House) -> None:
    """What was not acknowledged is counted, also if it was Kafka that refused at the last moment."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"2")

        async def flush() -> int:
            house.kafka.fail(DENIED)
            return 2

        assert await house.connection.drain(flush) == 2


@in_virtual_time
async def test_draining_with_messages_that_nobody_keeps(house: House) -> None:
    """At QoS 0 the broker has forgotten them: they are told as lost, and not counted among those that it keeps."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        house.broker.link.end()
        await pass_s(0)
        house.kafka.confirm_all()
        await pass_s(1)
        house.broker.publish(b"2")
        for _ in range(3):
            house.broker.link.deliver(b"0", qos=0)
        with capture_logs() as logs:
            assert (await drain(house, confirm=False))[0] == 2
        assert [(entry["event"], entry["messages"]) for entry in logs] == [("qos_0_lost_at_stop", 3)]


@in_virtual_time
async def test_a_connection_that_comes_too_late_to_be_used(house: House) -> None:
    """Made while the gateway stops, by a source that no cancellation reached: it is cut, and ``run`` returns."""
    house.broker.reachable = asyncio.Event()

    async def flush() -> int:
        return 0

    with house.run() as running:
        await pass_s(0)
        assert await house.connection.drain(flush) == 0
        house.broker.reachable.set()
        await pass_s(0)
        assert running.done()
        assert not house.broker.link.up
        assert not house.connection.state().connected


@in_virtual_time
async def test_draining_without_a_connection(house: House) -> None:
    """Nothing to wait for."""
    house.topics.down = "Kafka does not answer"
    with house.run():
        await pass_s(1)

        async def flush() -> int:
            raise AssertionError("nothing was handed over")

        assert await house.connection.drain(flush) == 0
