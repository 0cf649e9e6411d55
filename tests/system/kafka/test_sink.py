"""KafkaSink on a healthy broker: what is confirmed is in Kafka, as it was sent."""

import threading
from pathlib import Path

import pytest

from gateway.errors import RecordTooLarge
from gateway.kafka.sizes import batch_bytes
from gateway.model import Record
from tests.parts.kafka import KafkaBroker
from tests.parts.sinks import MakeSink
from tests.parts.waiting import eventually
from tests.system.kafka.conftest import numbers, record, send

pytestmark = pytest.mark.kafka


def kafka_threads() -> int:
    """Librdkafka's threads in this process."""
    names = [task.read_text() for task in Path("/proc/self/task").glob("*/comm")]
    return sum(name.startswith("rdk:") for name in names)


async def test_a_confirmed_record_is_in_kafka_as_it_was_sent(kafka: KafkaBroker, make_sink: MakeSink):
    """Topic, key, value, headers and timestamp arrive unchanged."""
    topic = kafka.new_topic()
    sink, reports = make_sink(kafka)
    sent = Record(
        topic, "pümp".encode(), b"\0\0\0\0\7x", [("site", b"b1"), ("site", b""), ("gw-x", b"\xff")], 1_700_000_000_123
    )
    sink.send(sent, reports.ticket(1))
    await reports.wait_confirmed(1)
    [found] = kafka.consume(topic)
    assert (found.topic, found.key, found.value, found.headers, found.timestamp) == (
        sent.topic,
        sent.key,
        sent.value,
        sent.headers,
        sent.timestamp,
    )


@pytest.mark.parametrize("key", [None, b"", b"k"])
async def test_empty_is_not_null(kafka: KafkaBroker, make_sink: MakeSink, key: bytes | None):
    """An empty value is zero bytes, not a tombstone; an empty key is a key, None is none."""
    topic = kafka.new_topic(partitions=3)
    sink, reports = make_sink(kafka)
    sink.send(record(topic, b"", key), reports.ticket(1))
    await reports.wait_confirmed(1)
    [found] = kafka.consume(topic)
    assert (found.value, found.key) == (b"", key)


async def test_order_holds_per_key(kafka: KafkaBroker, make_sink: MakeSink):
    """20 000 records of 50 keys on 6 partitions: each once, those of one key in the order in which they were sent."""
    topic = kafka.new_topic(partitions=6)
    sink, reports = make_sink(kafka, batch_num_messages="100")
    for number in range(20_000):
        sink.send(record(topic, b"%d" % number, b"pump-%d" % (number % 50)), reports.ticket(number))
    assert await sink.flush(30) == 0
    assert sorted(reports.confirmed) == list(range(20_000))
    found = kafka.consume(topic)
    assert len(found) == 20_000
    for key in {one.key for one in found}:
        of_key = [int(one.value or b"-1") for one in found if one.key == key]
        assert of_key == sorted(of_key)
        assert len({one.partition for one in found if one.key == key}) == 1


async def test_a_full_queue_keeps_the_order(kafka: KafkaBroker, make_sink: MakeSink):
    """What librdkafka has no room for waits here, and arrives once, in order."""
    topic = kafka.new_topic()
    sink, reports = make_sink(kafka, queue_buffering_max_messages="100")
    send(sink, reports, topic, range(5000))
    assert sink.outstanding == 5000
    assert await sink.flush(30) == 0
    assert numbers(kafka, topic) == list(range(5000))
    assert reports.confirmed == list(range(5000))


async def test_a_topics_own_size_limit_is_exact(kafka: KafkaBroker, make_sink: MakeSink):
    """The largest record that the topic takes is confirmed; one byte more is refused before it is sent."""
    topic = kafka.new_topic(max_message_bytes="5000")
    sink, reports = make_sink(kafka)
    sink.limit({topic: 5000})
    largest = b"x" * 4000
    while batch_bytes(record(topic, largest, b"key", headers=[("a", b"b")])) < 5000:
        largest += b"x"
    sink.send(record(topic, largest, b"key", headers=[("a", b"b")]), reports.ticket(1))
    with pytest.raises(RecordTooLarge, match="5001 bytes is above the 5000"):
        sink.send(record(topic, largest + b"x", b"key", headers=[("a", b"b")]), reports.ticket(2))
    await reports.wait_confirmed(1)
    assert [found.value for found in kafka.consume(topic)] == [largest]


async def test_batches_respect_the_smallest_limit(kafka: KafkaBroker, make_sink: MakeSink):
    """Many small records for a topic with a small limit are not refused as a batch that is too large."""
    topic = kafka.new_topic(max_message_bytes="2000")
    sink, reports = make_sink(kafka, linger_ms="50")
    sink.limit({topic: 2000, "another": 1_048_588})
    send(sink, reports, topic, range(3000))
    await reports.wait_confirmed(3000)
    assert numbers(kafka, topic) == list(range(3000))


async def test_a_limit_that_changes_while_records_wait_keeps_the_order(kafka: KafkaBroker, make_sink: MakeSink):
    """Learning of a smaller limit replaces the producer without losing, repeating or reordering anything."""
    topic = kafka.new_topic()
    sink, reports = make_sink(kafka)
    send(sink, reports, topic, range(1000))
    sink.limit({topic: 3000})
    send(sink, reports, topic, range(1000, 2000))
    assert await sink.flush(30) == 0
    assert reports.confirmed == list(range(2000))
    assert numbers(kafka, topic) == list(range(2000))


async def test_health_is_ready_once_connected(kafka: KafkaBroker, make_sink: MakeSink):
    """Not ready before a broker has answered; then ready, with nothing outstanding and nothing to say."""
    sink, _ = make_sink(kafka, statistics_interval_ms="100")
    assert not sink.health().ready
    assert "connecting" in sink.health().reason
    await eventually(lambda: sink.health().ready, what="a broker is up")
    health = sink.health()
    assert (health.brokers_up, health.reason, health.outstanding, health.silent_s) == (1, "", 0, 0.0)


async def test_close_leaves_no_thread(kafka: KafkaBroker, make_sink: MakeSink):
    """After close no thread of the producers that were opened is left, not even of those that a reset ended."""
    before = kafka_threads()
    topic = kafka.new_topic()
    sink, reports = make_sink(kafka)
    send(sink, reports, topic, range(10))
    sink.reset()
    send(sink, reports, topic, range(10, 20))
    assert kafka_threads() > before
    await sink.close()
    await eventually(lambda: kafka_threads() == before, what="librdkafka's threads have ended")
    assert all(not thread.name.startswith("rdk") for thread in threading.enumerate())
    assert sink.outstanding == 0
    assert not sink.health().ready
