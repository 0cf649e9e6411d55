"""The outcomes as the table of docs/guarantees.md: written by the run itself, never by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.row import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"
BEGIN, END = "<!-- begin: written by make faults -->", "<!-- end: written by make faults -->"


def heading() -> str:
    """The first two lines of the table."""
    names = (
        *("fault", "MQTT", "messages", "lost", "twice (at most)", "order", "back in (at most)"),
        *("`/readyz`", "log", "metric"),
    )
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


def line(outcome: Outcome) -> str:
    """One row."""
    row, verdict = outcome.row, outcome.verdict
    cells = (
        row.fault,
        outcome.version,
        str(verdict.messages),
        "the broker's" if row.upstream_loss and not verdict.lost else str(len(verdict.lost)),
        f"{verdict.duplicates} ({outcome.most_duplicates})",
        _order(outcome),
        f"{outcome.back_s:.1f} s ({row.back_in_s:g} s)",
        *(f"`{sign}`" if sign else "" for sign in (row.signs.readiness, row.signs.log, row.signs.metric)),
    )
    return f"| {' | '.join(cells)} |"


def _order(outcome: Outcome) -> str:
    if not outcome.row.is_ordered:
        return "not promised"
    return "kept" + (f"; the broker had swapped {outcome.verdict.swapped}" if outcome.verdict.swapped else "")


def write(outcomes: Sequence[Outcome]) -> None:
    """Replaces the table between its marks in docs/guarantees.md."""
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    today = datetime.now(UTC).date().isoformat()
    table = "\n".join([heading(), *map(line, outcomes)])
    PAGE.write_text(f"{before}{BEGIN}\n\nRun on {today}.\n\n{table}\n\n{END}{after}")
