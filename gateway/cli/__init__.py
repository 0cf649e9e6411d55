"""The commands: parse, call, print, exit code."""

import sys


def main() -> None:
    """The console script."""
    sys.exit("not built yet")
