"""``python -m tests.faults.variants NAME[,NAME] run ...``: the gateway as these variants change it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gateway.cli import main
from tests.faults.variants import broken, harmed


def apply(names: Sequence[str]) -> None:
    """Changes the gateway; a name may have a number behind it: ``dies_encoding:20``."""
    for each in names:
        name, _, number = each.partition(":")
        change = getattr(harmed, name, None) or getattr(broken, name)
        change(*([int(number)] if number else []))


if __name__ == "__main__":
    apply(sys.argv.pop(1).split(","))
    main()
