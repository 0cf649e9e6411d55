"""A Kafka that confirms when the test says so, and takes records up to a size."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.errors import RecordTooLarge
from gateway.model import Record
from gateway.pipeline.acks import Ticket


def record_bytes(record: Record) -> int:
    """Key, value and headers: what a topic's limit is compared with here."""
    headers = sum(len(name) + len(data) for name, data in record.headers or ())
    return len(record.key or b"") + len(record.value) + headers


@dataclass
class FakeSink:
    """Obeys the ``Sink`` port; reports nothing by itself."""

    limits: dict[str, int] = field(default_factory=dict)
    """Topic -> the most bytes of a record; topics that are not named take everything."""
    sent: list[tuple[Record, Ticket]] = field(default_factory=list)
    """Everything taken, in order."""
    refused: list[Record] = field(default_factory=list)
    """Everything that was too large, in order."""

    def send(self, record: Record, ticket: Ticket) -> None:
        """Takes the record. Raises RecordTooLarge."""
        size, limit = record_bytes(record), self.limits.get(record.topic)
        if limit is not None and size > limit:
            self.refused.append(record)
            raise RecordTooLarge(record.topic, size, limit)
        self.sent.append((record, ticket))

    @property
    def records(self) -> list[Record]:
        """All records taken, in order."""
        return [record for record, _ in self.sent]

    @property
    def tickets(self) -> list[Ticket]:
        """Their tickets."""
        return [ticket for _, ticket in self.sent]
