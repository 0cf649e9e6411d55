"""What the service asks of Kafka: topics, and a sink that can be reset."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.errors import SinkError
from gateway.kafka.health import SinkHealth
from gateway.kafka.topics import KafkaTopic
from gateway.model import Record
from gateway.pipeline.acks import Ticket
from gateway.pipeline.ports import DeliveryReports, SinkFailure
from tests.fakes.sink import FakeSink


@dataclass
class FakeTopics:
    """Obeys ``service.topics.Inspector``: every topic exists but those that are missing."""

    missing: set[str] = field(default_factory=set)
    described: dict[str, KafkaTopic] = field(default_factory=dict)
    """What is known of a topic beyond that it exists."""
    down: str = ""
    """Why Kafka does not answer; empty if it does."""
    gate: asyncio.Event | None = None
    """Every answer waits for it while set."""
    looks: int = 0
    """Questions answered or refused."""

    async def inspect(self, names: Iterable[str]) -> dict[str, KafkaTopic]:
        """Each topic as it is when the answer leaves. Raises SinkError."""
        wanted = list(names)
        if self.gate is not None:
            await self.gate.wait()
        self.looks += 1
        if self.down:
            raise SinkError(self.down)
        return {name: self.described.get(name, KafkaTopic(name, exists=name not in self.missing)) for name in wanted}


HEALTHY = SinkHealth(True, 1, 1, "", 0, 0, 0.0)


class FakeKafka(FakeSink):
    """A sink as ``KafkaSink`` behaves: after a failure it drops everything, without a word, until it is reset."""

    def __init__(self, reports: DeliveryReports) -> None:
        super().__init__()
        self.reports = reports
        self.state = HEALTHY
        self.generations = 1
        self.sizes: dict[str, int] = {}
        """What it was told of the topics' limits."""
        self._broken = False
        self._confirmed = 0

    def send(self, record: Record, ticket: Ticket) -> None:
        """Takes the record, or drops it."""
        if not self._broken:
            super().send(record, ticket)

    def confirm_all(self) -> None:
        """Kafka confirms everything that it has and has not confirmed."""
        tickets = self.tickets[self._confirmed :]
        self._confirmed = len(self.sent)
        self.reports.delivered(tickets)

    def fail(self, failure: SinkFailure) -> None:
        """A delivery fails: told once, and what is unconfirmed is forgotten."""
        self._broken = True
        self._confirmed = len(self.sent)
        self.reports.failed(failure)

    def reset(self) -> None:
        """Obeys ``RecoverableSink.reset``."""
        self.generations += 1
        self._broken = False
        self._confirmed = len(self.sent)

    def limit(self, topics: Mapping[str, int]) -> None:
        """Obeys ``RecoverableSink.limit``."""
        self.sizes = dict(topics)

    def health(self) -> SinkHealth:
        """Obeys ``RecoverableSink.health``."""
        return self.state
