"""Tells the log what /readyz says: a line when messages have stopped to flow, and one when they flow again."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from gateway.pipeline.overview import Reason
from gateway.pipeline.ports import Clock

LOOK_S = 1.0
"""From one look to the next."""
_STEPS = frozenset({"starting"})
"""Each start has it, and takes as long as there are schemas to compile."""

_log = structlog.get_logger(__name__)


class ReadinessLog:
    """Logs changes of readiness. What another look does not confirm is not told: its cause has an event of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed_at = self._not_ready_at = clock.monotonic()
        self._seen: str | None = None
        """The codes at the last look; empty if it was ready."""
        self._told: str | None = None
        """The codes of the last line; empty for "ready"."""

    def look(self, reasons: Sequence[Reason]) -> None:
        """Takes note of why messages do not flow now; ``reasons`` is empty if they do."""
        codes = ", ".join(dict.fromkeys(reason.code for reason in reasons))
        if bool(codes) != bool(self._seen):
            self._changed_at = self._clock.monotonic()
        if codes == self._seen != self._told and codes not in _STEPS:
            self._tell(codes, reasons)
        self._seen = codes

    def _tell(self, codes: str, reasons: Sequence[Reason]) -> None:
        if codes:
            # An error, so that it is never left out as a repetition: what came before it may have been "ready".
            _log.error("not_ready", reasons=codes, detail="; ".join(reason.detail for reason in reasons))
            self._not_ready_at = self._changed_at
        else:
            _log.info("ready", after_s=round(self._changed_at - self._not_ready_at, 1))
        self._told = codes
