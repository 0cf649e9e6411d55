"""Records leave in flights: what goes together, what waits for it, and what a refusal in between does."""

from collections.abc import Sequence

import pytest
from confluent_kafka import KafkaError, KafkaException

from gateway.kafka.sink import KafkaSink
from gateway.pipeline.acks import Ticket
from tests.parts.mock_cluster import PRODUCE, MockCluster
from tests.parts.reports import RecordedReports, SystemClock
from tests.parts.sinks import MakeSink
from tests.parts.waiting import eventually
from tests.unit.kafka.records import record


async def test_one_flight_at_a_time(mock_cluster: MockCluster, make_sink: MakeSink):
    """What comes while records are on their way waits outside librdkafka, whose thread would not rest meanwhile."""
    sink, reports = make_sink(reconnect_backoff_ms="10", reconnect_backoff_max_ms="50")
    mock_cluster.down()
    for number in range(3):
        sink.send(record(), reports.ticket(number))
    await eventually(lambda: sink._generation.waiting == 3)
    for number in range(3, 10):
        sink.send(record(), reports.ticket(number))
    assert await sink.flush(0.1) == 10
    assert sink._generation.waiting == 3
    mock_cluster.up()
    assert await reports.wait_confirmed(10) == list(range(10))


async def test_a_flight_is_bounded_in_bytes(mock_cluster: MockCluster, make_sink: MakeSink):
    """By ``batch.size``, so that no partition's share is more than one batch; what is left takes the next one."""
    sink, reports = make_sink(batch_size="100000", reconnect_backoff_ms="10", reconnect_backoff_max_ms="50")
    mock_cluster.down()
    for number in range(50):
        sink.send(record(b"x" * 9_900), reports.ticket(number))
    await eventually(lambda: sink._generation.waiting > 0)
    assert sink._generation.waiting == 10
    mock_cluster.up()
    assert await reports.wait_confirmed(50) == list(range(50))


async def test_a_flight_is_bounded_in_records(mock_cluster: MockCluster, make_sink: MakeSink):
    """So that handing it over does not take longer than ``linger.ms``."""
    sink, reports = make_sink(reconnect_backoff_ms="10", reconnect_backoff_max_ms="50")
    mock_cluster.down()
    for number in range(5000):
        sink.send(record(), reports.ticket(number))
    await eventually(lambda: sink._generation.waiting > 0)
    assert sink._generation.waiting == 2000
    mock_cluster.up()
    assert await reports.wait_confirmed(5000) == list(range(5000))


async def test_a_full_queue_does_not_refuse(make_sink: MakeSink):
    """More records than librdkafka's queue takes are all confirmed, in order."""
    sink, reports = make_sink(queue_buffering_max_messages="10")
    for number in range(1000):
        sink.send(record(), reports.ticket(number))
    assert await reports.wait_confirmed(1000) == list(range(1000))


async def test_a_record_fits_into_an_empty_queue(make_sink: MakeSink):
    """However small gateway.yaml wants the queue: else the record would wait for ever, and all others behind it."""
    sink, reports = make_sink(queue_buffering_max_kbytes="1")
    for number in range(3):
        sink.send(record(b"v" * 900_000), reports.ticket(number))
    assert await reports.wait_confirmed(3) == [0, 1, 2]


class FeedingReports(RecordedReports):
    """Sends a further record for each that is confirmed, up to 200, as an engine does that reads on."""

    sink: KafkaSink
    sent = 0

    def feed(self, count: int) -> None:
        """Sends the next records."""
        for number in range(self.sent, min(self.sent + count, 200)):
            self.sent = number + 1
            self.sink.send(record(), self.ticket(number))

    def delivered(self, tickets: Sequence[Ticket]) -> None:
        """Sends as many as were confirmed."""
        super().delivered(tickets)
        self.feed(len(tickets))


async def test_what_is_sent_within_a_report_waits_its_turn(mock_cluster: MockCluster):
    """While records wait for room in librdkafka's queue, a new one goes behind them, though there is room again."""
    mock_cluster.create_topic("t")
    reports = FeedingReports()
    properties = {"bootstrap.servers": mock_cluster.bootstrap, "queue.buffering.max.messages": "10"}
    reports.sink = KafkaSink(properties, reports, SystemClock())
    reports.sink.open()
    reports.feed(50)
    assert await reports.wait_confirmed(200) == list(range(200))
    await reports.sink.close()


async def test_a_failure_takes_back_what_has_not_left(mock_cluster: MockCluster, make_sink: MakeSink):
    """Records that were still queued when another failed are not sent any more: the replay sends them."""
    sink, reports = make_sink(topic_metadata_propagation_max_ms="200", linger_ms="60000")
    sink.send(record(topic="missing"), reports.ticket(1))
    sink.send(record(topic="t"), reports.ticket(2))
    assert (await reports.wait_failure()).topic == "missing"
    assert sink.outstanding == 0
    assert reports.confirmed == []


def refuse(sink: KafkaSink, monkeypatch: pytest.MonkeyPatch, value: bytes) -> list[bytes]:
    """Lets librdkafka not take the record of this value, as it does for a topic that it knows to be missing.

    Returns the values that are handed over from now on.
    """
    produce = sink._generation._produce
    handed: list[bytes] = []

    def produce_or_refuse(*arguments) -> None:
        handed.append(arguments[1])
        if arguments[1] == value:
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_TOPIC))
        produce(*arguments)

    monkeypatch.setattr(sink._generation, "_produce", produce_or_refuse)
    return handed


async def test_a_record_that_librdkafka_does_not_take(make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch):
    """It is reported like one that Kafka refused, later, and nothing behind it is handed over."""
    sink, reports = make_sink()
    handed = refuse(sink, monkeypatch, b"2")
    for number in range(5):
        sink.send(record(b"%d" % number), reports.ticket(number))
    assert reports.failures == []
    failure = await reports.wait_failure()
    assert (failure.reason, failure.topic, failure.fatal) == ("topic_missing", "t", False)
    assert handed == [b"0", b"1", b"2"]


async def test_a_first_record_that_librdkafka_does_not_take(make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch):
    """With nothing on its way there is nothing to wait for: the failure is reported as it happens."""
    sink, reports = make_sink()
    handed = refuse(sink, monkeypatch, b"0")
    sink.send(record(b"0"), reports.ticket(0))
    assert reports.failures == []
    await eventually(lambda: handed == [b"0"])
    assert [failure.reason for failure in reports.failures] == ["topic_missing"]


async def test_a_waiting_record_that_librdkafka_does_not_take(make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch):
    """The rest of what waits is forgotten with it."""
    sink, reports = make_sink(queue_buffering_max_messages="10")
    refuse(sink, monkeypatch, b"20")
    for number in range(50):
        sink.send(record(b"%d" % number), reports.ticket(number))
    assert (await reports.wait_failure()).reason == "topic_missing"
    assert sink.outstanding == 0
    assert reports.confirmed == list(range(len(reports.confirmed)))
    assert len(reports.confirmed) <= 20


async def test_a_failure_forgets_what_waits(mock_cluster: MockCluster, make_sink: MakeSink):
    """Records that waited for room are not sent once an earlier one was refused; after a reset the way is free."""
    sink, reports = make_sink(queue_buffering_max_messages="10")
    mock_cluster.answer(PRODUCE, KafkaError.INVALID_TIMESTAMP)
    for number in range(100):
        sink.send(record(), reports.ticket(number))
    await reports.wait_failure()
    assert sink.outstanding == 0
    sink.reset()
    reports.failures.clear()
    for number in range(100, 200):
        sink.send(record(), reports.ticket(number))
    assert await reports.wait_confirmed(100) == list(range(100, 200))
