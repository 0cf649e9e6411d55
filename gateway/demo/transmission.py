"""The fleet's publications on their way to a broker: in real time, in order per device, never more than it takes.

Devices are dealt to a few connections, as they have their own in a real fleet; one device stays on one, so
its messages keep their order. A broker that is slow makes the fleet late, it never makes it drop anything.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from zlib import crc32

from gateway.config.settings import Mqtt
from gateway.demo.fleet.publication import Intent, Publication
from gateway.errors import LinkError
from gateway.mqtt.publisher import Publisher

CONNECTIONS = 4
"""Enough to be several, few enough for any broker's limits."""
MOST_UNCONFIRMED = 200
"""Publications without PUBACK, over all connections; above that the fleet waits."""

LINGER_S = 5.0
"""How long the end waits for the last confirmations."""

Counts = Counter[tuple[str, Intent]]
"""Confirmed publications by contract and by what the firmware had in mind."""


class Transmission:
    """Publishes until the publications end, the time is over, or it is stopped; ``counts`` holds at any time."""

    def __init__(self, settings: Mqtt, publications: Iterator[Publication], *, seconds: float | None = None) -> None:
        """``seconds``: how long to publish; None for ever."""
        self._settings = settings
        self._publications = publications
        self._seconds = seconds
        self._slots = asyncio.Semaphore(MOST_UNCONFIRMED)
        self._sending: set[asyncio.Task[None]] = set()
        self._failure = asyncio.Event()
        self._error: LinkError | None = None
        self.counts: Counts = Counter()
        self.elapsed_s = 0.0
        """How long it has been publishing."""
        self.late_s = 0.0
        """How far the last publication was behind its time."""

    async def run(self, stop: asyncio.Event) -> None:
        """Publishes until ``stop`` is set, and returns when what was sent is confirmed. Raises LinkError."""
        async with AsyncExitStack() as stack:
            publishers = [await stack.enter_async_context(self._publisher(n)) for n in range(CONNECTIONS)]
            feeding = asyncio.create_task(self._feed(publishers), name="fleet")
            ends = {asyncio.create_task(event.wait()) for event in (stop, self._failure)}
            try:
                await asyncio.wait({feeding, *ends}, return_when=asyncio.FIRST_COMPLETED)
                if feeding.done():
                    feeding.result()  # a fault of our own must be seen
                feeding.cancel()
                if self._sending and self._error is None:
                    await asyncio.wait(self._sending, timeout=LINGER_S)
            finally:
                leftover = {feeding, *ends, *self._sending}
                for task in leftover:
                    task.cancel()
                await asyncio.wait(leftover)
        if self._error is not None:
            raise self._error

    async def _feed(self, publishers: Sequence[Publisher]) -> None:
        """Starts a publication when it is due and there is room for it."""
        loop = asyncio.get_running_loop()
        started = due = loop.time()
        for publication in self._publications:
            if self._seconds is not None and due - started >= self._seconds:
                return
            await self._slots.acquire()
            now = loop.time()
            self.late_s, self.elapsed_s = max(0.0, now - due), now - started
            sending = asyncio.create_task(self._send(publishers[_connection_of(publication)], publication))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
            due += publication.delay_s
            if self._seconds is not None:
                due = min(due, started + self._seconds)
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _publisher(self, number: int) -> Publisher:
        return Publisher(self._settings, f"{self._settings.client_id}-fleet-{secrets.token_hex(4)}-{number}")

    async def _send(self, publisher: Publisher, publication: Publication) -> None:
        try:
            await publisher.publish(publication.topic, publication.payload, publication.qos)
        except LinkError as exc:
            self._error = self._error or exc
            self._failure.set()
        else:
            self.counts[publication.contract, publication.intended] += 1
        finally:
            self._slots.release()


def _connection_of(publication: Publication) -> int:
    return crc32(publication.device.encode()) % CONNECTIONS
