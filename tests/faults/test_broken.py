"""Broken gateways are caught by the fault matrix; ``make faults`` tries more of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.broken import BROKEN, Broken
from tests.faults.row import run_row
from tests.parts.kafka import KafkaBroker

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]


@pytest.mark.parametrize("broken", [pytest.param(each, id=each.variant) for each in BROKEN if each.fast])
async def test_a_broken_gateway_is_caught(broken: Broken, tmp_path: Path, proxied_kafka: KafkaBroker) -> None:
    """By the row that is there for it, and for what it does."""
    outcome = await run_row(broken.row, "5", tmp_path, proxied_kafka, broken.variant)
    assert broken.is_caught_by(outcome.failures), outcome.failures
