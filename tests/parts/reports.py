"""A ``DeliveryReports`` that remembers, and tickets to send with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.ports import SinkFailure


class SystemClock:
    """The machine's own time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()


class RecordedReports:
    """What a sink reported. Tickets carry a running number as their packet ID."""

    def __init__(self) -> None:
        self._window = AckWindow(1_000_000, 1 << 40)
        self._changed = asyncio.Event()
        self.confirmed: list[int] = []
        """Numbers of the tickets in the order of their confirmation."""
        self.failures: list[SinkFailure] = []

    def ticket(self, number: int) -> Ticket:
        """A ticket of this number."""
        return self._window.open(number, 1, 0, 0)

    def delivered(self, tickets: Sequence[Ticket]) -> None:
        """The port's method."""
        self.confirmed += [ticket.packet_id for ticket in tickets]
        self._changed.set()

    def failed(self, failure: SinkFailure) -> None:
        """The port's method."""
        self.failures.append(failure)
        self._changed.set()

    async def wait_confirmed(self, count: int, timeout_s: float = 30) -> list[int]:
        """The numbers confirmed, as soon as there are ``count`` of them. Fails on a failure."""
        async with asyncio.timeout(timeout_s):
            while len(self.confirmed) < count:
                assert not self.failures, self.failures
                self._changed.clear()
                await self._changed.wait()
        return self.confirmed

    async def wait_failure(self, timeout_s: float = 30) -> SinkFailure:
        """The first failure, as soon as there is one."""
        async with asyncio.timeout(timeout_s):
            while not self.failures:
                self._changed.clear()
                await self._changed.wait()
        return self.failures[0]
