"""``python -m tests.mutation [MODULE...]``: the vectors against small mistakes in the rules of conversion."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.mutation.report import Report, score
from tests.mutation.run import MODULES, Sample, draw, run
from tests.mutation.survivors import read_survivors
from tests.unit.compile.vectors import read_cases


def main() -> int:
    """The exit code: 1 where a mutant survives that survivors.yaml does not explain, or one is explained in vain."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument(
        "modules",
        nargs="*",
        choices=[[], *MODULES],
        metavar="MODULE",
        help="all if none is named",
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--most-s", type=float, default=3600, help="after so many seconds no more mutants are tried")
    parser.add_argument("--sample", type=int, help="try at most so many mutants of each module")
    parser.add_argument("--draw", type=int, help="try only so many mutants, of all the modules together")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    arguments = parser.parse_args()
    explained = read_survivors(Path(__file__).with_name("survivors.yaml"))
    reports: list[Report] = []
    modules, cases, jobs, seed = arguments.modules or MODULES, read_cases(), arguments.jobs, arguments.seed
    if arguments.draw is None:
        found = run(modules, cases, jobs=jobs, most_s=arguments.most_s, sample=Sample(arguments.sample, seed))
    else:
        found = draw(modules, cases, count=arguments.draw, seed=seed, jobs=jobs)
    for trials in found:
        reports.append(Report.of(trials, explained))
        print(reports[-1], flush=True)
    print(score(reports))
    return 0 if all(report.is_fine for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
