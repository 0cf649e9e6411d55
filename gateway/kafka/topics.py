"""What Kafka says about topics: do they exist, what do they take, could they be written now.

Used at start, by ``check --online`` and by readiness. Read only. What the gateway has no permission
to see, or what a broker does not know, is ``None``: unknown, never a failure.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package does not list what it exports
    AdminClient,
    ConfigResource,
    TopicDescription,
)

from gateway.errors import SinkError
from gateway.kafka.answers import answer_of
from gateway.kafka.properties import client_properties, refused_property
from gateway.kafka.reasons import BROKER_DOWN, NOT_AUTHENTICATED, TOPIC_MISSING, reason_of

RECONNECT_MS = 1000
"""Least time between two attempts to connect. While a question waits for Kafka each attempt begins anew with it, and
with librdkafka's default of 100 ms that makes twenty a second."""
CLOCK_MARGIN_S = 300
"""Our clock and Kafka's may differ by this much before a record within a topic's timestamp limits is refused."""
_UNBOUNDED_MS = 2**63 - 1
"""What Kafka takes a timestamp limit for that nobody has set."""


@dataclass(frozen=True, slots=True)
class KafkaTopic:
    """One topic as Kafka describes it. None: unknown."""

    name: str
    exists: bool | None = None
    partitions: int | None = None
    without_leader: int | None = None
    """Partitions that nobody leads now."""
    fewest_in_sync: int | None = None
    """In-sync replicas of the partition that has the fewest."""
    max_message_bytes: int | None = None
    """Largest record batch, bytes; Kafka lets it be 0."""
    timestamp_type: str | None = None
    """``CreateTime``, or ``LogAppendTime``: the topic replaces the record's timestamp by its own."""
    timestamp_before_max_ms: int | None = None
    """How far in the past a record's timestamp may be."""
    timestamp_after_max_ms: int | None = None
    """How far in the future; Kafka 4 defaults to one hour."""
    min_insync_replicas: int | None = None
    cleanup_policy: str | None = None
    """``delete``, ``compact`` (takes no record without key), or both."""

    @property
    def obstacle(self) -> str:
        """Why a record could not be written now and what to do, for a person; empty if nothing speaks against it."""
        if self.exists is False:
            return f"Kafka topic {self.name!r} does not exist; what to do: {TOPIC_MISSING.advice}"
        if self.without_leader:
            return (
                f"{self.without_leader} partition(s) of Kafka topic {self.name!r} have no leader; look at the brokers"
            )
        if self.fewest_in_sync is not None and self.fewest_in_sync < (self.min_insync_replicas or 0):
            return (
                f"Kafka topic {self.name!r} has a partition with {self.fewest_in_sync} in-sync replica(s), and "
                f"min.insync.replicas is {self.min_insync_replicas}; look at the brokers"
            )
        return ""


class TopicInspector:
    """Asks Kafka about topics. One client, with its own connections, for as long as this object lives."""

    def __init__(
        self,
        properties: Mapping[str, str],
        *,
        timeout_s: float = 10,
        logger: logging.Logger | None = None,
        file: str = "gateway.yaml",
    ) -> None:
        """``properties``: librdkafka's, as for the sink; raises ConfigError naming one that is refused.

        ``timeout_s`` bounds each of the two questions that ``inspect`` asks.
        """
        given: dict[str, str | int | float | bool] = {
            "client.id": "schema-gateway-topics",
            **client_properties(properties),
        }
        if "reconnect.backoff.max.ms" not in given:  # which may be less, and librdkafka refuses that
            given.setdefault("reconnect.backoff.ms", RECONNECT_MS)
        self._timeout_s = timeout_s
        try:
            self._client = AdminClient(given, logger=logger or logging.getLogger(__name__))
        except KafkaException as error:
            raise refused_property(error, properties, file) from error

    async def inspect(self, names: Iterable[str]) -> dict[str, KafkaTopic]:
        """Each named topic as Kafka describes it now.

        Raises SinkError if Kafka does not answer in time, or does not let us in.
        """
        while self._client.poll(0):
            pass  # what librdkafka wants logged is kept until somebody asks
        wanted = sorted(set(names))
        if not wanted:
            return {}
        described = self._client.describe_topics(TopicCollection(wanted), request_timeout=self._timeout_s)
        found = {name: _described(name, await _answer(described[name])) for name in wanted}
        there = [name for name, topic in found.items() if topic.exists is not False]
        resources = {name: ConfigResource(ConfigResource.Type.TOPIC, name) for name in there}
        if resources:
            configs = self._client.describe_configs(list(resources.values()), request_timeout=self._timeout_s)
            for name, resource in resources.items():
                found[name] = _configured(found[name], await _answer(configs[resource]))
        return found


async def _answer(future: Future[Any]) -> Any:
    """What Kafka answered, or the KafkaException about this one topic. Raises SinkError for all that is not its own."""
    try:
        return await answer_of(future)
    except KafkaException as error:
        reason = reason_of(error.args[0])
        if reason in {BROKER_DOWN, NOT_AUTHENTICATED} or error.args[0].name() in {"_TIMED_OUT", "_MSG_TIMED_OUT"}:
            advice = reason.advice if reason is NOT_AUTHENTICATED else BROKER_DOWN.advice
            raise SinkError(
                f"Kafka did not describe its topics: {error.args[0].str()}; what to do: {advice}"
            ) from error
        return error


def _described(name: str, answer: TopicDescription | KafkaException) -> KafkaTopic:
    if isinstance(answer, KafkaException):
        missing = reason_of(answer.args[0]) is TOPIC_MISSING
        return KafkaTopic(name, exists=False if missing else None)
    partitions = answer.partitions
    return KafkaTopic(
        name,
        exists=True,
        partitions=len(partitions),
        without_leader=sum(partition.leader is None or partition.leader.id < 0 for partition in partitions),
        fewest_in_sync=min((len(partition.isr) for partition in partitions), default=0),
    )


def _configured(topic: KafkaTopic, answer: Mapping[str, Any] | KafkaException) -> KafkaTopic:
    if isinstance(answer, KafkaException):
        missing = reason_of(answer.args[0]) is TOPIC_MISSING
        return replace(topic, exists=False) if missing else topic
    values = {name: entry.value for name, entry in answer.items()}
    # Up to Kafka 3.9 this one bounds both ways, wherever the limit of that way is not set (or does not exist yet).
    either_way_ms = _amount(values.get("message.timestamp.difference.max.ms"))

    def limit_ms(name: str) -> int | None:
        own_ms = _amount(values.get(name))
        return either_way_ms if own_ms in {None, _UNBOUNDED_MS} and either_way_ms is not None else own_ms

    return replace(
        topic,
        max_message_bytes=_amount(values.get("max.message.bytes")),
        timestamp_type=values.get("message.timestamp.type"),
        timestamp_before_max_ms=limit_ms("message.timestamp.before.max.ms"),
        timestamp_after_max_ms=limit_ms("message.timestamp.after.max.ms"),
        min_insync_replicas=_amount(values.get("min.insync.replicas")),
        cleanup_policy=values.get("cleanup.policy"),
    )


def _amount(text: str | None) -> int | None:
    """The number that a broker wrote as text; None where it wrote none, or a negative one: some mean "none" by it."""
    return int(text) if text is not None and text.isdecimal() else None
