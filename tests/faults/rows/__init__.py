"""Every row of the fault matrix, by what breaks."""

from __future__ import annotations

from tests.faults.row import Row
from tests.faults.rows import broker, gateway, kafka, machine, payloads, registry, sweeps

ROWS: tuple[Row, ...] = (
    *gateway.ROWS,
    *sweeps.ROWS,
    *kafka.ROWS,
    *broker.ROWS,
    *registry.ROWS,
    *payloads.ROWS,
    *machine.ROWS,
)
