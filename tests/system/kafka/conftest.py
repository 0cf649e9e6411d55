"""Sinks on a real Kafka, closed after each test."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from gateway.kafka.sink import KafkaSink
from gateway.model import Record
from tests.parts.kafka import KafkaBroker
from tests.parts.reports import RecordedReports
from tests.parts.sinks import MakeSink, opening_sinks


@pytest.fixture
async def make_sink() -> AsyncIterator[MakeSink]:
    """Opens a sink on a broker, with further properties (``_`` for ``.``), and a recorder of its reports."""
    async with opening_sinks() as make:

        def on_broker(broker: KafkaBroker, **properties: str) -> tuple[KafkaSink, RecordedReports]:
            return make(broker.bootstrap, **properties)

        yield on_broker


def record(topic: str, value: bytes, key: bytes | None = b"device", **fields) -> Record:
    """A record of now."""
    return Record(topic, key, value, fields.get("headers"), fields.get("timestamp", time.time_ns() // 1_000_000))


def send(sink: KafkaSink, reports: RecordedReports, topic: str, numbers: range, key: bytes | None = b"device") -> None:
    """Sends one record for each number, which is its value and its ticket's number."""
    for number in numbers:
        sink.send(record(topic, b"%d" % number, key), reports.ticket(number))


def numbers(broker: KafkaBroker, topic: str) -> list[int]:
    """The values of a topic with one partition, in order."""
    return [int(found.value or b"-1") for found in broker.consume(topic)]


def first_occurrences(values: list[int]) -> list[int]:
    """The values without their repetitions."""
    return list(dict.fromkeys(values))
