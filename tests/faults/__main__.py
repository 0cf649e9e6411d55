"""``python -m tests.faults [PART OF A NAME ...]``: the fault matrix, and the broken gateways that it must catch."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.compile.sentence import counted
from tests.faults.broken import BROKEN
from tests.faults.mix import mix
from tests.faults.opening import kafka_behind_proxy
from tests.faults.row import Outcome, Row, run_row
from tests.faults.rows import ROWS
from tests.faults.table import heading, line, write
from tests.parts import faketime, mosquitto
from tests.parts.cache import PROJECT, PartMissing
from tests.parts.kafka import KafkaBroker, jars

KEPT = PROJECT / ".cache" / "faults"
"""Folders of rows that failed."""
PARTS: tuple[Callable[[], object], ...] = (mosquitto.program, jars, faketime.library)
"""Each raises PartMissing if the part cannot be had."""


def main() -> int:
    """The exit code: 1 if a row failed, or a broken gateway passed; 2 if nothing can be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="PART", help="only rows and variants with one of these in their names"
    )
    parser.add_argument("--report", action="store_true", help="write the table into docs/guarantees.md")
    parser.add_argument("--mix-s", type=float, default=600, help="how long random faults go on; 0 for none")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of the random faults")
    arguments = parser.parse_args()
    if arguments.names and arguments.report:
        parser.error("the table is written of all rows only")
    names = [*(row.fault for row in ROWS), "random mix", *(broken.variant for broken in BROKEN)]
    if not any(_is_wanted(name, arguments.names) for name in names):
        parser.error(f"nothing has {' or '.join(arguments.names)} in its name; there are {', '.join(names)}")
    if missing := _missing_parts():
        print("the fault matrix needs all its parts:", *missing, sep="\n  ", file=sys.stderr)
        return 2
    shutil.rmtree(KEPT, ignore_errors=True)
    rows = [*ROWS, *([mix(arguments.seed, arguments.mix_s)] if arguments.mix_s else [])]
    with tempfile.TemporaryDirectory(prefix="gateway-faults-") as folder:
        (kafka_folder := Path(folder, "kafka")).mkdir()
        with kafka_behind_proxy(kafka_folder) as kafka:
            outcomes = _run_rows(rows, arguments.names, Path(folder), kafka)
            missed = _try_broken(arguments.names, Path(folder), kafka)
    failed = sum(bool(outcome.failures) for outcome in outcomes)
    if failed or missed:
        print(f"FAILED: {counted(failed, 'row')}; not caught: {counted(missed, 'broken gateway')}", file=sys.stderr)
        return 1
    if arguments.report:
        write(outcomes)
    return 0


def _missing_parts() -> list[str]:
    """What cannot be had here, and how to get it: asked before the first row, not half an hour later."""
    missing = []
    for ask in PARTS:
        try:
            ask()
        except PartMissing as part:
            missing.append(f"{part.reason}. To get it: {part.remedy}")
    return missing


def _is_wanted(name: str, parts: list[str]) -> bool:
    return not parts or any(part in name for part in parts)


def _run_rows(rows: Sequence[Row], parts: list[str], folder: Path, kafka: KafkaBroker) -> list[Outcome]:
    """What each row has shown; a line is printed as it comes, and what was not as promised below it."""
    outcomes: list[Outcome] = []
    print(heading(), flush=True)
    wanted = [row for row in rows if _is_wanted(row.fault, parts)]
    for row, version in [(each, version) for each in wanted for version in each.versions]:
        place = folder / f"row-{len(outcomes)}"
        outcomes.append(asyncio.run(run_row(row, version, place, kafka)))
        print(line(outcomes[-1]), flush=True)
        for failure in outcomes[-1].failures:
            print(f"FAILED {row.fault}, MQTT {version}: {failure}", file=sys.stderr, flush=True)
        if outcomes[-1].failures:
            shutil.copytree(place, KEPT / place.name)
            print(f"its logs are in {KEPT / place.name}", file=sys.stderr, flush=True)
    return outcomes


def _try_broken(parts: list[str], folder: Path, kafka: KafkaBroker) -> int:
    """How many broken gateways were not caught."""
    missed = 0
    for broken in [each for each in BROKEN if _is_wanted(each.variant, parts)]:
        outcome = asyncio.run(run_row(broken.row, "5", folder / broken.variant, kafka, broken.variant))
        if broken.is_caught_by(outcome.failures):
            print(f"broken: {broken.variant}, caught by {broken.fault!r}", flush=True)
        else:
            missed += 1
            told = outcome.failures or "it passes"
            print(f"MISSED {broken.variant} by {broken.fault!r}: {told}", file=sys.stderr, flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
