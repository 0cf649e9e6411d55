"""What is on show: one item for long enough to be read, the most interesting of what came meanwhile next."""

from __future__ import annotations

from enum import IntEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Interest(IntEnum):
    """How much somebody who looks at the screen gains from an item."""

    PLAIN = 0
    TELLING = 1
    """Something was coerced or rejected."""
    OWN = 2
    """Somebody in a second terminal sent it, and is looking for it: it comes at once and stays longer."""


HOLD_S = {Interest.PLAIN: 5.0, Interest.TELLING: 5.0, Interest.OWN: 20.0}
"""How long an item stays, if there is a next one."""


class Spotlight(Generic[T]):
    """Takes every item, shows few."""

    def __init__(self) -> None:
        self._shown: T | None = None
        self._until = 0.0
        self._next: tuple[Interest, T] | None = None

    def offer(self, item: T, interest: Interest) -> None:
        """An item that could be shown next: it is, unless a more interesting one waits or comes."""
        if self._next is None or interest >= self._next[0]:
            self._next = (interest, item)

    def on_show(self, now: float) -> T | None:
        """What is shown at ``now``, seconds on a clock that never jumps; None before the first item."""
        if self._next is not None and (self._shown is None or now >= self._until or self._next[0] is Interest.OWN):
            interest, self._shown = self._next
            self._until, self._next = now + HOLD_S[interest], None
        return self._shown
