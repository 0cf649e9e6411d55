"""Reads a topic's records: up to where it ends now, or on and on (``gateway dlq --follow``).

Rules
- Leaves no trace: no consumer group is joined, no offset is committed.
- Bounded memory: the records are yielded as they come, nothing is collected.
- No thread: librdkafka fetches on its own, and what it has is taken over without waiting.

Order is Kafka's, per partition; records of several partitions come as they are fetched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import partial
from time import monotonic
from typing import NamedTuple, TypeVar, cast

from confluent_kafka import OFFSET_END, Consumer, KafkaException, Message, TopicPartition

from gateway.errors import SinkError
from gateway.kafka.properties import client_properties, refused_property
from gateway.kafka.reasons import TOPIC_MISSING, reason_of

Answer = TypeVar("Answer")

_BATCH = 500
"""Records taken over at a time: the event loop goes on in between."""
_LOOK_AGAIN_S = 0.02
"""Pause when librdkafka had nothing: no event announces the next fetch."""

_READING = {
    "group.id": "schema-gateway-reader",  # the client requires one; it is never used
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "enable.partition.eof": "true",
    "allow.auto.create.topics": "false",
}


class StoredRecord(NamedTuple):
    """One record as Kafka holds it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Milliseconds since 1970 UTC; -1 where the record has none."""
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class TopicReader:
    """Reads topics of one Kafka cluster; each ``read`` has a client of its own."""

    def __init__(
        self,
        properties: Mapping[str, str],
        *,
        timeout_s: float = 10,
        logger: logging.Logger | None = None,
        file: str = "gateway.yaml",
    ) -> None:
        """``properties``: librdkafka's, as for the sink. ``timeout_s``: how long Kafka may stay silent."""
        self._given = dict(properties)
        self._timeout_s = timeout_s
        self._logger = logger or logging.getLogger(__name__)
        self._file = file

    async def read(
        self, topic: str, *, since_ms: int | None = None, follow: bool = False
    ) -> AsyncGenerator[StoredRecord, None]:
        """Yields the topic's records, from the first whose timestamp is ``since_ms`` or later, or from the oldest.

        Ends behind the last record that was there at the start; with ``follow`` never. Raises SinkError
        when the topic is missing, may not be read, or Kafka stays silent; ConfigError for a bad property.
        """
        try:
            client = Consumer({**client_properties(self._given), **_READING}, logger=self._logger)
        except KafkaException as error:
            raise refused_property(error, self._given, self._file) from error
        try:
            ends = await self._assign(client, topic, since_ms)
            async for record in self._records(client, topic, ends, follow=follow):
                yield record
        finally:
            await _apart(client.close)

    async def _assign(self, client: Consumer, topic: str, since_ms: int | None) -> dict[int, int]:
        """Starts fetching; returns, for each partition that holds anything to read, the offset where it ends."""
        partitions = await self._ask(topic, lambda: _partitions(client, topic, self._timeout_s))
        starts = [TopicPartition(topic, partition, since_ms or 0) for partition in partitions]
        if since_ms is not None:
            starts = await self._ask(topic, lambda: client.offsets_for_times(starts, timeout=self._timeout_s))
        ends: dict[int, int] = {}
        for start in starts:
            low, high = await self._ask(topic, partial(_watermarks, client, start, self._timeout_s))
            start.offset = low if since_ms is None else start.offset
            if start.offset != OFFSET_END and start.offset < high:
                ends[start.partition] = high
            else:
                start.offset = high
        client.assign(starts)
        return ends

    async def _records(
        self, client: Consumer, topic: str, ends: dict[int, int], *, follow: bool
    ) -> AsyncGenerator[StoredRecord, None]:
        heard_at = monotonic()
        while ends or follow:
            messages = client.consume(_BATCH, timeout=0)
            if messages:
                heard_at = monotonic()
            elif not follow and monotonic() > heard_at + self._timeout_s:
                raise SinkError(f"Kafka topic {topic!r}: no record came for {self._timeout_s} s; check that Kafka runs")
            else:
                await asyncio.sleep(_LOOK_AGAIN_S)
            for message in messages:
                error = message.error()
                if error is None and (follow or _offset(message) < ends.get(_partition(message), 0)):
                    yield _stored(message)
                elif error is not None and error.name() != "_PARTITION_EOF" and not error.retriable():
                    raise _unreadable(topic, KafkaException(error))
                if not follow and _offset(message) + 1 >= ends.get(_partition(message), 0):
                    ends.pop(_partition(message), None)

    async def _ask(self, topic: str, question: Callable[[], Answer]) -> Answer:
        """The answer to a question that waits for Kafka. Raises SinkError."""
        try:
            return await _apart(question)
        except KafkaException as error:
            raise _unreadable(topic, error) from error


async def _apart(call: Callable[[], Answer]) -> Answer:
    """What ``call`` returns, from another thread; if we are cancelled meanwhile, only after it has ended.

    The client must not be closed while another thread is inside it.
    """
    task = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _partitions(client: Consumer, topic: str, timeout_s: float) -> list[int]:
    """The topic's partitions. Raises KafkaException, for a missing topic too."""
    described = client.list_topics(topic, timeout=timeout_s).topics[topic]
    if described.error is not None:
        raise KafkaException(described.error)
    return sorted(described.partitions)


def _watermarks(client: Consumer, partition: TopicPartition, timeout_s: float) -> tuple[int, int]:
    """The partition's first offset, and the one behind its last."""
    low, high = client.get_watermark_offsets(partition, timeout=timeout_s)
    return low, high


def _unreadable(topic: str, error: KafkaException) -> SinkError:
    said = error.args[0]
    reason = reason_of(said)
    advice = (
        "check its name in gateway.yaml and the contract" if reason is TOPIC_MISSING else "grant READ, or look at Kafka"
    )
    return SinkError(f"Kafka topic {topic!r} cannot be read: {said.str()} ({said.name()}); what to do: {advice}")


def _partition(message: Message) -> int:
    return message.partition() or 0


def _offset(message: Message) -> int:
    """A record's offset, or for the end of a partition the offset behind its last record."""
    return message.offset() or 0


def _stored(message: Message) -> StoredRecord:
    return StoredRecord(
        message.topic() or "",
        _partition(message),
        _offset(message),
        message.timestamp()[1],
        message.key(),
        message.value(),
        cast(list[tuple[str, bytes | None]], message.headers() or []),  # declared wider: it is shared with produce
    )
