"""What went wrong with a delivery, in words that stay: librdkafka's error codes as ``SinkFailure``.

The reasons are for metrics, readiness and runbooks and do not change; the detail is for a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import KafkaError

from gateway.pipeline.ports import SinkFailure


class Refused(NamedTuple):
    """One error that ended a record, or the whole producer."""

    error: KafkaError
    topic: str | None


class Reason(NamedTuple):
    """A stable name, and what to do about it."""

    name: str
    advice: str


TOPIC_MISSING = Reason("topic_missing", "create the topic; the messages wait in the MQTT broker meanwhile")
NOT_AUTHORIZED = Reason(
    "not_authorized", "grant the gateway's principal WRITE on the topic (ACL), and IDEMPOTENT_WRITE"
)
NOT_AUTHENTICATED = Reason("not_authenticated", "check the sasl.* and ssl.* properties of gateway.yaml's kafka section")
SIZE_REFUSED = Reason(
    "size_refused",
    "records of this topic now go out one by one until its limit is known; grant DESCRIBE_CONFIGS on the topic",
)
TIMESTAMP_REFUSED = Reason(
    "timestamp_refused",
    "compare this machine's clock with Kafka's, and the topic's message.timestamp.before/after.max.ms with the data",
)
RECORD_REFUSED = Reason(
    "record_refused",
    "compare the topic's configuration with the records: a compacted topic takes no record without key",
)
OUTCOME_UNKNOWN = Reason("outcome_unknown", "none: the messages come again from the MQTT broker")
BROKER_DOWN = Reason("broker_down", "check that Kafka runs and that bootstrap.servers can be reached from here")
FATAL = Reason("fatal", "none: a new producer takes over, and the messages come again from the MQTT broker")
PRODUCE_FAILED = Reason("produce_failed", "see what Kafka said; the messages come again from the MQTT broker")

_REASONS: dict[str, Reason] = {
    "UNKNOWN_TOPIC_OR_PART": TOPIC_MISSING,
    "_UNKNOWN_TOPIC": TOPIC_MISSING,
    "_UNKNOWN_PARTITION": TOPIC_MISSING,
    "TOPIC_EXCEPTION": TOPIC_MISSING,
    "TOPIC_AUTHORIZATION_FAILED": NOT_AUTHORIZED,
    "CLUSTER_AUTHORIZATION_FAILED": NOT_AUTHORIZED,
    "_AUTHENTICATION": NOT_AUTHENTICATED,
    "SASL_AUTHENTICATION_FAILED": NOT_AUTHENTICATED,
    "_SSL": NOT_AUTHENTICATED,
    "MSG_SIZE_TOO_LARGE": SIZE_REFUSED,
    "RECORD_LIST_TOO_LARGE": SIZE_REFUSED,
    "INVALID_TIMESTAMP": TIMESTAMP_REFUSED,
    "INVALID_RECORD": RECORD_REFUSED,
    "_INVALID_DIFFERENT_RECORD": RECORD_REFUSED,
    "INVALID_MSG": RECORD_REFUSED,
    "INVALID_MSG_SIZE": RECORD_REFUSED,
    "POLICY_VIOLATION": RECORD_REFUSED,
    "UNSUPPORTED_FOR_MESSAGE_FORMAT": RECORD_REFUSED,
    "_MSG_TIMED_OUT": OUTCOME_UNKNOWN,
    "_TIMED_OUT": OUTCOME_UNKNOWN,
    "REQUEST_TIMED_OUT": OUTCOME_UNKNOWN,
    "_PURGE_QUEUE": OUTCOME_UNKNOWN,
    "_PURGE_INFLIGHT": OUTCOME_UNKNOWN,
    "_TRANSPORT": BROKER_DOWN,
    "_ALL_BROKERS_DOWN": BROKER_DOWN,
    "_RESOLVE": BROKER_DOWN,
    "_FATAL": FATAL,
    "_GAPLESS_GUARANTEE": FATAL,
}
"""Librdkafka's names (its own errors with an underscore in front, the rest is Kafka's)."""

_CONSEQUENCES = (FATAL, OUTCOME_UNKNOWN)
"""What follows from another error, which explains more, if there is one; the more telling first."""


def reason_of(error: KafkaError) -> Reason:
    """The stable reason for one of librdkafka's errors."""
    return _REASONS.get(error.name(), FATAL if error.fatal() else PRODUCE_FAILED)


def failure_of(errors: Iterable[Refused]) -> SinkFailure:
    """One failure for all the errors of a producer's end: the first that is a cause, not a consequence.

    ``errors`` has at least one. ``fatal`` says whether any of them ended the producer.
    """
    refused = list(errors)
    cause = min(refused, key=lambda one: _rank(reason_of(one.error)))
    reason = reason_of(cause.error)
    where = f"Kafka topic {cause.topic!r}" if cause.topic else "the Kafka producer"
    detail = f"{where}: {cause.error.str()} ({cause.error.name()}); what to do: {reason.advice}"
    return SinkFailure(reason.name, detail, cause.topic, fatal=any(one.error.fatal() for one in refused))


def _rank(reason: Reason) -> int:
    return 1 + _CONSEQUENCES.index(reason) if reason in _CONSEQUENCES else 0
