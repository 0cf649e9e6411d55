"""Connections to the admin endpoint that end: whoever holds one open must not use up the gateway's file descriptors.

uvicorn waits for ever for the rest of a request, and for a client that does not read its answer.
"""

from __future__ import annotations

import asyncio
from operator import attrgetter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

LIFETIME_S = 10.0
"""How long a connection takes requests; every request is answered at once, and a client can connect again."""
LAST_ANSWER_S = 20.0
"""How long the last answer may take after that, over a slow line."""
MOST_CONNECTIONS = 100
"""At the same time; the next one ends the oldest, so that a probe is answered whatever others do."""


class ShortConnection(H11Protocol):
    """uvicorn's connection, with an end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.since = self.loop.time()
        """When it came, on the loop's clock."""
        self._ends: list[asyncio.TimerHandle] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Its time begins."""
        if len(self.connections) >= MOST_CONNECTIONS:
            oldest = min(
                (each for each in self.connections if isinstance(each, ShortConnection)), key=attrgetter("since")
            )
            oldest.transport.abort()
            self.connections.discard(oldest)  # at once: more may come before it hears that it is lost
        super().connection_made(transport)
        self._ends = [
            self.loop.call_later(LIFETIME_S, self._retire),
            self.loop.call_later(LIFETIME_S + LAST_ANSWER_S, transport.abort),
        ]

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to end."""
        for end in self._ends:
            end.cancel()
        super().connection_lost(exc)

    def _retire(self) -> None:
        """Ends it, with or after the answer that is under way."""
        if not self.transport.is_closing():
            self.shutdown()
