"""How a report on contracts ends, and how its grades look: the same for ``check`` and ``schemas check``."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.text import Text

from gateway.cli.console import line
from gateway.compile.sentence import counted
from gateway.plan.findings import Grade
from gateway.service.inspection.folders import FolderReport
from gateway.service.inspection.report import Report

STYLES: Final = {
    Grade.FINE: "green",
    Grade.NOTICE: "cyan",
    Grade.UNKNOWN: "yellow",
    Grade.UNREACHABLE: "bold magenta",
    Grade.PROBLEM: "bold red",
    Grade.INVALID: "bold red",
}
"""In the order in which they are shown: what matters most stands last, next to the prompt."""
_PLURALS: Final = {Grade.NOTICE: "notices", Grade.PROBLEM: "problems"}
"""Of the grades that are nouns."""


def conclusion(report: Report | FolderReport) -> Text:
    """How much was looked at, and how many findings of each grade there are."""
    counts: Counter[Grade] = Counter(finding.grade for finding in report.findings if finding.grade is not Grade.FINE)
    found = [counted(counts[grade], grade, _PLURALS.get(grade, grade)) for grade in STYLES if counts[grade]]
    looked_at = (
        counted(report.contracts, "contract"),
        counted(report.shared_types, "shared type"),
        f"{counted(report.examples, 'example')} played: ",
    )
    return line((", ".join(looked_at), ""), (", ".join(found) or "all fine", STYLES[report.grade]))
