"""A stage for whole-gateway tests: registry in the test's own loop, contracts in a folder, topics in Kafka."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import fastavro
import yaml

from gateway.config.load import load_contracts
from gateway.registry.development.folders import seeds_of
from gateway.registry.development.seeds import plant
from tests.parts.gateway import GatewayProcess
from tests.parts.kafka import Consumed, KafkaBroker
from tests.parts.registry_faults import FaultyRegistry, faulty_registry

AVRO = {
    "type": "record",
    "name": "Reading",
    "fields": [{"name": "n", "type": "long"}, {"name": "temp", "type": "double"}],
}
JSON_SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "temp": {"type": "number"}},
    "required": ["n", "temp"],
    "additionalProperties": False,
}


class Stage:
    """Everything around one gateway; the gateway itself is started by the test."""

    def __init__(self, folder: Path, kafka: KafkaBroker, registry: FaultyRegistry) -> None:
        self.folder = folder
        self.kafka = kafka
        self.registry = registry
        self.contracts = folder / "schemas"
        self.unrouted = kafka.new_topic()
        self.gateways: list[GatewayProcess] = []

    def declare(self, name: str, schema: Any = AVRO, *, partitions: int = 2, **contract: Any) -> tuple[str, str]:
        """Writes a contract folder and makes its Kafka topics; returns ``(topic, dead-letter topic)``.

        ``mqtt`` defaults to ``NAME/{device}``; an Avro schema is told from a JSON Schema by its ``fields``.
        """
        topic, dead = self.kafka.new_topic(partitions), self.kafka.new_topic()
        folder = self.contracts / name
        folder.mkdir(parents=True)
        declared = {"mqtt": f"{name}/{{device}}", "topic": topic, "dead_letters": dead, **contract}
        (folder / "contract.yaml").write_text(yaml.safe_dump(declared))
        file = "schema.avsc" if isinstance(schema, str) or "fields" in schema else "schema.json"
        (folder / file).write_text(json.dumps(schema))
        return topic, dead

    def register(self) -> None:
        """Registers what the folders declare now."""
        plant(self.registry.store, seeds_of(load_contracts(self.contracts)))

    def gateway(self, mqtt_url: str, **sections: Any) -> GatewayProcess:
        """A gateway for the declared contracts, not yet started; closed at the end of the test."""
        mqtt = {"url": mqtt_url, "client_id": f"gw-{len(self.gateways)}", **sections.pop("mqtt", {})}
        gateway = GatewayProcess(
            self.folder / f"gateway-{len(self.gateways)}",
            **{
                "contracts": str(self.contracts),
                "mqtt": mqtt,
                "kafka": {"bootstrap.servers": self.kafka.bootstrap},
                "registry": {"url": self.registry.url, "refresh_s": 0.5},
                "dead_letters": {"unrouted": self.unrouted},
                **sections,
            },
        )
        self.gateways.append(gateway)
        return gateway

    async def started(self, mqtt_url: str, **sections: Any) -> GatewayProcess:
        """A gateway that is ready; what the folders declare is registered first."""
        self.register()
        gateway = self.gateway(mqtt_url, **sections)
        await asyncio.to_thread(gateway.start)
        return gateway

    async def consume(self, topic: str) -> list[Consumed]:
        """All records of a topic."""
        return await asyncio.to_thread(self.kafka.consume, topic)

    async def count(self, *topics: str) -> int:
        """Records in these topics."""
        return sum([len(await self.consume(topic)) for topic in topics])

    async def arrived(self, count: int, *topics: str, timeout_s: float = 30) -> None:
        """Returns when the topics hold at least ``count`` records together."""
        async with asyncio.timeout(timeout_s):
            while await self.count(*topics) < count:
                pass  # each count is a round trip to Kafka: it paces itself


@asynccontextmanager
async def set_stage(folder: Path, kafka: KafkaBroker) -> AsyncIterator[Stage]:
    """A stage whose gateways end with it."""
    async with faulty_registry() as registry:
        stage = Stage(folder, kafka, registry)
        try:
            yield stage
        finally:
            for gateway in stage.gateways:
                gateway.close()


def numbers(records: Iterable[Consumed]) -> list[int]:
    """The field ``n`` of records of the schema AVRO (prefix, zig-zag long, double), in the order given."""
    found: list[int] = []
    for record in records:
        assert record.value is not None
        value: Any = fastavro.schemaless_reader(io.BytesIO(record.value[5:]), AVRO, None)
        found.append(value["n"])
    return found
