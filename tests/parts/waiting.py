"""Waiting for conditions that no event announces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic


async def eventually(condition: Callable[[], object], timeout_s: float = 10, what: str = "") -> None:
    """Returns as soon as ``condition()`` is true, looking every 5 ms while the event loop runs on.

    Fails the test after ``timeout_s``, naming ``what`` was waited for. Where there is an event,
    await that instead.
    """
    deadline = monotonic() + timeout_s
    while not condition():
        assert monotonic() < deadline, f"still not so after {timeout_s} s: {what or condition}"
        await asyncio.sleep(0.005)
