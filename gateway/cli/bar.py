"""How far a long run is, at a terminal; nothing elsewhere."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from gateway.cli.console import open_console

FROM = 100
"""Payloads before a bar is worth while: a run of a few is over before anybody reads it."""


class Bar:
    """Counts payloads and bytes below what is printed, and is gone at the end."""

    def __init__(self, console: Console | None, total_bytes: int | None) -> None:
        """``console``: what shows it, the one that everything else on that terminal goes through; None for no bar."""
        self._console = console
        self._total = total_bytes
        self._progress: Progress | None = None
        self._done = 0
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    @property
    def is_shown(self) -> bool:
        """Whether it is on the screen."""
        return self._progress is not None

    def counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The same lines, counting their bytes."""
        for each in lines:
            self._done += len(each)
            yield each

    def advance(self, rejected: int) -> None:
        """One more payload was tried; ``rejected`` of all were."""
        self._count += 1
        if self._console is None or self._count < FROM:
            return
        if self._progress is None:
            self._progress = _start(self._console, self._total)
        text = f"{self._count} payloads, {rejected} rejected"
        self._progress.update(self._progress.task_ids[0], completed=self._done, description=text)


def bar_console(console: Console, *, is_for_people: bool) -> Console | None:
    """What shows a bar: the console of the answers, unless they go elsewhere or are for programs."""
    if console.is_terminal:
        return console if is_for_people else None
    errors = open_console(stderr=True)
    return errors if errors.is_terminal else None


def input_bytes(files: Sequence[Path]) -> int | None:
    """How much there is to read, None where nobody knows."""
    try:
        if files:
            return sum(file.stat().st_size for file in files)
        status = os.fstat(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _start(console: Console, total: int | None) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, refresh_per_second=5)
    progress.add_task("", total=total)
    progress.start()
    return progress
