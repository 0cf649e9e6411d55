"""Time that passes at once: a test of back-offs and time-outs takes milliseconds, and is exact to the second.

Whenever nothing can happen now, the loop's clock jumps to the next timer. So what is due "now" has happened
before any time passes, and ``pass_s(0)`` returns when everything that could happen without time has.

If nothing can ever happen again (no timer, nothing ready), the test fails at once instead of hanging, and so
it does after LONGEST_S. No threads and no sockets in such tests: nobody would wait for them.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

START_S = 1000.0
LONGEST_S = 6 * 3600.0
"""Virtual time that a test may take: what has not happened by then never will."""
_SOON_S = 1e-6
"""Longer than the loop's resolution, shorter than any timer."""


class _Clockwork(selectors.SelectSelector):
    """Moves the clock instead of waiting."""

    now_s = START_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; if nothing is, the time-out is over at once."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "stuck: nothing is ready, and no timer is set"
            self.now_s += timeout
            assert self.now_s < START_S + LONGEST_S, "stuck: only timers go off, again and again"
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while nothing else can happen."""

    def __init__(self) -> None:
        self._clockwork = _Clockwork()
        super().__init__(self._clockwork)

    def time(self) -> float:
        """Seconds; begins at START_S."""
        return self._clockwork.now_s


class LoopClock:
    """The ``Clock`` port on the running loop's time; stands at its beginning before the loop runs."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return 1_700_000_000_000 + int(self.monotonic() * 1000)

    def monotonic(self) -> float:
        """Seconds."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return START_S


async def pass_s(seconds: float) -> None:
    """Lets so much time go by; with 0, returns when nothing more happens without time."""
    await asyncio.sleep(seconds or _SOON_S)


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test, run on a loop of its own whose time is virtual."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
