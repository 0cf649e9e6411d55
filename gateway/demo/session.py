"""The demo from its first part to its last: broker, Kafka and registry in this process, the gateway, the fleet.

The gateway is the one that ``gateway run`` runs, started from a gateway.yaml; all that is asked of it is whether it
has subscribed. What is shown and counted is read from Kafka.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gateway.app import Gateway
from gateway.config.load import Project, load_project
from gateway.demo.analyst import Analyst, Decoder
from gateway.demo.fleet.fleet import simulate
from gateway.demo.fleet.publication import Publication
from gateway.demo.mock_kafka import MockKafka
from gateway.demo.mqtt_broker import Arrival, embedded_broker
from gateway.demo.origins import Origins
from gateway.demo.spotlight import Interest, Spotlight
from gateway.demo.tally import Balance, Tally, balance, coercions
from gateway.demo.tasks import background, outcome, running
from gateway.demo.transmission import Transmission
from gateway.demo.workspace import Addresses, Workspace
from gateway.errors import GatewayError
from gateway.kafka.reader import StoredRecord
from gateway.model import Format
from gateway.pipeline.deadletter import DeadLetter, read_dead_letter
from gateway.registry.development.http import registry_app
from gateway.registry.development.serve import serving
from gateway.registry.development.starters import fill
from gateway.registry.development.store import Store
from gateway.service.dead_letters import dead_letter_topics

PARTITIONS = 3
"""Of a main topic, so that there is something to see."""
DEAD_LETTER_PARTITIONS = 1
FLEET = "demo"
"""Begins the client IDs of the fleet: everybody else at the broker is a visitor."""

LOOK_S = 0.05
"""Between two looks at what Kafka has: the client announces nothing."""
START_S = 30.0
"""How long the gateway may take until it has subscribed."""
SETTLE_S = 5.0
"""How long the end waits until everything published is in Kafka; it takes milliseconds unless something is wrong."""


class Phase(Enum):
    """What the demo is doing."""

    RUNNING = "running"
    SETTLING = "waiting for the last messages"


@dataclass(frozen=True, slots=True)
class Fleet:
    """How much the fleet publishes."""

    devices: int
    rate: float
    """Messages per second of the whole fleet."""
    seed: int
    seconds: float | None = None
    """None: until it is stopped."""


@dataclass(frozen=True, slots=True)
class TypedSample:
    """A record of a main topic, decoded."""

    record: StoredRecord
    payload: bytes | None
    """What it was made from; None where it is not one of the fleet's."""
    format: Format
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LetterSample:
    """A dead letter."""

    record: StoredRecord
    letter: DeadLetter


Show = Callable[["Session"], Coroutine[Any, Any, None]]
"""Shows a session until it is cancelled."""

_Typed = tuple[StoredRecord, bytes | None]


class Session:
    """One run of the demo; who shows it reads its attributes at any time between start and end."""

    def __init__(self, workspace: Workspace, fleet: Fleet) -> None:
        self.workspace = workspace
        self.fleet = fleet
        self.phase = Phase.RUNNING
        self.typed: TypedSample | None = None
        """On show now."""
        self.letter: LetterSample | None = None
        """On show now."""
        self.addresses: Addresses
        self.status_url: str
        self.tally: Tally
        self.transmission: Transmission
        self._project: Project
        self._decoder: Decoder
        self.by_others = 0
        """Publications of other clients on topics that some contract claims."""
        self._origins = Origins()
        self._typed_spotlight: Spotlight[_Typed] = Spotlight()
        self._letter_spotlight: Spotlight[LetterSample] = Spotlight()

    @property
    def published(self) -> int:
        """Publications of the fleet that the broker confirmed."""
        return self.transmission.counts.total()

    async def run(self, stop: asyncio.Event, show: Show) -> Balance:
        """Runs until ``stop`` is set or the fleet's time is over; ``show`` runs meanwhile, and is cancelled at the end.

        Returns what was published and what is in Kafka. Raises GatewayError for whatever ends the demo early.
        """
        async with AsyncExitStack() as stack:
            kafka = stack.enter_context(MockKafka())
            await self._prepare(stack, kafka)
            gateway = Gateway(self._project)
            working = await stack.enter_async_context(running(gateway))
            if not await _subscribed(gateway, working, stop):
                return Balance(0, 0, 0, 0)
            self.status_url = gateway.admin.url
            self._decoder = await stack.enter_async_context(Decoder(self.addresses.registry))
            analyst = await stack.enter_async_context(Analyst(kafka.bootstrap, self._topics()))
            following = await stack.enter_async_context(background(self._follow(analyst)))
            publishing = await stack.enter_async_context(background(self.transmission.run(stop)))
            showing = await stack.enter_async_context(background(show(self)))
            await outcome(publishing, working, following, showing)
            self.phase = Phase.SETTLING
            settling = await stack.enter_async_context(background(self._settle(analyst)))
            return await outcome(settling, working, following, showing)

    async def _prepare(self, stack: AsyncExitStack, kafka: MockKafka) -> None:
        """Starts what the gateway needs, and writes its files."""
        store = Store()
        self.workspace.copy_contracts()
        fill(store, [self.workspace.contracts])
        registry_url = await stack.enter_async_context(serving(registry_app(store)))
        mqtt_url = await stack.enter_async_context(embedded_broker(self._hear))
        self.addresses = Addresses(mqtt_url, kafka.bootstrap, registry_url)
        now_ms = time.time_ns() // 1_000_000
        self.workspace.write(self.addresses, now_ms)
        self._project = load_project(self.workspace.config)
        for topic, partitions in self._topics().items():
            kafka.create_topic(topic, partitions)
        self.tally = Tally(self._project.contracts, self._project.settings.dead_letters.unrouted)
        fleet = self.fleet
        publications = self._noted(simulate(fleet.seed, fleet.devices, now_ms, rate=fleet.rate))
        mqtt = self._project.settings.mqtt.model_copy(update={"client_id": FLEET})
        self.transmission = Transmission(mqtt, publications, seconds=fleet.seconds)

    def _topics(self) -> dict[str, int]:
        """Every Kafka topic that the gateway writes to, and its partitions."""
        main = {variant.topic: PARTITIONS for contract in self._project.contracts for variant in contract.variants()}
        return main | dict.fromkeys(dead_letter_topics(self._project), DEAD_LETTER_PARTITIONS)

    def _noted(self, publications: Iterator[Publication]) -> Iterator[Publication]:
        for publication in publications:
            self._origins.publishes(publication.device, publication.topic, publication.payload)
            yield publication

    def _hear(self, arrival: Arrival) -> None:
        """Notes what others than the fleet publish; the fleet counts its own when the broker has confirmed them."""
        if arrival.client_id.startswith(f"{FLEET}-"):
            return
        captures = [contract.filter.match(arrival.topic) for contract in self._project.contracts]
        claimed = [each for each in captures if each is not None]
        self.by_others += bool(claimed)
        device = next((each["device"] for each in claimed if "device" in each), None)
        if device is not None and not self._origins.is_of_fleet(device):
            self._origins.visits(device, arrival.topic, arrival.payload)

    async def _follow(self, analyst: Analyst) -> None:
        """Counts what comes into Kafka, and chooses what is on show, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            for record in analyst.take():
                self._read(record)
            self.letter = self._letter_spotlight.on_show(loop.time())
            chosen = self._typed_spotlight.on_show(loop.time())
            if chosen is not None and (self.typed is None or self.typed.record is not chosen[0]):
                self.typed = await self._decoded(*chosen)
            await asyncio.sleep(LOOK_S)

    def _read(self, record: StoredRecord) -> None:
        """Counts a record or dead letter, and offers it for show."""
        if self.tally.takes(record.topic) is None:
            letter = read_dead_letter(record.value, record.key, record.headers)
            self.tally.count_rejected(letter)
            topic = letter.headers.get("gw-mqtt-topic", "")
            own = not self._origins.is_fleet_topic(topic)
            self._letter_spotlight.offer(LetterSample(record, letter), Interest.OWN if own else Interest.TELLING)
            paired = self._origins.rejected(topic, letter.payload)
        else:
            self.tally.count_accepted(record)
            device = (record.key or b"").decode("utf-8", "replace")
            paired = self._origins.accepted(device, record)
            if not self._origins.tells(device):
                self._offer(record, None)
        for origin in paired:
            self._offer(*origin)

    def _offer(self, record: StoredRecord, payload: bytes | None) -> None:
        device = (record.key or b"").decode("utf-8", "replace")
        if not self._origins.is_of_fleet(device):
            interest = Interest.OWN
        else:
            interest = Interest.TELLING if coercions(record) else Interest.PLAIN
        self._typed_spotlight.offer((record, payload), interest)

    async def _decoded(self, record: StoredRecord, payload: bytes | None) -> TypedSample:
        row = self.tally.takes(record.topic)
        kind = Format.AVRO if row is None or row.format is None else row.format
        return TypedSample(record, payload, kind, await self._decoder.decode(record, kind))

    async def _settle(self, analyst: Analyst) -> Balance:
        """The balance as soon as it agrees and everything is counted, or after ``SETTLE_S``."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLE_S
        while True:
            now = balance(self.published, self.by_others, await analyst.ends(), self.tally.main_topics)
            read = now.accepted == self.tally.accepted and now.rejected == self.tally.rejected
            if (now.agrees and read) or loop.time() > deadline:
                return now
            await asyncio.sleep(LOOK_S)


async def _subscribed(gateway: Gateway, working: asyncio.Task[None], stop: asyncio.Event) -> bool:
    """Whether every contract is subscribed, as soon as that is so; False if ``stop`` is set before.

    Raises GatewayError if that does not happen in time, or what ``working`` raised.
    """
    deadline = time.monotonic() + START_S
    while not stop.is_set():
        overview = gateway.overview()
        if overview.contracts and all(contract.subscribed for contract in overview.contracts):
            return True
        if working.done():
            working.result()
        if time.monotonic() > deadline:
            why = "; ".join(reason.detail for reason in (*overview.not_ready, *overview.degraded))
            raise GatewayError(f"the gateway has not subscribed within {START_S:.0f} s: {why}")
        await asyncio.sleep(LOOK_S)
    return False
