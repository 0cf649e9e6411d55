"""Sinks that are closed when their test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.kafka.sink import KafkaSink
from tests.parts.reports import RecordedReports, SystemClock

MakeSink = Callable[..., tuple[KafkaSink, RecordedReports]]


@asynccontextmanager
async def opening_sinks() -> AsyncIterator[MakeSink]:
    """Opens a sink on a bootstrap address, with further properties (``_`` for ``.``), and a recorder of its reports."""
    opened: list[KafkaSink] = []

    def make(bootstrap: str, **properties: str) -> tuple[KafkaSink, RecordedReports]:
        reports = RecordedReports()
        given = {name.replace("_", "."): value for name, value in properties.items()}
        sink = KafkaSink({"bootstrap.servers": bootstrap, **given}, reports, SystemClock())
        sink.open()
        opened.append(sink)
        return sink, reports

    yield make
    for sink in opened:
        await sink.close()
