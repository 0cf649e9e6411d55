"""Opens an arena, and leaves everything as it was found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from tests.faults.arena import PER_S, Arena
from tests.faults.loader import Loader
from tests.parts.fault_proxy import FaultProxy
from tests.parts.kafka import KafkaBroker
from tests.parts.mqtt_proxy import MqttProxy
from tests.parts.processes import free_port
from tests.parts.registry_faults import faulty_registry


@contextmanager
def kafka_behind_proxy(folder: Path, properties: Mapping[str, str] | None = None) -> Iterator[KafkaBroker]:
    """A running Kafka that sends those who come by its second port through a proxy, which an arena brings."""
    kafka = KafkaBroker(folder, properties, proxy_port=free_port())
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.close()


@asynccontextmanager
async def open_arena(folder: Path, kafka: KafkaBroker, version: str = "5", variant: str = "") -> AsyncIterator[Arena]:
    """An arena with all parts running but the gateway and the load. Kafka is left as it was found."""
    async with faulty_registry() as registry:
        arena = Arena(folder, kafka, registry, version, variant)
        arena.declare()
        arena.mosquitto.start()
        try:
            async with (
                MqttProxy(arena.mosquitto.port) as arena.mqtt_proxy,
                FaultProxy(kafka.proxied_port, kafka.proxy_port) as arena.kafka_proxy,
            ):
                try:
                    yield arena
                finally:
                    for gateway in arena.gateways:
                        await asyncio.to_thread(gateway.close)  # the proxies live on this loop
        finally:
            arena.mosquitto.stop()
            await asyncio.to_thread(_restore, kafka, arena.second_kafka)


def _restore(kafka: KafkaBroker, second: KafkaBroker | None) -> None:
    """Makes Kafka what it was before a row, which may have failed anywhere."""
    if kafka.process.running:
        kafka.resume()
    else:
        kafka.start()
    kafka.renew_admin()
    if second is not None:
        kafka.outlive(second)


@asynccontextmanager
async def load(arena: Arena, per_s: int = PER_S) -> AsyncIterator[None]:
    """The gateway runs and is watched, and messages flow."""
    arena.gateway.launch()
    await arena.ready()
    qos_2 = arena.version == "5"
    watching = asyncio.create_task(arena.watch.go_on(), name="watch")
    try:
        with Loader(arena.mosquitto.port, arena.ledger, per_s=per_s, qos_2=qos_2) as arena.loader:
            await arena.flowing(per_s // 2)
            yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
