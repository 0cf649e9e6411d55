"""TopicInspector without a Kafka, and what a description means."""

import asyncio
import gc
import logging
from concurrent.futures import Future
from typing import NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException

from gateway.errors import ConfigError, SinkError
from gateway.kafka.topics import KafkaTopic, TopicInspector
from tests.parts.processes import free_port


async def test_an_unreachable_kafka_is_a_sink_error():
    """Within the time-out the error says that Kafka did not answer, and what to do."""
    inspector = TopicInspector({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, timeout_s=0.3)
    with pytest.raises(SinkError, match=r"did not describe.*bootstrap\.servers"):
        await inspector.inspect(["t"])


async def test_a_question_may_be_cancelled(monkeypatch: pytest.MonkeyPatch):
    """Librdkafka's thread still finds the future as it left it: it would fail on a cancelled one."""
    inspector = TopicInspector({"bootstrap.servers": f"127.0.0.1:{free_port()}"})
    answer: Future[object] = Future()
    monkeypatch.setattr(inspector._client, "describe_topics", lambda topics, **_: {"t": answer})
    asked = asyncio.create_task(inspector.inspect(["t"]))
    await asyncio.wait([asked], timeout=0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not answer.cancelled()


async def test_an_answer_that_nobody_waits_for_any_more_is_no_fault(monkeypatch: pytest.MonkeyPatch):
    """Kafka is away, and the gateway is stopped meanwhile: the question's own time-out comes afterwards."""
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    inspector = TopicInspector({"bootstrap.servers": f"127.0.0.1:{free_port()}"})
    answers: dict[str, Future[object]] = {"t": Future()}
    monkeypatch.setattr(inspector._client, "describe_topics", lambda topics, **_: answers)
    asked = asyncio.create_task(inspector.inspect(["t"]))
    await asyncio.wait([asked], timeout=0)
    asked.cancel()
    await asyncio.wait([asked])
    answers.pop("t").set_exception(RuntimeError("too late"))
    del asked
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()
    assert faults == []


async def test_librdkafka_s_words_are_not_kept():
    """What it has to say while Kafka is away is logged with the next question; it would grow for as long."""
    said: list[str] = []

    def hear(entry: logging.LogRecord) -> bool:
        said.append(entry.getMessage())
        return False

    logger = logging.getLogger("test_librdkafka_s_words_are_not_kept")
    logger.addFilter(hear)
    properties = {"bootstrap.servers": f"127.0.0.1:{free_port()}", "reconnect.backoff.max.ms": "100"}
    inspector = TopicInspector(properties, timeout_s=0.3, logger=logger)
    for _ in range(2):
        with pytest.raises(SinkError):
            await inspector.inspect(["t"])
    assert any("Connection refused" in each for each in said)


def test_an_invalid_property_is_named():
    """A property that librdkafka refuses is a configuration error under its own key."""
    with pytest.raises(ConfigError, match=r"kafka\.no\.such\.thing"):
        TopicInspector({"bootstrap.servers": "127.0.0.1:1", "no.such.thing": "1"})


class Entry(NamedTuple):
    """What librdkafka gives of one property."""

    value: str


async def described(monkeypatch: pytest.MonkeyPatch, **configured: str) -> KafkaTopic:
    """The topic ``t`` of a Kafka that says this of its configuration (``_`` for ``.``)."""
    inspector = TopicInspector({"bootstrap.servers": f"127.0.0.1:{free_port()}"})
    presence: Future[object] = Future()
    presence.set_exception(KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))
    configuration: Future[object] = Future()
    configuration.set_result({name.replace("_", "."): Entry(value) for name, value in configured.items()})
    monkeypatch.setattr(inspector._client, "describe_topics", lambda topics, **_: {"t": presence})
    monkeypatch.setattr(inspector._client, "describe_configs", lambda asked, **_: {asked[0]: configuration})
    return (await inspector.inspect(["t"]))["t"]


async def test_a_negative_number_says_nothing(monkeypatch: pytest.MonkeyPatch):
    """Where something else than Kafka answers it may mean "no limit"; 0 is a limit."""
    unbounded = dict.fromkeys(
        (
            "max_message_bytes",
            "message_timestamp_before_max_ms",
            "message_timestamp_after_max_ms",
            "min_insync_replicas",
        ),
        "-1",
    )
    assert await described(monkeypatch, **unbounded) == KafkaTopic("t")
    assert await described(monkeypatch, max_message_bytes="0") == KafkaTopic("t", max_message_bytes=0)


UNSET = str(2**63 - 1)


@pytest.mark.parametrize(
    ("before", "after", "limits_ms"),
    [
        ({}, {}, (86_400_000, 86_400_000)),
        ({"message_timestamp_before_max_ms": UNSET}, {"message_timestamp_after_max_ms": UNSET}, (86_400_000,) * 2),
        ({"message_timestamp_before_max_ms": "5"}, {"message_timestamp_after_max_ms": UNSET}, (5, 86_400_000)),
        ({"message_timestamp_before_max_ms": UNSET}, {"message_timestamp_after_max_ms": "0"}, (86_400_000, 0)),
    ],
    ids=["up to 3.5", "3.6 to 3.9", "before is set", "after is set"],
)
async def test_one_limit_for_both_ways(
    monkeypatch: pytest.MonkeyPatch, before: dict[str, str], after: dict[str, str], limits_ms: tuple[int, int]
):
    """Up to Kafka 3.9 a difference bounds how far a timestamp may be behind and ahead, unless that way is set."""
    both_ways = {"message_timestamp_difference_max_ms": "86400000"}
    topic = await described(monkeypatch, **both_ways, **before, **after)
    assert (topic.timestamp_before_max_ms, topic.timestamp_after_max_ms) == limits_ms


async def test_a_limit_for_each_way(monkeypatch: pytest.MonkeyPatch):
    """From Kafka 4 on there is no other."""
    limits = {"message_timestamp_before_max_ms": UNSET, "message_timestamp_after_max_ms": "3600000"}
    topic = await described(monkeypatch, **limits)
    assert (topic.timestamp_before_max_ms, topic.timestamp_after_max_ms) == (2**63 - 1, 3_600_000)


@pytest.mark.parametrize(
    ("topic", "obstacle"),
    [
        (KafkaTopic("t"), ""),
        (KafkaTopic("t", exists=True, partitions=1, without_leader=0, fewest_in_sync=1, min_insync_replicas=1), ""),
        (KafkaTopic("t", exists=True, fewest_in_sync=1), ""),
        (KafkaTopic("t", exists=False), "does not exist"),
        (KafkaTopic("t", exists=True, without_leader=2), "2 partition(s) of Kafka topic 't' have no leader"),
        (KafkaTopic("t", exists=True, fewest_in_sync=1, min_insync_replicas=2), "1 in-sync replica(s), and"),
    ],
)
def test_what_stands_in_the_way_is_said(topic: KafkaTopic, obstacle: str):
    """What is unknown is no obstacle; a missing topic, leader or replica is."""
    assert obstacle in topic.obstacle
    assert bool(obstacle) == bool(topic.obstacle)
