"""TopicReader against a real Kafka."""

import asyncio
from contextlib import aclosing

import pytest

from gateway.errors import ConfigError, SinkError
from gateway.kafka.reader import TopicReader
from tests.parts.kafka import KafkaBroker
from tests.parts.sinks import MakeSink
from tests.system.kafka.conftest import record, send

pytestmark = pytest.mark.kafka


def reader(broker: KafkaBroker) -> TopicReader:
    """With a producer's property, as gateway.yaml's section has them."""
    return TopicReader({"bootstrap.servers": broker.bootstrap, "linger.ms": "5"})


async def test_a_topic_is_read_to_its_end(kafka: KafkaBroker, make_sink: MakeSink):
    """Every record of every partition comes once, with all its fields, and reading ends behind the last."""
    topic = kafka.new_topic(partitions=4)
    sink, reports = make_sink(kafka)
    for number in range(3000):
        sink.send(record(topic, b"%d" % number, b"k%d" % (number % 11)), reports.ticket(number))
    sink.send(
        record(topic, b"", None, headers=[("h", b"\xff"), ("h", b"")], timestamp=1_700_000_000_000), reports.ticket(-1)
    )
    await reports.wait_confirmed(3001)
    found = [one async for one in reader(kafka).read(topic)]
    assert sorted(map(tuple, found)) == [tuple(one) for one in kafka.consume(topic)]
    assert len(found) == 3001


async def test_an_empty_topic_ends_at_once(kafka: KafkaBroker):
    """Nothing to read is an end, not a wait."""
    assert [one async for one in reader(kafka).read(kafka.new_topic(partitions=2))] == []


async def test_since_leaves_out_what_is_older(kafka: KafkaBroker, make_sink: MakeSink):
    """Only records from the first with that timestamp on; a time behind all of them gives none."""
    topic = kafka.new_topic()
    sink, reports = make_sink(kafka)
    for number in range(10):
        sink.send(record(topic, b"%d" % number, timestamp=1_700_000_000_000 + number), reports.ticket(number))
        await reports.wait_confirmed(number + 1)  # a batch of its own each: Kafka finds times by batch
    since = reader(kafka).read(topic, since_ms=1_700_000_000_007)
    assert [one.value async for one in since] == [b"7", b"8", b"9"]
    assert [one async for one in reader(kafka).read(topic, since_ms=1_700_000_000_010)] == []


async def test_follow_goes_on(kafka: KafkaBroker, make_sink: MakeSink):
    """What is written while following comes too, behind what was there."""
    topic = kafka.new_topic()
    sink, reports = make_sink(kafka)
    send(sink, reports, topic, range(5))
    await reports.wait_confirmed(5)
    seen: list[bytes | None] = []
    async with asyncio.timeout(20), aclosing(reader(kafka).read(topic, follow=True)) as records:
        async for one in records:
            seen.append(one.value)
            if len(seen) == 5:
                send(sink, reports, topic, range(5, 8))
            if len(seen) == 8:
                break
    assert seen == [b"%d" % number for number in range(8)]


async def test_following_can_be_cancelled(kafka: KafkaBroker):
    """A task that follows an idle topic ends when it is cancelled."""
    started = reader(kafka).read(kafka.new_topic(), follow=True)
    task = asyncio.ensure_future(anext(started))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, timeout=0.5)
    await started.aclose()


async def test_a_missing_topic_is_an_error(kafka: KafkaBroker):
    """The error names the topic and what to check."""
    with pytest.raises(SinkError, match=r"'no\.such\.topic' cannot be read.*check its name"):
        await anext(reader(kafka).read("no.such.topic"))


async def test_a_bad_property_is_an_error(kafka: KafkaBroker):
    """What librdkafka refuses is named."""
    with pytest.raises(ConfigError, match=r"kafka\.fetch\.wait"):
        await anext(TopicReader({"fetch.wait": "1"}).read("t"))
