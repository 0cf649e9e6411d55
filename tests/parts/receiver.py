"""A ``Receiver`` that keeps what it gets and settles when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.model import Message, Violation
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.ports import Link


class Received:
    """Every message and refusal of a link, in order; nothing is settled before ``settle``."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refused: list[tuple[Message, Violation]] = []
        self.tickets: list[Ticket] = []
        self.repetitions = 0
        """Messages that the link dropped because it had delivered them."""
        self.link: Link | None = None
        self.on_receive: Callable[[], None] = lambda: None
        self._windows: list[AckWindow] = []
        """Of each ticket."""
        self._changed = asyncio.Event()

    def receive(self, window: AckWindow, message: Message) -> None:
        """Keeps the message and opens its ticket."""
        self.messages.append(message)
        self._open(window, message)

    def refuse(self, window: AckWindow, message: Message, violation: Violation) -> None:
        """Keeps the refusal and opens its ticket."""
        self.refused.append((message, violation))
        self._open(window, message)

    def repeated(self, window: AckWindow) -> None:
        """Counts it."""
        self.repetitions += 1

    @property
    def payloads(self) -> list[bytes]:
        """Payloads of the messages, in order of arrival."""
        return [message.payload for message in self.messages]

    async def wait(self, count: int, timeout_s: float = 10) -> None:
        """Returns when ``count`` messages and refusals have come in all."""
        async with asyncio.timeout(timeout_s):
            while len(self.tickets) < count:
                self._changed.clear()
                await self._changed.wait()

    def settle(self, *indices: int) -> None:
        """Settles the tickets at these places (all open ones if none is named) and acknowledges what may be."""
        assert self.link is not None
        chosen = indices or [n for n, ticket in enumerate(self.tickets) if ticket.pending]
        for index in chosen:
            self.tickets[index].settle()
        for window in dict.fromkeys(self._windows[index] for index in chosen):
            self.link.acknowledge(window.take())

    def _open(self, window: AckWindow, message: Message) -> None:
        self._windows.append(window)
        self.tickets.append(window.open(message.packet_id, message.qos, len(message.payload), message.received_at))
        self.on_receive()
        self._changed.set()
