"""Everything around one gateway that can fail, and the gateway itself: what a row of the fault matrix acts on.

    loader -> mosquitto <- MQTT proxy <- gateway -> Kafka proxy -> Kafka <- checker
                                            |
                                         registry (inside the test's own process)

Kafka is one for all rows, which use topics of their own; mosquitto, registry and gateway are fresh for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gateway.config.load import load_contracts
from gateway.registry.development.folders import seeds_of
from gateway.registry.development.seeds import plant
from tests.faults.checker import Seen, Verdict, judge
from tests.faults.ledger import EXAMPLE, FILTERS, PAYLOAD_BEGIN, SCHEMAS, Destination, Ledger, Message
from tests.faults.loader import Loader
from tests.faults.signs import Signs, Watch
from tests.parts.fault_proxy import Direction, FaultProxy
from tests.parts.gateway import GatewayProcess
from tests.parts.kafka import Consumed, KafkaBroker
from tests.parts.mosquitto import Mosquitto
from tests.parts.mqtt_proxy import Event, MqttProxy, answered
from tests.parts.projects import ProjectFiles
from tests.parts.registry_faults import FaultyRegistry
from tests.parts.waiting import eventually

WINDOW = 500
"""The gateway's receive maximum: W in the bounds of duplicates."""
PER_S = 400
"""Messages a second of the whole fleet."""


class Arena:
    """One run: the parts, and what is known of them from outside."""

    mqtt_proxy: MqttProxy
    kafka_proxy: FaultProxy
    loader: Loader

    def __init__(
        self, folder: Path, kafka: KafkaBroker, registry: FaultyRegistry, version: str, variant: str = ""
    ) -> None:
        self.folder = folder
        self.kafka = kafka
        self.registry = registry
        self.version = version
        """Of MQTT: 5 or 3.1.1."""
        self.variant = variant
        """What is changed in all its gateways, see variants; empty for nothing."""
        self.ledger = Ledger()
        self.mosquitto = Mosquitto(folder / "mosquitto", verbose=False)
        self.topics = {destination: kafka.new_topic(partitions=3) for destination in Destination}
        self.project = ProjectFiles(folder / "project")
        self.gateways: list[GatewayProcess] = []
        """The first is the one that a row is about; a second instance may follow."""
        self.second_kafka: KafkaBroker | None = None
        """A further node, ended with the arena."""
        self.third_topic = ""
        """Of a contract that a row has declared beside the fleet's."""
        self.forgiven = 0
        """So many of the first publications were the MQTT broker's to lose."""
        self._unrouted = kafka.new_topic()
        self.watch = Watch(self.gateways)
        self._healed_at = 0.0
        self._held: dict[Destination, list[Consumed]] = {destination: [] for destination in Destination}
        """What was read from Kafka so far."""
        self._offsets: dict[Destination, dict[int, int]] = {destination: {} for destination in Destination}
        """Where reading goes on, by partition."""

    @property
    def gateway(self) -> GatewayProcess:
        """The gateway that the row is about."""
        return self.gateways[0]

    def make_gateway(self, **mqtt: Any) -> GatewayProcess:
        """A gateway for the arena's contracts, not yet started; ended with the arena."""
        folder = self.folder / f"gateway-{len(self.gateways)}"
        gateway = GatewayProcess(
            folder,
            contracts=str(self.project.contracts),
            mqtt={
                "url": self.mqtt_proxy.url,
                "client_id": "gateway",
                "version": self.version,
                "receive_maximum": WINDOW,
                "keepalive_s": 10,
                **mqtt,
            },
            kafka={"bootstrap.servers": f"127.0.0.1:{self.kafka_proxy.port}"},
            registry={"url": self.registry.url, "refresh_s": 1, "timeout": 1},
            dead_letters={"unrouted": self._unrouted},
            state=str(folder / "state"),
        )
        self.gateways.append(gateway)
        self.change(gateway)
        return gateway

    def change(self, gateway: GatewayProcess, *variants: str) -> None:
        """Makes the gateway's next start one with these variants, beside the arena's own."""
        names = [name for name in (*variants, self.variant) if name]
        gateway.module = ("tests.faults.variants", ",".join(names)) if names else ("gateway",)

    def declare(self) -> None:
        """Writes the two contracts and registers their schemas."""
        for destination, schema in SCHEMAS.items():
            self.project.declare(
                destination.name.lower(),
                schema,
                {"accepted": [{"mqtt": FILTERS[destination].format(device="device-00"), "payload": EXAMPLE}]},
                device="/deviceId",
                mqtt=FILTERS[destination],
                topic=self.topics[destination],
                dead_letters=self.topics[Destination.DEAD],
                qos=2 if destination is Destination.JSON and self.version == "5" else 1,
            )
        plant(self.registry.store, seeds_of(load_contracts(self.project.contracts)))
        for destination, schema in SCHEMAS.items():
            self.allow(destination, schema)

    def allow(self, destination: Destination, schema: dict[str, Any]) -> None:
        """Records may be written with the latest version of the topic's subject, which is this schema."""
        subject = f"{self.topics[destination]}-value"
        latest = self.registry.store.versions(subject)[-1]
        self.ledger.schemas[destination][latest.schema_id] = schema

    # What can be seen

    def acknowledged(self) -> int:
        """Messages for which the gateway has taken responsibility, over all connections."""
        return sum(self.mqtt_proxy.count(kind, Direction.TO_BROKER) for kind in ("PUBACK", "PUBREC"))

    def seen(self) -> Seen:
        """What the proxy saw of the fleet's messages."""
        by_payload = {message.payload: message for message in self.ledger.published}

        def messages_in(packets: Iterable[Event]) -> Iterator[tuple[int, Message]]:
            for packet in packets:
                if (message := by_payload.get(packet.raw[packet.raw.find(PAYLOAD_BEGIN) :])) is not None:
                    yield packet.connection, message

        acknowledged: dict[Message, int] = {}
        for connection, message in messages_in(answered(self.mqtt_proxy.events).messages):
            acknowledged.setdefault(message, connection)
        arrivals: dict[Message, int] = {}
        overlooked = 0
        for connection, message in messages_in(self.mqtt_proxy.packets("PUBLISH", Direction.TO_CLIENT)):
            arrivals.setdefault(message, len(arrivals))
            overlooked += acknowledged.get(message, connection) < connection
        return Seen(arrivals, acknowledged.keys(), overlooked)

    def most_duplicates(self) -> int:
        """How many messages may have come twice: what the broker took for unacknowledged on each connection that ended.

        The most that were unacknowledged at once, and what came again although it had been acknowledged: the broker
        had not read that. A window at most of the first: mosquitto before 2.0.13 sends more of a resumed session, but
        the gateway does not read it.
        """
        most = answered(self.mqtt_proxy.events).most_unanswered
        ended = most.keys() - self.mqtt_proxy.open_connections
        return sum(min(most[number], WINDOW) for number in ended) + self.seen().overlooked

    async def status(self, gateway: GatewayProcess | None = None) -> dict[str, Any]:
        """/status, empty while the gateway does not answer."""
        found: dict[str, Any] = await asyncio.to_thread((gateway or self.gateway).get, "/status", {})
        return found

    async def reasons(self) -> set[str]:
        """The codes for which the gateway is not ready now, and those for which it is degraded."""
        return self.watch.note(await asyncio.to_thread(self.gateway.get, "/readyz", {}))

    async def flowing(self, more: int, timeout_s: float = 60) -> None:
        """Returns when the gateway has acknowledged so many further messages."""
        wanted = self.acknowledged() + more
        await self.mqtt_proxy.wait_for(lambda _: self.acknowledged() >= wanted, timeout_s)

    async def shows(self, signs: Signs, timeout_s: float = 30) -> None:
        """Returns when an operator could have seen all of it. Raises AssertionError for what nobody could see."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while missing := list(self.watch.missing(signs)):
            assert asyncio.get_running_loop().time() < deadline, f"the operator is not told: {missing}"
            await self.watch.look()  # a request to the gateway: it paces itself

    async def sees_version(self, number: int, *, pending: bool = False) -> None:
        """Returns when a contract uses, or holds back, this version of its schema."""
        key = "pending_version" if pending else "version"
        async with asyncio.timeout(30):
            while not any(
                variant[key] == number
                for contract in (await self.status()).get("contracts", ())
                for variant in contract["variants"]
            ):
                pass  # paced as above

    async def logs(self, event: str, timeout_s: float = 30) -> None:
        """Returns when a gateway's log has the event."""
        await eventually(lambda: event in self.watch.events, timeout_s, f"{event} in the log")

    async def mid_batch(self) -> None:
        """Returns when a batch of many records is in Kafka, whose answer is held, and more messages wait behind it."""
        self.kafka_proxy.ways[Direction.TO_CLIENT].latency_s = 0.5
        await self.received(PER_S // 8)  # they gather while others wait for their answer, and go together after it
        sent = self.kafka_proxy.forwarded
        before = sent[Direction.TO_BROKER]
        await eventually(lambda: sent[Direction.TO_BROKER] > before + 4096, what="a batch of many records")
        self.kafka_proxy.hold(Direction.TO_CLIENT)
        await self.received(PER_S // 8)

    async def connected(self, number: int, timeout_s: float = 30) -> None:
        """Returns when so many MQTT connections have been made since the start."""
        await eventually(lambda: self.mqtt_proxy.connections >= number, timeout_s, f"{number} connections")

    async def received(self, more: int, timeout_s: float = 30) -> None:
        """Returns when the broker has sent the gateway so many further messages."""
        wanted = self.mqtt_proxy.count("PUBLISH", Direction.TO_CLIENT) + more
        await self.mqtt_proxy.wait_for(
            lambda _: self.mqtt_proxy.count("PUBLISH", Direction.TO_CLIENT) >= wanted, timeout_s
        )

    async def underway(self, count: int, timeout_s: float = 30) -> None:
        """Returns when so many messages wait for Kafka's confirmation."""
        async with asyncio.timeout(timeout_s):
            while (await self.status()).get("mqtt", {}).get("unacknowledged", 0) < count:
                pass  # paced as above

    async def ready(self, timeout_s: float = 90) -> None:
        """Returns when /readyz says ready."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not (readiness := await asyncio.to_thread(self.gateway.get, "/readyz", {})).get("ready"):
            assert self.gateway.process.running, self.gateway.process.tail()
            assert asyncio.get_running_loop().time() < deadline, f"not ready after {timeout_s} s: {readiness}"

    # What can be done

    def forgive(self) -> None:
        """What has been published so far was the MQTT broker's to lose."""
        self.forgiven = len(self.ledger.published)

    async def keep(self, destination: Destination) -> str:
        """Remembers what a topic holds, because it will be deleted; its name. Nothing may be written meanwhile."""
        await self.read(destination)
        self._offsets[destination] = {}
        return self.topics[destination]

    async def publish(self, topic: str, *payloads: bytes) -> None:
        """Publishes beside the fleet, and returns when the broker has all of them."""
        await asyncio.to_thread(self.mosquitto.publish, topic, *payloads)

    def heal(self) -> None:
        """Notes that the fault is over: recovery is measured from here."""
        self._healed_at = asyncio.get_running_loop().time()

    async def recovered_s(self, timeout_s: float) -> float:
        """Seconds from the end of the fault until messages were acknowledged again, and all was ready."""
        await self.flowing(PER_S // 4, timeout_s)
        await self.ready(timeout_s)
        return asyncio.get_running_loop().time() - self._healed_at

    async def quiet(self, timeout_s: float) -> None:
        """Ends the load; returns when the gateway has acknowledged everything."""
        await asyncio.to_thread(self.loader.finish)
        async with asyncio.timeout(timeout_s):
            looks = 0
            while looks < 2:  # the broker may have been between two packets
                looks = looks + 1 if await self._is_quiet() else 0

    async def _is_quiet(self) -> bool:
        running = [gateway for gateway in self.gateways if gateway.process.running]
        for gateway in running:
            status = await self.status(gateway)
            if not status or status["mqtt"]["unacknowledged"] or not status["mqtt"]["connected"]:
                return False
        counts = self.mqtt_proxy.counts
        return all(
            counts[number, "PUBLISH", Direction.TO_CLIENT]
            == counts[number, "PUBACK", Direction.TO_BROKER] + counts[number, "PUBREC", Direction.TO_BROKER]
            for number in self.mqtt_proxy.open_connections
        )

    async def read(self, destination: Destination) -> list[Consumed]:
        """What Kafka holds there and has not been read yet."""
        first = self._offsets[destination]
        records = await asyncio.to_thread(self.kafka.consume, self.topics[destination], first=first)
        first.update((record.partition, record.offset + 1) for record in records)
        self._held[destination] += records
        return records

    async def verdict(self, patience_s: float = 10) -> Verdict:
        """What the checker says of all that Kafka holds, and has held in topics that were deleted.

        What is missing may still be with the broker, which may be slow: it is waited for while more comes.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience_s
        while True:
            if any([await self.read(destination) for destination in self.topics]):
                deadline = clock() + patience_s
            found = await asyncio.to_thread(judge, self.ledger, self._held, self.seen(), self.forgiven)
            if not found.lost or clock() > deadline:
                return found
