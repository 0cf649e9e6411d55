"""Fixtures of the whole-gateway tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.parts.kafka import KafkaBroker
from tests.system.gateway.stage import Stage, set_stage


@pytest.fixture
async def stage(tmp_path: Path, kafka: KafkaBroker) -> AsyncIterator[Stage]:
    """A stage on the shared Kafka."""
    async with set_stage(tmp_path, kafka) as made:
        yield made
