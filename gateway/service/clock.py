"""The system's clocks."""

from __future__ import annotations

import time


class SystemClock:
    """Implements the ``Clock`` port."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    monotonic = staticmethod(time.monotonic)
    """Seconds on a clock that never jumps; the C function itself, because the engine asks per message."""
