"""When the sink looks for news from librdkafka: often while news are due, rarely otherwise.

Nothing announces that librdkafka has something to tell, and a thread that waits for it would cost
more than it brings: per record, handing over between threads is dearer than the record itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_AFTER_NEWS_S = 0.001
"""News come in swarms: more is on its way."""
_GROWTH = 1.25
"""From one look without news to the next: news are found at most a quarter later than they came."""
_AT_LEAST_S = 0.020
"""Longest pause while news are due: latency that nobody notices, 50 looks a second."""
_HEARTBEAT_S = 1.0
"""Pause while nothing is due: statistics and errors still want to be heard."""


class Pulse:
    """One timer on the event loop, which calls ``look`` once for each time that it is set."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._timer: asyncio.TimerHandle | None = None
        self._pause_s = _AFTER_NEWS_S
        self.resting = False
        """Whether the next look is only a heartbeat away."""

    def soon(self) -> None:
        """Looks in the event loop's next turn: what comes up in this one is seen together."""
        self._set(0.0)

    def on(self, *, found: bool) -> None:
        """Looks after 1 ms if this look found something, else after a quarter more than last time, up to 20 ms."""
        self._set(_AFTER_NEWS_S if found else min(max(_GROWTH * self._pause_s, _AFTER_NEWS_S), _AT_LEAST_S))

    def rest(self) -> None:
        """Looks after a second."""
        self._set(_HEARTBEAT_S)
        self.resting = True

    def stop(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, seconds: float) -> None:
        self.stop()
        self.resting = False
        self._pause_s = seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)
