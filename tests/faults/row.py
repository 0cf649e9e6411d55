"""A row of the fault matrix: what breaks, what is promised for it, and what a run of it has shown."""

from __future__ import annotations

import asyncio
import math
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.arena import PER_S, Arena
from tests.faults.checker import Verdict
from tests.faults.opening import load, open_arena
from tests.faults.signs import NOTHING, Signs
from tests.parts.gateway import GatewayProcess
from tests.parts.kafka import KafkaBroker
from tests.parts.mqtt_proxy import answered

BOTH = ("5", "3.1.1")
"""Versions of MQTT for what concerns the broker and the way to it."""
LEAST_MESSAGES = 1000
PATIENCE_S = 30
"""How long a run that has failed already may go on, to tell by how much."""


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, and what is promised for it beside that nothing is lost, altered, misplaced or out of order."""

    fault: str
    act: Callable[[Arena], Awaitable[None]]
    """Breaks something under load, waits until it was really broken, mends it and says so (``arena.heal``)."""
    repeats: bool
    """Whether messages that were unacknowledged when a connection ended may come twice; else none may."""
    back_in_s: float
    signs: Signs = NOTHING
    """What tells the operator."""
    some_duplicates: bool = False
    """Whether there must be some: else the fault hit nothing that was underway."""
    versions: tuple[str, ...] = ("5",)
    mqtt: Mapping[str, Any] = field(default_factory=dict)
    """For gateway.yaml's ``mqtt`` section."""
    prepare: Callable[[Arena, GatewayProcess], None] | None = None
    """Changes how the gateway is started."""
    per_s: int = PER_S
    """Messages a second of the whole fleet."""
    is_ordered: bool = True
    upstream_loss: bool = False
    """Whether the MQTT broker must have lost messages. What the gateway had acknowledged was not its to lose."""
    fast: bool = False
    """Whether it is part of ``make test``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of a row has shown."""

    row: Row
    version: str
    verdict: Verdict
    most_duplicates: int
    back_s: float
    failures: tuple[str, ...]
    """What was not as promised, or proves nothing."""


async def run_row(row: Row, version: str, folder: Path, kafka: KafkaBroker, variant: str = "") -> Outcome:
    """One run, perhaps of a variant of the gateway (variants)."""
    async with open_arena(folder, kafka, version, variant) as arena:
        try:
            return await _run(row, arena)
        except Exception as exc:  # noqa: BLE001 - the fault did not come about, or never ended; other rows go on
            frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if "faults" in frame.filename]
            place = f"{frames[-1].name}, line {frames[-1].lineno}"
            failures = (*_wrong_answers(arena), f"not to its end, {exc!r} in {place}")
            return Outcome(row, version, Verdict(0, 0), 0, math.inf, failures)


async def _run(row: Row, arena: Arena) -> Outcome:
    gateway = arena.make_gateway(**row.mqtt)
    if row.prepare is not None:
        await asyncio.to_thread(row.prepare, arena, gateway)
    async with load(arena, row.per_s):
        await arena.watch.look()
        arena.watch.begin(row.signs)
        await row.act(arena)
        back_s = await arena.recovered_s(row.back_in_s + PATIENCE_S)
        while len(arena.ledger.confirmed) - arena.forgiven < LEAST_MESSAGES:
            await arena.flowing(100)
        await arena.quiet(2 * PATIENCE_S)
        await arena.watch.look()
        verdict = await arena.verdict()
        most = arena.most_duplicates() if row.repeats else 0
        failures = (*_wrong_answers(arena), *_failures(row, arena, verdict, most, back_s))
        return Outcome(row, arena.version, verdict, most, back_s, failures)


def _wrong_answers(arena: Arena) -> Iterator[str]:
    wrong = answered(arena.mqtt_proxy.events).wrong
    if wrong:
        yield f"{len(wrong)} acknowledgements that answer nothing, or not the oldest message: {wrong[:3]}"


def _failures(row: Row, arena: Arena, verdict: Verdict, most: int, back_s: float) -> Iterator[str]:
    """What a run has shown that was not promised, or that it has not shown."""
    for name, found in verdict.complaints.items():
        if row.is_ordered or not name.startswith("disordered"):
            yield f"{name}: {found}"
    swapped = row.is_ordered and arena.version != "5" and verdict.swapped
    checks = (
        (verdict.messages >= LEAST_MESSAGES, f"only {verdict.messages} messages, which prove nothing"),
        (verdict.duplicates <= most, f"{verdict.duplicates} duplicates, at most {most} are promised"),
        (verdict.duplicates or not row.some_duplicates, "no duplicates: the fault hit nothing that was underway"),
        (verdict.forgiven or not row.upstream_loss, "the MQTT broker lost nothing: the fault did not come about"),
        (back_s <= row.back_in_s, f"back after {back_s:.1f} s, {row.back_in_s:g} s are promised"),
        (not swapped, f"{swapped} messages arrived out of order: the broker is known for that with QoS 2 only"),
    )
    yield from (failure for holds, failure in checks if not holds)
    yield from (f"the operator is not told: {sign}" for sign in arena.watch.missing(row.signs))
