"""CPU time of one call, the best of several rounds.

The best round is the one that other processes of the machine disturbed least; it is a property of
the code, where the average would be one of the afternoon. What the loop and the call of a function
that does nothing cost is taken off.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

ROUNDS = 9


def cost_us(function: Callable[[Any], object], inputs: Sequence[Any], *, rounds: int = ROUNDS) -> float:
    """CPU microseconds of one call."""
    return _best_us(function, inputs, rounds) - _best_us(_nothing, inputs, rounds)


def _nothing(_: Any) -> None:
    pass


def _best_us(function: Callable[[Any], object], inputs: Sequence[Any], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        began = time.thread_time()
        for each in inputs:
            function(each)
        best = min(best, time.thread_time() - began)
    return best / len(inputs) * 1e6
