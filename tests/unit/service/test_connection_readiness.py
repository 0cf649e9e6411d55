"""When the connection counts as ready, and which reason it gives until then."""

from __future__ import annotations

import asyncio

from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.house import House


@in_virtual_time
async def test_readiness_over_a_connection_s_life(house: House) -> None:
    """Starting, connecting, up, broken: each has its reason, or none."""
    assert house.codes == ["starting"]
    house.broker.reachable = asyncio.Event()
    with house.run():
        await pass_s(0)
        assert house.codes == ["mqtt_connecting"]
        house.broker.reachable.set()
        await pass_s(0)
        assert house.codes == []
        house.broker.refusal = "connection refused"
        house.broker.link.end("the broker closed the connection")
        await pass_s(0)
        assert house.codes == ["mqtt_disconnected"]
        [reason] = house.connection.reasons()
        assert reason.detail == "the broker closed the connection"
        await pass_s(1)
        assert house.connection.reasons()[0].detail == "connection refused"


@in_virtual_time
async def test_not_ready_before_the_broker_has_granted_the_filters(house: House) -> None:
    """Ready means subscribed, not connected."""
    house.broker.answers = asyncio.Event()
    with house.run():
        await pass_s(0)
        assert house.codes == ["mqtt_subscribing"]
        house.broker.answers.set()
        await pass_s(0)
        assert house.codes == []
        house.broker.answers = asyncio.Event()
        house.broker.link.end()
        await pass_s(1)
        assert house.broker.link.up
        assert house.codes == ["mqtt_subscribing"]


@in_virtual_time
async def test_not_ready_while_topics_are_looked_at_for_the_first_time(house: House) -> None:
    """Kafka answers slowly: no connection yet, so not ready."""
    house.topics.gate = asyncio.Event()
    with house.run():
        await pass_s(0)
        assert house.codes != []


@in_virtual_time
async def test_not_ready_while_topics_are_looked_at_again(house: House) -> None:
    """The connection broke, and Kafka answers slowly: not ready, as at the start."""
    with house.run():
        await pass_s(0)
        house.topics.gate = asyncio.Event()
        house.broker.link.end()
        await pass_s(1)
        assert len(house.broker.links) == 1
        assert house.codes != []
