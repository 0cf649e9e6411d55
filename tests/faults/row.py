"""A row of the fault matrix: what breaks, what is promised for it, and what a run of it has shown."""

from __future__ import annotations

import math
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.arena import PER_S, WINDOW, Arena, load, open_arena
from tests.faults.checker import Verdict
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
    windows: int
    """How many windows of unacknowledged messages may come twice for each incident."""
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
    """Whether the MQTT broker must have lost messages; all that it had not lost counts as ever."""
    fast: bool = False
    """Whether it is part of ``make test``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of a row has shown."""

    row: Row
    version: str
    messages: int
    lost: int
    duplicates: int
    most_duplicates: int
    swapped: int
    """Records whose messages the MQTT broker itself had sent out of order."""
    back_s: float
    failures: tuple[str, ...]
    """What was not as promised, or proves nothing."""


async def run_row(row: Row, version: str, folder: Path, kafka: KafkaBroker, variant: str = "") -> Outcome:
    """One run, perhaps of a variant of the gateway (variant.py)."""
    back_s, verdict, unfinished = math.inf, Verdict(0, 0), ""
    async with open_arena(folder, kafka, version, variant) as arena:
        gateway = arena.make_gateway(**row.mqtt)
        if row.prepare is not None:
            row.prepare(arena, gateway)
        try:
            async with load(arena, row.per_s):
                await arena.watch.look()
                arena.watch.require_silence(row.signs)
                await row.act(arena)
                back_s = await arena.recovered_s(row.back_in_s + PATIENCE_S)
                while len(arena.ledger.confirmed) - arena.forgiven < LEAST_MESSAGES:
                    await arena.flowing(100)
                await arena.quiet(2 * PATIENCE_S)
                await arena.watch.look()
                verdict = await arena.verdict()
        except (AssertionError, TimeoutError) as exc:  # the fault did not come about, or it never ended
            frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if "faults" in frame.filename]
            unfinished = f"not to its end, {exc!r} in {frames[-1].name}, line {frames[-1].lineno}"
    most = row.windows * arena.incidents * WINDOW
    failures = tuple(_failures(row, arena, verdict, most, back_s, unfinished))
    found = (verdict.messages, len(verdict.lost), verdict.duplicates, most, verdict.swapped)
    return Outcome(row, version, *found, back_s, failures)


def _failures(row: Row, arena: Arena, verdict: Verdict, most: int, back_s: float, unfinished: str) -> Iterator[str]:
    """What a run has shown that was not promised, or that it has not shown."""
    wrong = answered(arena.mqtt_proxy.events).wrong
    if wrong:
        yield f"{len(wrong)} acknowledgements that answer nothing, or not the oldest message: {wrong[:3]}"
    if unfinished:
        yield unfinished
        return
    for name, found in verdict.complaints.items():
        if row.is_ordered or not name.startswith("disordered"):
            yield f"{name}: {found}"
    checks = (
        (verdict.messages >= LEAST_MESSAGES, f"only {verdict.messages} messages, which prove nothing"),
        (verdict.duplicates <= most, f"{verdict.duplicates} duplicates, at most {most} are promised"),
        (verdict.duplicates or not row.some_duplicates, "no duplicates: the fault hit nothing that was underway"),
        (verdict.forgiven or not row.upstream_loss, "the MQTT broker lost nothing: the fault did not come about"),
        (back_s <= row.back_in_s, f"back after {back_s:.1f} s, {row.back_in_s:g} s are promised"),
    )
    yield from (failure for holds, failure in checks if not holds)
    yield from (f"the operator is not told: {sign}" for sign in arena.watch.missing(row.signs))
