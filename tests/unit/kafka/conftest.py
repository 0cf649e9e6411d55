"""Sinks on the mock cluster."""

from collections.abc import AsyncIterator

import pytest

from gateway.kafka.sink import KafkaSink
from tests.parts.mock_cluster import MockCluster
from tests.parts.reports import RecordedReports, SystemClock
from tests.unit.kafka.sinks import MakeSink


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
