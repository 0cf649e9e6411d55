"""The memory that a configuration needs at most: what each setting adds."""

from __future__ import annotations

import pytest

from gateway.config.settings import Limits, Mqtt, Settings
from gateway.plan.memory import memory_ceiling
from tests.unit.compile.compiled import record_schema, route_of, version_of

MEGABYTE = 1_000_000


def settings(*, receive_maximum: int = 1000, window_bytes: int = 16 * MEGABYTE, payload_bytes: int = MEGABYTE):
    limits = Limits(window_bytes=window_bytes, payload_bytes=payload_bytes)
    return Settings(mqtt=Mqtt(receive_maximum=receive_maximum), limits=limits)


def test_the_defaults_need_two_fifths_of_a_gigabyte() -> None:
    """Which is what the page says to give a container without contracts to speak of."""
    memory = memory_ceiling(Settings(), [])
    assert memory.total == memory.process + memory.schemas + memory.topics + memory.window + memory.payload
    assert 380 * MEGABYTE < memory.total < 420 * MEGABYTE


@pytest.mark.parametrize("larger", [{"receive_maximum": 2000}, {"window_bytes": 32 * MEGABYTE}])
def test_a_wider_window_needs_more_for_what_waits(larger: dict[str, int]) -> None:
    """And for nothing else."""
    before, after = memory_ceiling(settings(), []), memory_ceiling(settings(**larger), [])
    assert after.window > before.window
    assert (after.process, after.schemas, after.payload) == (before.process, before.schemas, before.payload)


def test_a_larger_payload_needs_more_while_it_is_worked_on() -> None:
    """And a little more of the window, which it may exceed by one."""
    before, after = memory_ceiling(settings(), []), memory_ceiling(settings(payload_bytes=2 * MEGABYTE), [])
    assert after.payload == 2 * before.payload
    assert 0 < after.window - before.window <= 2 * MEGABYTE


def test_every_schema_needs_its_share() -> None:
    """By the places that it unfolds to."""
    small = route_of(version_of(record_schema(("a", "int"))))
    large = route_of(version_of(record_schema(*[(f"a{n}", "int") for n in range(100)])))
    shares = [memory_ceiling(settings(), routes).schemas for routes in ([], [small], [small, large])]
    assert shares[0] == 0
    assert shares[2] - shares[1] > 40 * shares[1]
