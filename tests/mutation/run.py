"""All mutants of some modules, several at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from random import Random
from time import monotonic

from tests.mutation.mutations import Mutant
from tests.mutation.trial import Fate, Module, read_modules, start
from tests.unit.compile.vectors import Case

MODULES = (
    *("rules", "tokens", "texts", "numbers", "leaf", "datetimes", "timestamp"),
    *("avro/scalars", "avro/numeric", "avro/temporal", "avro/exact"),
    *("avro/union", "avro/fields", "avro/record", "avro/inner", "avro/containers", "coercions", "device", "lookup"),
    *("json_schema/conversion", "json_schema/integers", "json_schema/properties", "json_schema/renames"),
    *("json_schema/defaults", "json_text", "json_fault", "avro/defaults", "json_proof"),
    *("json_schema/repairs", "json_schema/mending", "json_schema/direct"),
)
"""Those that hold the rules of conversion, below ``gateway/compile``; the survivors of all are explained."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Which mutants of a module are tried."""

    most: int | None
    """At most so many; None for all."""
    seed: int

    def of(self, mutants: int) -> list[int]:
        """The places of those that are chosen, in order; the same for the same seed."""
        if self.most is None or mutants <= self.most:
            return list(range(mutants))
        return sorted(Random(self.seed).sample(range(mutants), self.most))


@dataclass(frozen=True, slots=True)
class Trials:
    """What became of a module's mutants."""

    module: Module
    fates: Sequence[tuple[Mutant, Fate]]
    """In the order of the source; fewer than the module's mutants where only a sample was tried, or the time was up."""
    took_s: float


def run(names: Iterable[str], cases: Sequence[Case], *, jobs: int, most_s: float, sample: Sample) -> Iterator[Trials]:
    """Tries the mutants of one module after the other, ``jobs`` at a time, for at most ``most_s`` seconds.

    Of each module those of the ``sample``.
    """
    until = monotonic() + most_s
    for module in read_modules(names, cases):
        yield _trials(module, cases, jobs, until, sample.of(len(module.mutants)))


def draw(names: Iterable[str], cases: Sequence[Case], *, count: int, seed: int, jobs: int) -> Iterator[Trials]:
    """Tries ``count`` mutants of all the modules together, the same ones for the same seed.

    Each against all vectors: to find out which reach it would take longer.
    """
    modules = read_modules(names, cases, observed=False)
    every = [(m, n) for m, module in enumerate(modules) for n in range(len(module.mutants))]
    drawn = sorted(Random(seed).sample(every, count))
    for m, module in enumerate(modules):
        numbers = [n for owner, n in drawn if owner == m]
        if numbers:
            yield _trials(module, cases, jobs, inf, numbers)


def _trials(module: Module, cases: Sequence[Case], jobs: int, until: float, numbers: Sequence[int]) -> Trials:
    began = monotonic()
    fates = _fates(module, cases, jobs, until, numbers)
    tried = [(mutant, fates[n]) for n, mutant in enumerate(module.mutants) if n in fates]
    return Trials(module, tried, monotonic() - began)


def _fates(module: Module, cases: Sequence[Case], jobs: int, until: float, numbers: Sequence[int]) -> dict[int, Fate]:
    """By the mutant's place in the list."""
    fates: dict[int, Fate] = {}
    running: dict[int, int] = {}
    waiting = list(numbers)
    while (waiting and monotonic() < until) or running:
        while waiting and len(running) < jobs and monotonic() < until:
            number = waiting.pop(0)
            running[start(number, module, cases)] = number
        if running:
            process, status = os.waitpid(-1, 0)
            fates[running.pop(process)] = Fate.SURVIVED if status == 0 else Fate.CAUGHT
    return fates
