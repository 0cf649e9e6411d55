"""The few laws that the models share."""

from __future__ import annotations

from math import cos, exp, pi, sqrt
from random import Random

DAY_MS = 86_400_000


def approach(value: float, target: float, elapsed_s: float, time_constant_s: float) -> float:
    """Where a first-order lag is after ``elapsed_s``: 63 % nearer to ``target`` after each time constant."""
    return target + (value - target) * exp(-elapsed_s / time_constant_s)


def daily(now_ms: int, mean: float, swing: float, peak_hour: float) -> float:
    """A quantity that swings once a day around ``mean`` and is highest at ``peak_hour`` UTC."""
    return mean + swing * cos(2 * pi * (now_ms / DAY_MS - peak_hour / 24))


def bounded(value: float, low: float, high: float) -> float:
    """The value, or the bound that it crossed."""
    return min(max(value, low), high)


class Drift:
    """A quantity that wanders around a mean and always returns (an Ornstein-Uhlenbeck process)."""

    def __init__(self, dice: Random, mean: float, spread: float, time_constant_s: float) -> None:
        self._dice = dice
        self._mean = mean
        self._spread = spread
        self._time_constant_s = time_constant_s
        self.value = dice.gauss(mean, spread)

    def step(self, elapsed_s: float) -> float:
        """The value ``elapsed_s`` later; in the long run its standard deviation is ``spread``."""
        memory = exp(-elapsed_s / self._time_constant_s)
        noise = self._spread * sqrt(1 - memory * memory)
        self.value = self._mean + (self.value - self._mean) * memory + self._dice.gauss(0, noise)
        return self.value


def happens(dice: Random, every_s: float, elapsed_s: float) -> bool:
    """Whether something that happens every ``every_s`` on average did within ``elapsed_s``."""
    return dice.random() < 1 - exp(-elapsed_s / every_s)
