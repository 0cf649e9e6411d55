"""KafkaSink on librdkafka's mock cluster: reports, failures, generations. What is lost or not: tests/system/kafka."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from confluent_kafka import KafkaError, KafkaException

from gateway.errors import ConfigError, RecordTooLarge
from gateway.kafka.sink import KafkaSink
from gateway.kafka.sizes import most_batch_bytes
from gateway.model import Record
from gateway.pipeline.acks import Ticket
from gateway.pipeline.ports import SinkFailure
from tests.parts.mock_cluster import PRODUCE, MockCluster
from tests.parts.reports import RecordedReports, SystemClock
from tests.parts.waiting import eventually

MakeSink = Callable[..., tuple[KafkaSink, RecordedReports]]


def record(value: bytes = b"v", topic: str = "t", key: bytes | None = b"k") -> Record:
    """A record of a fixed time."""
    return Record(topic, key, value, None, 1_700_000_000_000)


@pytest.fixture
async def make_sink(mock_cluster: MockCluster) -> AsyncIterator[MakeSink]:
    """Opens a sink on the mock cluster, with further properties (``_`` for ``.``)."""
    opened: list[KafkaSink] = []
    mock_cluster.create_topic("t")
    mock_cluster.create_topic("u")

    def make(**properties: str) -> tuple[KafkaSink, RecordedReports]:
        reports = RecordedReports()
        given = {name.replace("_", "."): value for name, value in properties.items()}
        sink = KafkaSink({"bootstrap.servers": mock_cluster.bootstrap, **given}, reports, SystemClock())
        sink.open()
        opened.append(sink)
        return sink, reports

    yield make
    for sink in opened:
        await sink.close()


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


async def test_a_record_wakes_a_resting_sink(make_sink: MakeSink):
    """With nothing outstanding the sink hardly looks for news; with the first record it looks soon."""
    sink, reports = make_sink()
    await eventually(lambda: sink._pulse.resting)
    sink.send(record(), reports.ticket(1))
    assert not sink._pulse.resting
    await reports.wait_confirmed(1)
    await eventually(lambda: sink._pulse.resting)


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


async def test_a_smaller_limit_applies_at_once(make_sink: MakeSink):
    """A topic's limit counts from the moment it is told, for that topic only."""
    sink, reports = make_sink()
    sink.send(record(b"x" * 3000), reports.ticket(1))
    sink.limit({"t": 1000})
    with pytest.raises(RecordTooLarge, match="topic 't'") as refusal:
        sink.send(record(b"x" * 3000), reports.ticket(2))
    assert (refusal.value.limit, refusal.value.topic) == (1000, "t")
    sink.send(record(b"x" * 3000, topic="u"), reports.ticket(3))
    assert sorted(await reports.wait_confirmed(2)) == [1, 3]


async def test_a_topic_that_takes_nothing(make_sink: MakeSink):
    """Its records are too large, each of them; the others' flow, also through a new producer."""
    sink, reports = make_sink()
    sink.limit({"t": 0})
    for renewed in (False, True):
        if renewed:
            sink.reset()
        with pytest.raises(RecordTooLarge) as refusal:
            sink.send(record(b""), reports.ticket(1))
        assert (refusal.value.limit, refusal.value.topic) == (0, "t")
        sink.send(record(topic="u"), reports.ticket(2))
        await reports.wait_confirmed(1 + renewed)
    assert (reports.confirmed, reports.failures) == ([2, 2], [])


async def test_headers_count(make_sink: MakeSink):
    """A record that is too large only by its headers is too large."""
    sink, reports = make_sink()
    sink.limit({"t": 1000})
    with pytest.raises(RecordTooLarge):
        sink.send(Record("t", None, b"", [("h", b"x" * 1000)], 1), reports.ticket(1))


async def test_the_gateways_own_limit_counts(make_sink: MakeSink):
    """``message.max.bytes`` in gateway.yaml bounds every topic, also those that would take more."""
    sink, reports = make_sink(message_max_bytes="140000")
    sink.limit({"t": 1_000_000})
    with pytest.raises(RecordTooLarge, match="above the 140000 bytes"):
        sink.send(record(b"x" * 150_000), reports.ticket(1))


async def test_an_unreachable_kafka_is_not_ready(mock_cluster: MockCluster, make_sink: MakeSink):
    """Health names the reason while no broker is connected, counts what waits, and recovers."""
    sink, reports = make_sink(statistics_interval_ms="100", reconnect_backoff_ms="10", reconnect_backoff_max_ms="50")
    await eventually(lambda: sink.health().ready)
    mock_cluster.down()
    sink.send(record(b"x" * 500), reports.ticket(1))
    await eventually(lambda: sink.health().reason.startswith("broker_down: "))
    await eventually(lambda: sink.health().queued_bytes >= 500)
    health = sink.health()
    assert (health.ready, health.brokers_up, health.outstanding) == (False, 0, 1)
    assert "bootstrap.servers" in health.reason
    mock_cluster.up()
    await reports.wait_confirmed(1)
    await eventually(lambda: sink.health().ready)


async def test_a_confirmed_record_makes_it_ready(make_sink: MakeSink):
    """At once, though librdkafka tells nothing about its brokers before the first interval is over."""
    sink, reports = make_sink(statistics_interval_ms="60000")
    assert sink.health().reason == "connecting: no Kafka broker has answered yet"
    sink.send(record(), reports.ticket(1))
    await reports.wait_confirmed(1)
    assert (sink.health().ready, sink.health().reason) == (True, "")


class Sealed:
    """A record that can be looked at only while it is not sealed."""

    sealed = False

    def __getattr__(self, name: str) -> object:
        assert not self.sealed, f"{name} was asked for"
        return getattr(record(b"x" * 500), name)


async def test_health_looks_at_no_record(make_sink: MakeSink):
    """65 535 may wait, and it is asked several times a second, on the event loop."""
    sink, reports = make_sink()
    waiting = Sealed()
    for number in range(100):
        sink.send(waiting, reports.ticket(number))  # type: ignore[arg-type]  # as good as one
    waiting.sealed = True
    health = sink.health()
    assert (health.outstanding, 50_000 <= health.queued_bytes <= 70_000) == (100, True)
    waiting.sealed = False
    await reports.wait_confirmed(100)


class LookingReports(RecordedReports):
    """Compares, whenever something is confirmed, the bytes that wait with those of each record."""

    sink: KafkaSink

    def __init__(self) -> None:
        super().__init__()
        self.sums: list[int] = []

    def look(self) -> None:
        """Now."""
        self.sums.append(sum(most_batch_bytes(record) for record, *_ in self.sink._queue))
        assert self.sink.health().queued_bytes == self.sums[-1]

    def delivered(self, tickets: Sequence[Ticket]) -> None:
        """Looks."""
        super().delivered(tickets)
        self.look()


async def test_bytes_that_wait_are_summed_up(mock_cluster: MockCluster):
    """Whatever becomes of the records: on their way, without room in librdkafka's queue, forgotten by a failure."""
    mock_cluster.create_topic("t")
    reports = LookingReports()
    properties = {"queue.buffering.max.messages": "10", "statistics.interval.ms": "60000"}
    reports.sink = sink = KafkaSink({"bootstrap.servers": mock_cluster.bootstrap, **properties}, reports, SystemClock())
    sink.open()
    for number in range(100):
        headers = [("name", b"x" * number)] if number % 2 else None
        sink.send(Record("t", b"k", b"v" * number, headers, 1_700_000_000_000), reports.ticket(number))
    reports.look()
    await reports.wait_confirmed(100)
    assert len(set(reports.sums)) > 5
    assert reports.sums[-1] == 0
    mock_cluster.answer(PRODUCE, KafkaError.INVALID_TIMESTAMP)
    for number in range(50):
        sink.send(record(), reports.ticket(number))
    await reports.wait_failure()
    sink.reset()
    for waits in (0, 1):
        assert sink.outstanding == waits
        reports.look()
        sink.send(record(), reports.ticket(1))
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
