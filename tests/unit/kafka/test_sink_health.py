"""What the sink says of itself: whether Kafka is there, and how much waits."""

from collections.abc import Sequence

from confluent_kafka import KafkaError

from gateway.kafka.sink import KafkaSink
from gateway.kafka.sizes import most_batch_bytes
from gateway.model import Record
from gateway.pipeline.acks import Ticket
from tests.parts.mock_cluster import PRODUCE, MockCluster
from tests.parts.reports import RecordedReports, SystemClock
from tests.parts.sinks import MakeSink
from tests.parts.waiting import eventually
from tests.unit.kafka.records import record


async def test_a_record_wakes_a_resting_sink(make_sink: MakeSink):
    """With nothing outstanding the sink hardly looks for news; with the first record it looks soon."""
    sink, reports = make_sink()
    await eventually(lambda: sink._pulse.resting)
    sink.send(record(), reports.ticket(1))
    assert not sink._pulse.resting
    await reports.wait_confirmed(1)
    await eventually(lambda: sink._pulse.resting)


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
