"""The embedded Kafka: what the gateway's own clients see of it."""

import asyncio

import pytest
from confluent_kafka import Producer

from gateway.demo.analyst import Analyst
from gateway.demo.mock_kafka import MockKafka
from gateway.errors import SinkError
from gateway.kafka.presence import missing_topics
from gateway.kafka.reader import StoredRecord
from gateway.kafka.topics import TopicInspector


async def test_the_gateway_can_ask_about_topics() -> None:
    """It describes those that were made, at once; what a mock does not answer is unknown, and no obstacle."""
    with MockKafka() as kafka:
        kafka.create_topic("t", 3)
        properties = {"bootstrap.servers": kafka.bootstrap}
        found = await TopicInspector(properties).inspect(["t", "absent"])
        assert (found["t"].exists, found["t"].partitions, found["t"].obstacle) == (True, 3, "")
        assert found["t"].max_message_bytes is None
        assert found["absent"].exists is False
        assert await missing_topics(properties, ["t", "absent"]) == ["absent"]


def test_a_topic_is_made_once() -> None:
    """The second time is a mistake of ours, and says so."""
    with MockKafka() as kafka:
        kafka.create_topic("t", 1)
        with pytest.raises(SinkError, match="does not take a topic 't'"):
            kafka.create_topic("t", 1)


def produce(kafka: MockKafka, topic: str, *values: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for number, value in enumerate(values):
        producer.produce(topic, key=f"k{number}", value=value, headers=[("h", b"1")], timestamp=7)
    assert producer.flush(10) == 0


async def test_an_analyst_sees_everything_that_was_written() -> None:
    """All partitions from their beginning, whole records, and where each partition ends."""
    with MockKafka() as kafka:
        kafka.create_topic("a", 3)
        kafka.create_topic("b", 1)
        produce(kafka, "a", *[str(number).encode() for number in range(50)])
        async with Analyst(kafka.bootstrap, {"a": 3, "b": 1}) as analyst:
            taken: list[StoredRecord] = []
            async with asyncio.timeout(20):
                while len(taken) < 50:
                    taken += analyst.take()
                    await asyncio.sleep(0.005)
            ends = await analyst.ends()
        assert {record.value for record in taken} == {str(number).encode() for number in range(50)}
        first = next(record for record in taken if record.value == b"0")
        assert (first.topic, first.key, first.timestamp, first.headers) == ("a", b"k0", 7, [("h", b"1")])
        assert [topic for topic, _ in ends] == ["a", "a", "a", "b"]
        assert sum(count for topic, count in ends if topic == "a") == 50
        assert ends[-1] == ("b", 0)


async def test_a_kafka_that_is_gone_is_a_sink_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of numbers that would be wrong."""
    monkeypatch.setattr("gateway.demo.analyst.TIMEOUT_S", 0.3)
    with MockKafka() as kafka:
        kafka.create_topic("a", 1)
        bootstrap = kafka.bootstrap
    async with Analyst(bootstrap, {"a": 1}) as analyst:
        with pytest.raises(SinkError, match="does not say where its topics end"):
            await analyst.ends()
