"""KafkaSink when Kafka fails or refuses: nothing is lost, nothing overtakes, and it says what is wrong."""

import time

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package does not list what it exports
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from gateway.errors import RecordTooLarge
from gateway.kafka.sizes import batch_bytes
from tests.parts.kafka import KafkaBroker
from tests.parts.sinks import MakeSink
from tests.parts.waiting import eventually
from tests.system.kafka.conftest import first_occurrences, numbers, record, send

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("end", [KafkaBroker.stop, KafkaBroker.kill])
async def test_an_outage_only_delays(own_kafka: KafkaBroker, make_sink: MakeSink, end):
    """The broker ends amid the stream and is away for more than 5 s: afterwards each record is there once, in order."""
    topic = own_kafka.new_topic()
    sink, reports = make_sink(own_kafka, batch_num_messages="50", statistics_interval_ms="200")
    send(sink, reports, topic, range(1000))
    await reports.wait_confirmed(1)
    send(sink, reports, topic, range(1000, 3000))
    end(own_kafka)
    send(sink, reports, topic, range(3000, 4000))
    await eventually(lambda: sink.health().silent_s > 5, 20, "5 s of silence")
    health = sink.health()
    assert not health.ready
    assert health.reason.startswith("broker_down: ")
    assert health.outstanding > 0
    assert health.queued_bytes > 0
    assert await sink.flush(0.1) == sink.outstanding > 0
    own_kafka.launch()
    await reports.wait_confirmed(4000, timeout_s=60)
    assert reports.confirmed == list(range(4000))
    assert numbers(own_kafka, topic) == list(range(4000))
    assert reports.failures == []
    await eventually(lambda: sink.health().ready, what="ready again")


async def test_a_pause_only_delays(own_kafka: KafkaBroker, make_sink: MakeSink):
    """A broker that stops answering, with connections open, gets everything once and in order when it goes on."""
    topic = own_kafka.new_topic()
    sink, reports = make_sink(own_kafka, request_timeout_ms="1000", socket_timeout_ms="1000")
    send(sink, reports, topic, range(500))
    await reports.wait_confirmed(500)
    own_kafka.pause()
    send(sink, reports, topic, range(500, 1000))
    await eventually(lambda: sink.health().silent_s > 4, 20, "requests have timed out")
    own_kafka.resume()
    await reports.wait_confirmed(1000)
    assert numbers(own_kafka, topic) == list(range(1000))
    assert reports.failures == []


async def test_a_missing_topic_is_reported_and_recovers(kafka: KafkaBroker, make_sink: MakeSink):
    """The failure names the topic and what to do; after its creation and a reset, the replay arrives in order."""
    topic = f"missing-{time.time_ns()}"
    sink, reports = make_sink(kafka, topic_metadata_propagation_max_ms="500")
    send(sink, reports, topic, range(10))
    failure = await reports.wait_failure()
    assert (failure.reason, failure.topic) == ("topic_missing", topic)
    assert "create the topic" in failure.detail
    assert topic in sink.health().reason
    kafka.create_topic(topic)
    sink.reset()
    reports.failures.clear()
    send(sink, reports, topic, range(10))
    await reports.wait_confirmed(10)
    assert numbers(kafka, topic) == list(range(10))


async def test_a_topic_deleted_while_running(kafka: KafkaBroker, make_sink: MakeSink):
    """Deleting the topic amid the stream is reported as a missing topic; after its creation the replay arrives."""
    topic = kafka.new_topic()
    sink, reports = make_sink(kafka, topic_metadata_propagation_max_ms="500", topic_metadata_refresh_interval_ms="1000")
    send(sink, reports, topic, range(10))
    await reports.wait_confirmed(10)
    kafka.delete_topic(topic)
    send(sink, reports, topic, range(10, 20))
    failure = await reports.wait_failure(60)
    assert (failure.reason, failure.topic) == ("topic_missing", topic)
    assert reports.confirmed == list(range(10))
    kafka.create_topic(topic)
    sink.reset()
    reports.failures.clear()
    send(sink, reports, topic, range(10, 20))
    await reports.wait_confirmed(20)
    assert numbers(kafka, topic) == list(range(10, 20))


async def test_nothing_overtakes_a_refused_batch(kafka: KafkaBroker, make_sink: MakeSink):
    """A record that Kafka refuses amid the stream: what was written is a prefix, and the replay keeps the order."""
    topic = kafka.new_topic()
    sink, reports = make_sink(kafka, batch_num_messages="50")
    now = time.time_ns() // 1_000_000

    def replay(tomorrow: int) -> None:
        for number in range(5000):
            timestamp = now + (86_400_000 if number == tomorrow else 0)
            sink.send(record(topic, b"%d" % number, timestamp=timestamp), reports.ticket(number))

    replay(tomorrow=1000)
    failure = await reports.wait_failure()
    assert (failure.reason, failure.topic) == ("timestamp_refused", topic)
    written = numbers(kafka, topic)
    assert written == list(range(len(written)))
    assert len(written) <= 1000
    assert reports.confirmed == written
    sink.reset()
    reports.failures.clear()
    replay(tomorrow=-1)
    await reports.wait_confirmed(len(written) + 5000)
    assert first_occurrences(numbers(kafka, topic)) == list(range(5000))


async def test_lost_authorization_is_reported_and_recovers(own_kafka: KafkaBroker, make_sink: MakeSink):
    """Without the permission to write, the failure says which; once granted, a reset and the replay succeed."""
    topic = own_kafka.new_topic()
    who = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", AclOperation.WRITE)
    deny = AclBinding(*who, AclPermissionType.DENY)
    sink, reports = make_sink(own_kafka)
    send(sink, reports, topic, range(5))
    await reports.wait_confirmed(5)
    own_kafka.admin.create_acls([deny])[deny].result(10)
    send(sink, reports, topic, range(5, 10))
    failure = await reports.wait_failure()
    assert (failure.reason, failure.topic) == ("not_authorized", topic)
    assert "WRITE" in failure.detail
    denied = AclBindingFilter(*who, AclPermissionType.DENY)
    own_kafka.admin.delete_acls([denied])[denied].result(10)
    sink.reset()
    reports.failures.clear()
    send(sink, reports, topic, range(5, 10))
    await reports.wait_confirmed(10)
    assert numbers(own_kafka, topic) == list(range(10))


async def test_an_unknown_size_limit_is_found_out(kafka: KafkaBroker, make_sink: MakeSink):
    """A topic refuses a size that nobody knew of: replays find the one record to blame, and its batch mates arrive."""
    topic = kafka.new_topic(max_message_bytes="3000")
    sink, reports = make_sink(kafka)
    large = record(topic, b"x" * 5000)
    refused: dict[int, int] = {}
    for _ in range(4):  # replays, as the MQTT broker makes them
        reports.failures.clear()
        for number in range(200):
            try:
                sink.send(large if number == 100 else record(topic, b"%d" % number), reports.ticket(number))
            except RecordTooLarge as error:
                refused[number] = error.limit
        await sink.flush(10)
        await eventually(lambda: reports.failures or sink.outstanding == 0)
        if not reports.failures:
            break
        assert reports.failures[0].reason == "size_refused"
        sink.reset()
    assert refused == {100: batch_bytes(large) - 1}
    assert first_occurrences(numbers(kafka, topic)) == [number for number in range(200) if number != 100]


async def test_a_refused_size_is_refused_by_the_byte(kafka: KafkaBroker, make_sink: MakeSink):
    """Kafka agrees with our arithmetic: one byte above the topic's limit is refused, the limit itself is not."""
    topic = kafka.new_topic(max_message_bytes="3000")
    fitting = record(topic, b"x" * 2900, b"k", headers=[("h", b"v" * 9)])
    while batch_bytes(fitting) < 3000:
        fitting = record(topic, fitting.value + b"x", b"k", headers=fitting.headers)
    sink, reports = make_sink(kafka)
    sink.send(fitting, reports.ticket(1))
    await reports.wait_confirmed(1)
    sink.send(record(topic, fitting.value + b"x", b"k", headers=fitting.headers), reports.ticket(2))
    assert (await reports.wait_failure()).reason == "size_refused"
    assert [found.value for found in kafka.consume(topic)] == [fitting.value]


async def test_a_compacted_topic_refuses_records_without_key(kafka: KafkaBroker, make_sink: MakeSink):
    """The failure says that the record is refused, and hints at the key."""
    topic = kafka.new_topic(cleanup_policy="compact")
    sink, reports = make_sink(kafka)
    send(sink, reports, topic, range(1), key=None)
    failure = await reports.wait_failure()
    assert failure.reason == "record_refused"
    assert "compacted topic" in failure.detail


async def test_no_late_report_after_a_reset(own_kafka: KafkaBroker, make_sink: MakeSink):
    """Records on their way when the sink is reset are never reported, though Kafka writes them in the end."""
    topic = own_kafka.new_topic()
    sink, reports = make_sink(own_kafka)
    send(sink, reports, topic, range(10))
    await reports.wait_confirmed(10)
    own_kafka.pause()
    send(sink, reports, topic, range(10, 20))
    await eventually(lambda: sink.health().silent_s > 0.5, what="the request has left")
    sink.reset()
    own_kafka.resume()
    send(sink, reports, topic, range(10, 30))
    await reports.wait_confirmed(30)
    assert await sink.flush(5) == 0
    assert reports.confirmed == list(range(30))
    written = numbers(own_kafka, topic)
    assert first_occurrences(written) == list(range(30))
    assert len(written) == 40


async def test_flush_and_close_with_an_unreachable_broker(own_kafka: KafkaBroker, make_sink: MakeSink):
    """With no broker flush returns what is left, and close ends without waiting for it."""
    topic = own_kafka.new_topic()
    own_kafka.kill()
    sink, reports = make_sink(own_kafka)
    send(sink, reports, topic, range(7))
    assert await sink.flush(0.2) == 7
    await sink.close()
    assert (reports.confirmed, reports.failures) == ([], [])
