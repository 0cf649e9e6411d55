"""A delivery that failed: the connection is cut, the sink starts anew, and everything comes again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from gateway.pipeline.ports import SinkFailure
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.house import DENIED, House, contract, gaps


@in_virtual_time
async def test_a_failed_delivery_cuts_the_connection(house: House) -> None:
    """Held while it lasts, with the failure as the reason; then a new sink generation, and everything comes again."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"2")
        first = house.broker.link
        house.kafka.fail(DENIED)
        await pass_s(0)
        assert not first.up
        assert [(reason.code, reason.detail) for reason in house.holds.reasons()] == [("not_authorized", DENIED.detail)]
        await pass_s(1)
        assert house.kafka.generations == 2
        assert [record.value[5:] for record in house.kafka.records] == [b"1", b"2", b"1", b"2"]
        house.kafka.confirm_all()
        assert (house.broker.queue, house.codes) == ([], [])
        assert house.holds.failures == {"not_authorized": 1}


@in_virtual_time
async def test_a_failure_that_lasts_is_tried_less_and_less(house: House) -> None:
    """Up to every 5 s; a delivery in between starts over."""
    with house.run():
        await pass_s(0)
        for _ in range(6):
            house.kafka.fail(DENIED)
            await pass_s(0)
            while not house.broker.link.up:
                await pass_s(0.25)
        assert gaps(house.broker.attempts) == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
        house.broker.publish(b"1")
        house.kafka.confirm_all()
        failed = asyncio.get_running_loop().time()
        house.kafka.fail(DENIED)
        await pass_s(1)
        assert gaps([failed, house.broker.attempts[-1]]) == [0.25]


# Failures that come while no link is known: each must end in a new sink generation and everything coming again


@in_virtual_time
async def test_a_failure_while_topics_are_looked_at(house: House) -> None:
    """The MQTT link broke, and before it is back Kafka refuses a record of the old one: recovery comes first."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        house.topics.gate = asyncio.Event()
        house.broker.link.end("the network is gone")
        await pass_s(1)
        house.kafka.fail(DENIED)
        house.topics.gate.set()
        await pass_s(60)
        house.kafka.confirm_all()
        assert house.broker.queue == []


@in_virtual_time
async def test_a_failure_while_connecting(house: House) -> None:
    """The same, a little later: CONNACK is awaited when Kafka refuses."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        house.broker.reachable = asyncio.Event()
        house.broker.link.end("the network is gone")
        await pass_s(1)
        house.kafka.fail(DENIED)
        house.broker.reachable.set()
        await pass_s(60)
        house.kafka.confirm_all()
        assert house.broker.queue == []


@in_virtual_time
async def test_a_failure_by_a_message_that_came_before_the_link(house: House) -> None:
    """A dead letter that fits nowhere, in the packet behind CONNACK: the connection is given up like any other."""
    house.broker.session = {"a/+": 1}
    house.broker.queue = [b"no json"]
    house.kafka.limits["a.dlq"] = 10
    with house.run():
        await pass_s(1)
        house.kafka.limits.clear()
        await pass_s(60)
        house.kafka.confirm_all()
        assert house.broker.queue == []


@in_virtual_time
async def test_what_is_logged_of_a_connection_that_fails_before_it_is_known(tmp_path: Path) -> None:
    """The failed delivery, and nothing about subscriptions, which never failed."""
    house = House(tmp_path, contract("a/{device}"), held={"a/+": 1})
    house.broker.queue = [b"no json"]
    house.kafka.limits["a.dlq"] = 10
    with capture_logs() as logs, house.run():
        await pass_s(0)
        assert [reason.code for reason in house.holds.reasons()] == ["dead_letter_too_large"]
    warnings = [entry["event"] for entry in logs if entry["log_level"] in {"warning", "error"}]
    assert warnings == ["kafka_delivery_failed"]


@in_virtual_time
async def test_a_failure_while_recovering(house: House) -> None:
    """The new sink generation fails as well (a watch has changed its sizes, a certificate is gone): once more."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        house.kafka.fail(DENIED)
        await pass_s(0.1)
        house.kafka.fail(SinkFailure("configuration_refused", "the certificate is gone", fatal=True))
        await pass_s(60)
        house.kafka.confirm_all()
        assert house.broker.queue == []
