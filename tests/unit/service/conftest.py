"""What most tests of the connection and of the schemas begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.service.house import House, contract
from tests.unit.service.schema_bench import Bench, declare


@pytest.fixture
def house(tmp_path: Path) -> House:
    """One contract on a/+, running; nothing connected yet."""
    return House(tmp_path, contract("a/{device}"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """One contract, of which ``{"n": 1}`` must be accepted."""
    return Bench(tmp_path, declare("a", b'{"n":1}'))
