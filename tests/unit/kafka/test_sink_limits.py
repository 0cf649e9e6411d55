"""Records that are larger than their topic takes."""

import pytest

from gateway.errors import RecordTooLarge
from gateway.model import Record
from tests.parts.sinks import MakeSink
from tests.unit.kafka.records import record


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
