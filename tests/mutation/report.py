"""What a run found, for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.mutation.mutations import Mutant
from tests.mutation.run import Trials
from tests.mutation.survivors import Explained
from tests.mutation.trial import Fate


@dataclass(frozen=True, slots=True)
class Report:
    """A module's mutants, judged by what is explained."""

    module: str
    mutants: int
    tried: int
    caught: int
    explained: int
    """Survivors that survivors.yaml explains."""
    unexplained: Sequence[tuple[Mutant, Fate]]
    in_vain: Sequence[str]
    """Explained mutants that are caught, or do not exist any more."""
    took_s: float

    @classmethod
    def of(cls, trials: Trials, explained: Explained) -> Report:
        """The report of one module's trials."""
        reasons = explained.get(trials.module.name, {})
        left = [(mutant, fate) for mutant, fate in trials.fates if fate is not Fate.CAUGHT]
        surviving = {mutant.name for mutant, _ in left}
        untried = {mutant.name for mutant in trials.module.mutants} - {mutant.name for mutant, _ in trials.fates}
        return cls(
            trials.module.name,
            len(trials.module.mutants),
            len(trials.fates),
            len(trials.fates) - len(left),
            len(surviving & reasons.keys()),
            [(mutant, fate) for mutant, fate in left if mutant.name not in reasons],
            [name for name in reasons if name not in surviving | untried],
            trials.took_s,
        )

    @property
    def is_fine(self) -> bool:
        """Whether each survivor is explained, and each explanation needed."""
        return not self.unexplained and not self.in_vain

    def __str__(self) -> str:
        """The module on one line, then each survivor that is not explained and each explanation in vain."""
        untried = f", {self.mutants - self.tried} not tried" if self.tried < self.mutants else ""
        found = (
            f"{self.module}: {self.mutants} mutants, {self.caught} caught, {self.explained} explained, "
            f"{len(self.unexplained)} not explained{untried} ({self.took_s:.0f} s)"
        )
        survivors = [f"  line {mutant.line}, {fate.value}: {mutant.name}" for mutant, fate in self.unexplained]
        return "\n".join([found, *survivors, *(f"  explained in vain: {name}" for name in self.in_vain)])


def score(reports: Sequence[Report]) -> str:
    """How many of the mutants that can be told from the program are caught."""
    tried, caught = sum(report.tried for report in reports), sum(report.caught for report in reports)
    explained = sum(report.explained for report in reports)
    able = tried - explained
    percent = 100 * caught / able if able else 100.0
    return f"{tried} mutants: {caught} caught, {explained} explained as equivalent: {percent:.1f} % of the others"
