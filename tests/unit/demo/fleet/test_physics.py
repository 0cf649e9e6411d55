"""The laws that the models share."""

from random import Random
from statistics import fmean, pstdev

import pytest

from gateway.demo.fleet.physics import DAY_MS, Drift, approach, bounded, daily, happens


def test_approach_gets_nearer_by_the_same_share_each_time_constant() -> None:
    """63 % after one time constant, all of it after many, nothing in no time."""
    assert approach(20, 80, 0, 600) == pytest.approx(20)
    assert approach(20, 80, 600, 600) == pytest.approx(80 - 60 / 2.718281828)
    assert approach(20, 80, 60_000, 600) == pytest.approx(80)


def test_approach_does_not_depend_on_the_number_of_steps() -> None:
    """A device that measures often and one that measures rarely see the same world."""
    value = 20.0
    for _ in range(60):
        value = approach(value, 80, 10, 600)
    assert value == pytest.approx(approach(20, 80, 600, 600))


def test_daily_is_highest_at_its_hour_and_lowest_half_a_day_later() -> None:
    """One swing a day."""
    noon = DAY_MS // 2
    assert daily(noon, 16, 5, peak_hour=12) == pytest.approx(21)
    assert daily(0, 16, 5, peak_hour=12) == pytest.approx(11)
    assert daily(noon + 3 * DAY_MS, 16, 5, peak_hour=12) == pytest.approx(21)


def test_bounded_keeps_what_is_inside() -> None:
    """Only what is outside moves, to the bound."""
    assert [bounded(value, 0, 10) for value in (-1, 0, 5, 10, 11)] == [0, 0, 5, 10, 10]


@pytest.mark.parametrize("step_s", [1, 60, 6000])
def test_drift_keeps_its_mean_and_spread_whatever_the_step(step_s: int) -> None:
    """Mean and standard deviation hold in the long run."""
    drift = Drift(Random(2), 50, 4, time_constant_s=60)
    values = [drift.step(step_s) for _ in range(60_000)]
    assert fmean(values) == pytest.approx(50, abs=1)
    assert pstdev(values) == pytest.approx(4, rel=0.1)


def test_drift_does_not_jump() -> None:
    """Within a tiny part of its time constant it hardly moves."""
    drift = Drift(Random(2), 50, 4, time_constant_s=3600)
    before = drift.value
    assert drift.step(0.1) == pytest.approx(before, abs=0.2)


@pytest.mark.parametrize("step_s", [1, 30])
def test_things_happen_as_often_as_they_should(step_s: int) -> None:
    """Once every 600 s on average, whether it is looked at every second or rarely."""
    dice = Random(4)
    seen = sum(happens(dice, 600, step_s) for _ in range(1_200_000 // step_s))
    assert seen == pytest.approx(2000, rel=0.1)
