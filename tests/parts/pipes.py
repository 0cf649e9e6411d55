"""A pipe of the operating system whose reader can stall."""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple


class Pipe(NamedTuple):
    """The descriptors of both ends."""

    read: int
    write: int

    def stall(self) -> int:
        """Fills it, so that the next write blocks; returns how many bytes it holds."""
        os.set_blocking(self.write, False)
        held = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                held += os.write(self.write, b"-" * 512)
        os.set_blocking(self.write, True)
        return held

    def read_all(self) -> bytes:
        """What there is until everybody has closed the writing end, which it does here."""
        os.close(self.write)
        with os.fdopen(self.read, "rb") as file:
            return file.read()


def pipe() -> Pipe:
    """A new one."""
    return Pipe(*os.pipe())
