"""The crash sweep as rows of the matrix."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from tests.faults.arena import Arena
from tests.faults.row import Row
from tests.faults.signs import RESTARTED
from tests.faults.sweep import kills, sweep


def killed_at(numbers: Sequence[int]) -> Callable[[Arena], Awaitable[None]]:
    """Killed at each of these messages, at each of its stages."""

    async def act(arena: Arena) -> None:
        wrong = await sweep(arena, kills(numbers))
        assert not wrong, f"acknowledged, and not in Kafka: {wrong[:5]}"

    return act


_FEW = (1, 120)
_MANY = (*range(1, 12), 20, 50, 99, 100, 101, 250, 499, 500, 501, 502, 700, 1000)

ROWS = (
    Row(f"crash sweep, {4 * len(_FEW)} kills", killed_at(_FEW), True, 10, RESTARTED, fast=True),
    Row(f"crash sweep, {4 * len(_MANY)} kills", killed_at(_MANY), True, 10, RESTARTED, per_s=200),
)
