"""Kafka as an analyst sees it: all topics of the demo followed by one consumer, values decoded by Confluent's clients.

The demo shows what is really there, so nothing in here asks the gateway.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # it does not list what it exports
from confluent_kafka.schema_registry import AsyncSchemaRegistryClient
from confluent_kafka.schema_registry.avro import AsyncAvroDeserializer
from confluent_kafka.schema_registry.json_schema import AsyncJSONDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError

from gateway.errors import GatewayError, SinkError
from gateway.kafka.answers import answer_of
from gateway.kafka.reader import StoredRecord
from gateway.model import Format

BATCH = 500
"""Records taken over at a time."""
TIMEOUT_S = 5.0
"""How long Kafka, which is in this process, may take to say where its partitions end."""

_quiet = logging.getLogger(__name__)
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False  # of an embedded broker that ends there is nothing to say


class Analyst:
    """Reads topics from their beginning; a context manager, as the client holds threads."""

    def __init__(self, bootstrap: str, partitions: Mapping[str, int]) -> None:
        """``partitions``: how many each topic has."""
        self._places = [TopicPartition(topic, n) for topic, count in partitions.items() for n in range(count)]
        connection: dict[str, Any] = {"bootstrap.servers": bootstrap}
        reading = {
            "group.id": "analyst",  # the client requires one; nothing is committed
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
        }
        self._consumer = Consumer({**connection, **reading}, logger=_quiet)
        self._admin = AdminClient(connection, logger=_quiet)

    async def __aenter__(self) -> Self:
        self._consumer.assign(
            [TopicPartition(place.topic, place.partition, OFFSET_BEGINNING) for place in self._places]
        )
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._consumer.close)

    def take(self) -> list[StoredRecord]:
        """What has come since the last call, without waiting; in order per partition."""
        return [
            StoredRecord(
                message.topic() or "",
                message.partition() or 0,
                message.offset() or 0,
                message.timestamp()[1],
                message.key(),
                message.value(),
                cast(list[tuple[str, bytes | None]], message.headers() or []),  # declared wider by the package
            )
            for message in self._consumer.consume(BATCH, timeout=0)
            if message.error() is None
        ]

    async def ends(self) -> list[tuple[str, int]]:
        """For each partition its topic and how many records were ever written to it. Raises SinkError."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the package annotates in part
        asked = self._admin.list_offsets(dict.fromkeys(self._places, latest), request_timeout=TIMEOUT_S)
        try:
            return [(place.topic, (await answer_of(end)).offset) for place, end in asked.items()]
        except KafkaException as exc:
            raise SinkError(f"the embedded Kafka does not say where its topics end: {exc}; run the demo again") from exc


class Decoder:
    """Typed records as Confluent's deserializers give them to a Python program; a context manager."""

    def __init__(self, registry_url: str) -> None:
        self._client = AsyncSchemaRegistryClient({"url": registry_url})
        self._deserializers: dict[Format, Any] = {}

    async def __aenter__(self) -> Self:
        self._deserializers = {
            Format.AVRO: await AsyncAvroDeserializer(self._client),
            Format.JSON: await AsyncJSONDeserializer(None, schema_registry_client=self._client),
        }
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def decode(self, record: StoredRecord, kind: Format) -> dict[str, Any]:
        """The record's value, by the schema that its prefix names, with Python's types for logical types.

        Raises GatewayError for a value that these deserializers refuse: then the gateway has written it wrongly.
        """
        context = SerializationContext(record.topic, MessageField.VALUE)
        try:
            decoded: dict[str, Any] = await self._deserializers[kind](record.value, context)
        except SerializationError as exc:
            place = f"{record.topic} partition {record.partition} offset {record.offset}"
            raise GatewayError(f"Confluent's deserializer cannot read {place}: {exc}; please report this") from exc
        return decoded
