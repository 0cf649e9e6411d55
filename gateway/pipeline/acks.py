"""The unacknowledged messages of one MQTT connection, in order of arrival.

Rules
- One window per connection. When the connection ends its window is dropped with it: packet IDs
  are reused by the next connection, so a late delivery report must never reach it.
- Acknowledgements leave in order of arrival [MQTT-4.6.0-2]. One stuck record holds the rest; the
  age of the oldest ticket shows it.
- Messages at QoS 0 take a place too, though nothing is ever acknowledged for them: they use
  memory until Kafka confirms, and memory is what the limits bound.

Pure: no I/O, no clock, no knowledge of Kafka.
"""

from __future__ import annotations

from collections import deque

import msgspec


class Ticket(msgspec.Struct, eq=False, gc=False):
    """A message's place in the window, waiting for the records made from it.

    A Struct, because one is made per message: a third of a slotted class's price.
    """

    packet_id: int
    qos: int
    size: int
    """Payload bytes held."""
    opened_at: float
    """Arrival, seconds on the caller's monotonic clock."""
    pending: int = 1
    """Records still to be confirmed. Raise it before handing over a second record."""

    def settle(self) -> None:
        """Counts one of the ticket's records as confirmed by Kafka."""
        self.pending -= 1


class AckWindow:
    """The tickets of one connection. ``open`` on arrival, ``take`` what may be acknowledged."""

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._tickets: deque[Ticket] = deque()
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self.bytes = 0
        """Payload bytes of all open tickets."""

    def open(self, packet_id: int, qos: int, size: int, now: float) -> Ticket:
        """A ticket for the message that just arrived, behind all earlier ones."""
        ticket = Ticket(packet_id, qos, size, now)
        self._tickets.append(ticket)
        self.bytes += size
        return ticket

    def take(self) -> list[Ticket]:
        """Removes and returns the leading settled tickets, in order of arrival; empty if the first still waits."""
        tickets = self._tickets
        taken: list[Ticket] = []
        while tickets and tickets[0].pending <= 0:
            ticket = tickets.popleft()
            self.bytes -= ticket.size
            taken.append(ticket)
        return taken

    @property
    def full(self) -> bool:
        """Whether the source must stop reading: no further message may be opened now."""
        return len(self._tickets) >= self._max_messages or self.bytes >= self._max_bytes

    @property
    def oldest(self) -> Ticket | None:
        """The ticket that all later ones wait for."""
        return self._tickets[0] if self._tickets else None

    def __len__(self) -> int:
        return len(self._tickets)

    def __repr__(self) -> str:
        return f"<AckWindow {len(self)}/{self._max_messages} messages, {self.bytes}/{self._max_bytes} bytes>"
