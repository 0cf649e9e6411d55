"""A fast selection of the fault matrix, on a real mosquitto and a real Kafka; ``make faults`` runs all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.row import Row, run_row
from tests.faults.rows import ROWS
from tests.parts.kafka import KafkaBroker

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]


@pytest.mark.parametrize(
    ("row", "version"),
    [
        pytest.param(row, version, id=f"{row.fault}, MQTT {version}")
        for row in ROWS
        if row.fast
        for version in row.versions
    ],
)
async def test_row(row: Row, version: str, tmp_path: Path, proxied_kafka: KafkaBroker) -> None:
    """Nothing lost, altered, misplaced or out of order; duplicates within the bound; back in time; told to people."""
    outcome = await run_row(row, version, tmp_path, proxied_kafka)
    assert outcome.failures == ()
