"""Lines that repeat: the first is written, the rest is counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from structlog import DropEvent
from structlog.typing import EventDict, WrappedLogger

MOST_LINES = 1000
"""Different lines remembered; beyond them the oldest is forgotten and written again."""

LIBRARY_MESSAGE = "library_message"
"""The event of every line that a library writes, which says in its field ``message`` what it is about."""

_WORSE = frozenset({"error", "critical"})
_NUMBERS = re.compile(r"\d+")
_VARYING = frozenset({"timestamp", "detail", "exception"})
"""Fields that say the same in ever new words."""
_WORDS = frozenset({"reason", "message"})
"""Fields whose words tell, but not the numbers in them: durations, ports, counts."""


@dataclass(slots=True)
class _Heard:
    at: float
    """Seconds, monotonic: when it was last written."""
    suppressed: int = 0


class Repeats:
    """A structlog processor for warnings, and for what libraries call an error, which may be none for us.

    An error of our own is always written; what is milder than a warning repeats by intent.
    """

    def __init__(self, interval_s: float, monotonic: Callable[[], float]) -> None:
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._heard: dict[Hashable, _Heard] = {}

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """The event, with ``suppressed`` where some were left out before it. Raises DropEvent for a repetition."""
        level = event.get("level")
        if level != "warning" and not (level in _WORSE and event.get("event") == LIBRARY_MESSAGE):
            return event
        key, now = _identity(event), self._monotonic()
        heard = self._heard.pop(key, None)
        if heard is not None and now - heard.at < self._interval_s:
            heard.suppressed += 1
            self._heard[key] = heard
            raise DropEvent
        if heard is not None and heard.suppressed:
            event["suppressed"] = heard.suppressed
        while len(self._heard) >= MOST_LINES:
            del self._heard[next(iter(self._heard))]
        self._heard[key] = _Heard(now)
        return event


def _identity(event: EventDict) -> Hashable:
    """The event's name and the fields that say what it is about."""
    return tuple(
        sorted(
            (key, _NUMBERS.sub("0", value) if key in _WORDS else value)
            for key, value in event.items()
            if isinstance(value, str) and key not in _VARYING
        )
    )
