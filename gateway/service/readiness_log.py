"""Tells the log what /readyz says: a line when messages have stopped to flow, and one when they flow again."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from gateway.pipeline.overview import Reason
from gateway.pipeline.ports import Clock

LOOK_S = 1.0
"""From one look to the next."""

_log = structlog.get_logger(__name__)


class ReadinessLog:
    """Logs changes of readiness. What has gone by the next look is not told: whatever caused it has its own event."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.monotonic()
        """Of the first look that was not ready."""
        self._seen = ""
        """The codes at the last look; empty while ready."""
        self._told: str | None = None
        """The codes of the last line, empty for "ready"; None before there was any."""

    def look(self, reasons: Sequence[Reason]) -> None:
        """Takes note of why messages do not flow now; ``reasons`` is empty if they do."""
        now = self._clock.monotonic()
        codes = ", ".join(dict.fromkeys(reason.code for reason in reasons))
        if codes and not self._seen:
            self._since = now
        if not codes and self._told != "":
            _log.info("ready", after_s=round(now - self._since, 1))
            self._told = ""
        elif codes and codes == self._seen and codes != self._told:
            _log.warning("not_ready", reasons=codes, detail="; ".join(reason.detail for reason in reasons))
            self._told = codes
        self._seen = codes
