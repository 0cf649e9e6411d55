"""A contract's timestamps keep within what its topic takes, whenever that is learned."""

from __future__ import annotations

import asyncio
import bisect
import threading
from pathlib import Path
from typing import Any

import pytest

from gateway.compile.route import Route, compile_route
from gateway.model import Record
from gateway.pipeline.routes import RouteTable
from tests.unit.compile.compiled import ARRIVAL
from tests.unit.service.schema_bench import N_AND_M, STAMPED, Bench, N


def bounds(bench: Bench) -> tuple[int, int]:
    """Most seconds ahead and behind that records carry."""
    return _most(bench, 1), _most(bench, -1)


def _most(bench: Bench, way: int) -> int:
    """Most seconds to which a payload's time may be off in this direction, within two hours."""

    def keeps(by_s: int) -> bool:
        record = bench.outcome(b'{"n":%d}' % (ARRIVAL // 1000 + way * by_s))
        assert isinstance(record, Record)
        return not record.timestamp_replaced

    return bisect.bisect_left(range(1, 7201), True, key=lambda by_s: not keeps(by_s))


@pytest.mark.parametrize(
    ("ahead_ms", "behind_ms", "expected"),
    [
        (None, None, (3600, 7200)),
        (3_600_000, None, (3300, 7200)),
        (86_400_000, 1_000_000, (3600, 700)),
        (100_000, 0, (0, 0)),
        (9_223_372_036_854_775_807, 9_223_372_036_854_775_807, (3600, 7200)),
    ],
)
async def test_timestamps_keep_within_what_the_topic_takes(
    tmp_path: Path, ahead_ms: int | None, behind_ms: int | None, expected: tuple[int, int]
) -> None:
    """Less five minutes, because clocks differ: one record beyond would fail its whole batch. Never wider."""
    bench = Bench(tmp_path, STAMPED)
    bench.registry.add("a-value", N)
    await bench.refresh()
    for _ in range(2):
        bench.schemas.bound_timestamps(lambda _: (ahead_ms, behind_ms))
        assert bounds(bench) == expected
    assert bench.changes == (1 if expected == (3600, 7200) else 2)
    table = bench.schemas.table()
    assert isinstance(table, RouteTable)
    assert table.routes[0] is bench.slot().route


async def test_bounds_hold_for_the_next_version_too(tmp_path: Path) -> None:
    """And for a contract that was inactive when they were learned."""
    bench = Bench(tmp_path, STAMPED)
    bench.schemas.bound_timestamps(lambda _: (1_000_000, None))
    for schema in (N, N_AND_M):
        bench.registry.add("a-value", schema)
        await bench.refresh()
        assert bounds(bench) == (700, 7200)


async def test_bounds_that_the_topic_widens(tmp_path: Path) -> None:
    """Are the contract's own again."""
    bench = Bench(tmp_path, STAMPED)
    bench.registry.add("a-value", N)
    await bench.refresh()
    for ahead_ms in (1_000_000, 86_400_000):
        bench.schemas.bound_timestamps(lambda _, limit=ahead_ms: (limit, None))  # type: ignore[misc]  # bound now
    assert bounds(bench) == (3600, 7200)


async def test_bounds_that_are_learned_while_a_version_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hold all the same: else one record beyond the topic's limit fails its batch again and again."""
    bench = Bench(tmp_path, STAMPED)
    bench.registry.add("a-value", N)
    await bench.refresh()
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(*args: Any, **kwargs: Any) -> Route:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        return compile_route(*args, **kwargs)

    monkeypatch.setattr("gateway.service.schemas.compile_route", slow)
    bench.registry.add("a-value", N_AND_M)
    refreshing = asyncio.create_task(bench.refresh())
    await begun.wait()
    bench.schemas.bound_timestamps(lambda _: (1_000_000, None))
    go_on.set()
    await refreshing
    bench.schemas.bound_timestamps(lambda _: (1_000_000, None))
    assert bench.running() == 2
    assert bounds(bench) == (700, 7200)
