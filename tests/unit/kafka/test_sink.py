"""The sink on librdkafka's mock cluster: reports, failures, generations, its end.

What is lost or not: tests/system/kafka.
"""

import asyncio
import logging
from collections.abc import Sequence

import pytest
from confluent_kafka import KafkaError

from gateway.errors import ConfigError, RecordTooLarge
from gateway.kafka.sink import KafkaSink
from gateway.pipeline.acks import Ticket
from gateway.pipeline.ports import SinkFailure
from tests.parts.mock_cluster import PRODUCE, MockCluster
from tests.parts.reports import RecordedReports, SystemClock
from tests.parts.sinks import MakeSink
from tests.parts.waiting import eventually
from tests.unit.kafka.records import record


async def test_each_ticket_is_reported_once(make_sink: MakeSink):
    """Every record's ticket comes back, nothing stays outstanding."""
    sink, reports = make_sink()
    for number in range(1000):
        sink.send(record(key=b"%d" % number), reports.ticket(number))
    assert sink.outstanding == 1000
    await reports.wait_confirmed(1000)
    assert sorted(reports.confirmed) == list(range(1000))
    assert sink.outstanding == 0


async def test_nothing_is_reported_within_send(mock_cluster: MockCluster, make_sink: MakeSink):
    """Not even the failure of a record that librdkafka does not take: the caller is in the midst of something."""
    sink, reports = make_sink(topic_metadata_propagation_max_ms="1")
    mock_cluster.answer(PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    sink.send(record(), reports.ticket(1))
    await reports.wait_failure()
    sink.reset()
    reports.failures.clear()
    with pytest.raises(RecordTooLarge):
        sink.send(record(b"x" * 1_048_588), reports.ticket(2))
    assert (reports.confirmed, reports.failures) == ([], [])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "not_authorized"),
        (KafkaError.INVALID_TIMESTAMP, "timestamp_refused"),
        (KafkaError.MSG_SIZE_TOO_LARGE, "size_refused"),
        (KafkaError.INVALID_RECORD, "record_refused"),
        (KafkaError.POLICY_VIOLATION, "record_refused"),
        (KafkaError.INVALID_REQUIRED_ACKS, "produce_failed"),
    ],
)
async def test_a_refusal_is_reported_once_with_its_reason(
    mock_cluster: MockCluster, make_sink: MakeSink, code: int, reason: str
):
    """The failure has the stable reason and the topic; health repeats it; later records are dropped silently."""
    sink, reports = make_sink(batch_num_messages="10")
    mock_cluster.answer(PRODUCE, code)
    for number in range(100):
        sink.send(record(), reports.ticket(number))
    failure = await reports.wait_failure()
    assert (failure.reason, failure.topic, failure.fatal) == (reason, "t", True)
    assert failure.detail in sink.health().reason
    assert not sink.health().ready
    sink.send(record(), reports.ticket(1000))
    assert await sink.flush(5) == sink.outstanding
    assert reports.confirmed == []
    assert len(reports.failures) == 1


async def test_a_reset_starts_over(mock_cluster: MockCluster, make_sink: MakeSink):
    """After a reset records are confirmed again, and health forgets the failure."""
    sink, reports = make_sink(statistics_interval_ms="100")
    mock_cluster.answer(PRODUCE, KafkaError.INVALID_TIMESTAMP)
    sink.send(record(), reports.ticket(1))
    await reports.wait_failure()
    sink.reset()
    reports.failures.clear()
    sink.send(record(), reports.ticket(2))
    assert await reports.wait_confirmed(1) == [2]
    await eventually(lambda: sink.health().ready)


async def test_what_was_confirmed_before_the_failure_is_reported(mock_cluster: MockCluster, make_sink: MakeSink):
    """Records that Kafka took before it refused one are confirmed: they need not come again."""
    sink, reports = make_sink(batch_num_messages="5", linger_ms="100")
    mock_cluster.answer(PRODUCE, 0, 0, KafkaError.INVALID_TIMESTAMP)
    for number in range(50):
        sink.send(record(), reports.ticket(number))
    await reports.wait_failure()
    assert reports.confirmed == list(range(10))


async def test_after_a_failure_the_topics_first_record_goes_alone(mock_cluster: MockCluster, make_sink: MakeSink):
    """Refused again it takes none of those behind it along; confirmed it lets them all follow, in order."""
    sink, reports = make_sink(batch_num_messages="1")
    mock_cluster.answer(PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    sink.send(record(), reports.ticket(-1))
    await reports.wait_failure()
    for attempt in range(2):
        sink.reset()
        reports.failures.clear()
        if attempt == 0:
            mock_cluster.answer(PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED)
        for number in range(100):
            sink.send(record(topic="u" if number % 3 == 2 else "t"), reports.ticket(number))
        if attempt == 0:
            await reports.wait_failure()
            assert reports.confirmed == []
    assert sorted(await reports.wait_confirmed(100)) == list(range(100))
    assert reports.confirmed[0] == 0


async def test_other_topics_do_not_wait_for_the_one_that_failed(mock_cluster: MockCluster, make_sink: MakeSink):
    """What is in front of its first record flows, however long that is in coming."""
    sink, reports = make_sink()
    mock_cluster.answer(PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    sink.send(record(), reports.ticket(-1))
    await reports.wait_failure()
    sink.reset()
    reports.failures.clear()
    for number in range(10):
        sink.send(record(topic="u"), reports.ticket(number))
    assert await reports.wait_confirmed(10) == list(range(10))


@pytest.mark.parametrize("code", [KafkaError.NOT_ENOUGH_REPLICAS, KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND])
async def test_too_few_replicas_only_delay(mock_cluster: MockCluster, make_sink: MakeSink, code: int):
    """Refused for want of replicas a record is retried until there are enough; nothing fails."""
    sink, reports = make_sink(retry_backoff_ms="10")
    mock_cluster.answer(PRODUCE, code, code, code)
    for number in range(10):
        sink.send(record(), reports.ticket(number))
    assert await reports.wait_confirmed(10) == list(range(10))
    assert reports.failures == []


async def test_no_report_of_a_former_generation(mock_cluster: MockCluster, make_sink: MakeSink):
    """Records that are outstanding at a reset are never reported, neither confirmed nor failed."""
    sink, reports = make_sink()
    mock_cluster.down()
    for number in range(10):
        sink.send(record(), reports.ticket(number))
    sink.reset()
    assert sink.outstanding == 0
    mock_cluster.up()
    sink.send(record(), reports.ticket(10))
    assert await reports.wait_confirmed(1) == [10]
    await sink.close()
    assert (reports.confirmed, reports.failures) == ([10], [])


class ResettingReports(RecordedReports):
    """Resets the sink as soon as it hears of a failure or of the first confirmation."""

    sink: KafkaSink
    resets = 0

    def delivered(self, tickets: Sequence[Ticket]) -> None:
        """Resets once."""
        super().delivered(tickets)
        if not self.resets:
            self.resets += 1
            self.sink.reset()

    def failed(self, failure: SinkFailure) -> None:
        """Resets."""
        super().failed(failure)
        self.sink.reset()


async def test_a_reset_within_a_report(mock_cluster: MockCluster):
    """The receiver of a report may reset at once: the sink goes on with the new generation."""
    mock_cluster.create_topic("t")
    reports = ResettingReports()
    reports.sink = sink = KafkaSink({"bootstrap.servers": mock_cluster.bootstrap}, reports, SystemClock())
    sink.open()
    sink.send(record(), reports.ticket(1))
    await reports.wait_confirmed(1)
    mock_cluster.answer(PRODUCE, KafkaError.INVALID_TIMESTAMP)
    sink.send(record(), reports.ticket(2))
    await reports.wait_failure()
    reports.failures.clear()
    sink.send(record(), reports.ticket(3))
    assert await reports.wait_confirmed(2) == [1, 3]
    await sink.close()


class FailingReports(RecordedReports):
    """Fails once over the first report, and once over the first failure, as where a socket breaks below it."""

    broken = 0

    def delivered(self, tickets: Sequence[Ticket]) -> None:
        """Takes it, and raises if it is the first."""
        super().delivered(tickets)
        self._break(first=len(self.confirmed) == len(tickets))

    def failed(self, failure: SinkFailure) -> None:
        """Takes it, and raises if it is the first."""
        super().failed(failure)
        self._break(first=len(self.failures) == 1)

    def _break(self, *, first: bool) -> None:
        if first:
            self.broken += 1
            raise OSError("Transport endpoint is not connected")


async def test_a_receiver_that_fails_does_not_stop_the_sink(mock_cluster: MockCluster):
    """The event loop is told of the exception, and the sink goes on: what waits is handed over and reported."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    mock_cluster.create_topic("t")
    reports = FailingReports()
    sink = KafkaSink({"bootstrap.servers": mock_cluster.bootstrap}, reports, SystemClock())
    sink.open()
    sink.send(record(), reports.ticket(1))
    await eventually(lambda: reports.broken == 1)
    sink.send(record(), reports.ticket(2))
    assert await reports.wait_confirmed(2) == [1, 2]
    mock_cluster.answer(PRODUCE, KafkaError.INVALID_TIMESTAMP)
    sink.send(record(), reports.ticket(3))
    await reports.wait_failure()
    sink.reset()
    reports.failures.clear()
    sink.send(record(), reports.ticket(4))
    assert await reports.wait_confirmed(3) == [1, 2, 4]
    assert [str(exc) for exc in told] == ["Transport endpoint is not connected"] * 2
    await sink.close()


async def test_flush_returns_what_is_left(mock_cluster: MockCluster, make_sink: MakeSink):
    """0 when all is reported, at once when nothing is due, the number of records when the time is over."""
    sink, reports = make_sink()
    assert await sink.flush(60) == 0
    sink.send(record(), reports.ticket(1))
    assert await sink.flush(60) == 0
    assert reports.confirmed == [1]
    mock_cluster.down()
    sink.send(record(), reports.ticket(2))
    sink.send(record(), reports.ticket(3))
    assert await sink.flush(0.05) == 2
    flushing = asyncio.create_task(sink.flush(60))
    await asyncio.sleep(0)
    await sink.close()
    assert await flushing == 0


async def test_a_closed_sink_drops(make_sink: MakeSink):
    """After close nothing is taken and nothing is reported; closing again does nothing."""
    sink, reports = make_sink()
    await sink.close()
    await sink.close()
    sink.send(record(), reports.ticket(1))
    assert sink.outstanding == 0
    assert (sink.health().ready, sink.health().reason) == (False, "the Kafka producer is closed")


async def test_a_sink_may_be_closed_unopened():
    """Where the start fails before the sink was opened there is nothing to end."""
    sink = KafkaSink({"bootstrap.servers": "127.0.0.1:1"}, RecordedReports(), SystemClock())
    assert sink.health().reason == "the Kafka producer is new"
    await sink.close()


async def test_librdkafkas_words_go_to_the_logger(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]):
    """What librdkafka logs reaches Python's logging, and nothing stderr; the known warning at start is left out."""
    logger = logging.getLogger("test.kafka")
    sink = KafkaSink({"bootstrap.servers": "127.0.0.1:1"}, RecordedReports(), SystemClock(), logger=logger)
    sink.open()
    await eventually(lambda: "Connection refused" in caplog.text)
    await sink.close()
    assert {line.name for line in caplog.records} <= {"test.kafka", "asyncio"}
    assert "experimental" not in caplog.text
    assert capfd.readouterr().err == ""


def test_a_weakened_guarantee_is_refused():
    """Before anything is opened."""
    with pytest.raises(ConfigError, match=r"gateway\.yaml: kafka\.acks: must be all, found '1'"):
        KafkaSink({"acks": "1"}, RecordedReports(), SystemClock())


async def test_an_unknown_property_is_named():
    """What librdkafka does not know is an error under the property's own key."""
    sink = KafkaSink(
        {"bootstrap.servers": "127.0.0.1:1", "linger": "5"}, RecordedReports(), SystemClock(), file="g.yaml"
    )
    with pytest.raises(ConfigError, match=r"g\.yaml: kafka\.linger: .*No such configuration property"):
        sink.open()
