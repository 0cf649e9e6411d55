"""The service's parts put together as ``gateway.app`` does, over a broker, a Kafka and a registry in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from gateway.compile.route import compile_route
from gateway.config.contract import Contract
from gateway.config.settings import Mqtt, Settings
from gateway.kafka.health import SinkHealth
from gateway.model import Format, SchemaVersion
from gateway.pipeline.deadletter import DeadLetters
from gateway.pipeline.engine import Engine
from gateway.pipeline.ports import SinkFailure
from gateway.pipeline.routes import RouteTable
from gateway.pipeline.stats import Stats
from gateway.service.connection import Connection
from gateway.service.holds import Holds
from gateway.service.memory import HeldFilters, LastVersions
from gateway.service.schemas import Schemas, Slot
from gateway.service.topics import Topics
from tests.fakes.broker import FakeBroker
from tests.fakes.kafka import FakeKafka, FakeTopics
from tests.fakes.registry import FakeRegistry
from tests.fakes.virtual_time import LoopClock
from tests.unit.compile.compiled import contract_of

URL = "mqtt://broker:1883"
DENIED = SinkFailure("not_authorized", "no permission to write to 'a'; grant WRITE", "a")
"""A delivery that Kafka refuses."""


def gaps(times: list[float]) -> list[float]:
    """Seconds between one and the next."""
    return [round(later - earlier, 3) for earlier, later in pairwise(times)]


def contract(mqtt: str, *, name: str = "", qos: int = 1, **declared: Any) -> Contract:
    """A contract named after its filter's first level, to the Kafka topic of that name; the device is in the topic."""
    plain = name or mqtt.partition("/")[0]
    made = contract_of(name=plain, topic=declared.pop("topic", plain), mqtt=mqtt, key="k", **declared)
    return replace(made, qos=qos)


def anything(contract: Contract, subject: str) -> SchemaVersion:
    """A schema that takes everything."""
    return SchemaVersion(subject, 1, 7, Format.JSON, "true")


class Kafka(FakeKafka):
    """Says how many records it has not confirmed, beside those that the test pretends."""

    def health(self) -> SinkHealth:
        """Obeys ``RecoverableSink.health``."""
        unconfirmed = len(self.sent) - self._confirmed
        return replace(self.state, outstanding=self.state.outstanding + unconfirmed)


class House:
    """A gateway whose contracts all run, unless they are left out; its parts are attributes."""

    def __init__(
        self,
        state: Path,
        *contracts: Contract,
        inactive: Sequence[str] = (),
        held: dict[str, int] | None = None,
        refresh_s: float = 60,
        **mqtt: Any,
    ) -> None:
        """``inactive``: names of contracts without a schema. ``held``: what an earlier run remembered, if any did."""
        self.state = state
        self.clock = LoopClock()
        self.settings = Settings(mqtt=Mqtt(url=URL, **mqtt))
        self.broker = FakeBroker()
        if held is not None:
            known = HeldFilters(state, self.settings.mqtt.client_id, URL)
            known.forget()
            known.grant(held)
            known.settle(held)
            self.broker.session = dict(held)
        self.held = HeldFilters(state, self.settings.mqtt.client_id, URL)
        self.stats = Stats()
        self.engine = Engine(
            RouteTable([]),
            DeadLetters("gateway.dlq", "full", "1.2.3"),
            self.stats,
            self.clock,
            max_messages=1000,
            max_bytes=1_000_000,
        )
        self.registry = FakeRegistry()
        self.schemas = Schemas(contracts, self.registry, LastVersions(state), self.clock, depth=64)
        self.schemas.on_change = self.publish_routes
        self.kafka = Kafka(self.engine)
        self.engine.sink = self.kafka
        self.topics = FakeTopics()
        self.holds = Holds(self.settings, self.schemas, Topics(self.topics), self.kafka, self.held, self.stats)
        self.connection = Connection(
            self.settings,
            self.broker,
            self.engine,
            self.schemas,
            self.holds,
            self.held,
            self.clock,
            jitter=lambda: 1.0,
        )
        for slot in self.schemas.slots:
            slot.unanswered = False
            if slot.contract.name not in inactive:
                self.activate(slot)
        self.publish_routes()
        self.running: asyncio.Task[None] | None = None

    def publish_routes(self) -> None:
        """As ``Gateway._publish_routes``."""
        self.engine.routes = self.schemas.table()
        self.connection.resubscribe()

    @staticmethod
    def activate(slot: Slot) -> None:
        """Gives the slot a schema that takes everything."""
        version = anything(slot.contract, slot.variant.subject)
        slot.start(compile_route(slot.contract, slot.variant, version, depth=64))

    def slot(self, name: str) -> Slot:
        """The slot of the contract of that name."""
        [slot] = [each for each in self.schemas.slots if each.contract.name == name]
        return slot

    @property
    def codes(self) -> list[str]:
        """Why messages do not flow now, as readiness would say."""
        return [reason.code for reason in (*self.holds.reasons(), *self.connection.reasons())]

    @contextmanager
    def run(self) -> Iterator[asyncio.Task[None]]:
        """The connection runs for as long as the block; if it ended by itself, with an exception, that is raised."""
        running = asyncio.get_running_loop().create_task(self.connection.run())
        self.running = running
        try:
            yield running
        finally:
            if not running.cancel() and not running.cancelled():
                with suppress(asyncio.CancelledError):
                    running.result()
