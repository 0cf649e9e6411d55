"""The properties that librdkafka gets: the user's own, our defaults, and those that cannot be changed.

Rules
- A property that a guarantee rests on is pinned: to set it otherwise is a ConfigError that says why.
- Everything else is passed on verbatim (security, tuning); librdkafka judges it, and what it
  refuses becomes a ConfigError that names the property.
- No value of a secret property appears in a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from confluent_kafka import KafkaException

from gateway.errors import ConfigError, ConfigProblem

BROKER_DEFAULT_BYTES = 1_048_588
"""What a topic takes where nobody configured it (Kafka's ``message.max.bytes``)."""

_TRUE = frozenset({"true", "t", "1"})
_FALSE = frozenset({"false", "f", "0"})


class Pin(NamedTuple):
    """A property that the guarantees rest on."""

    accepted: frozenset[str]
    """Values that may be given, lower case; empty: the property may not be given at all."""
    because: str


_IN_FLIGHT = Pin(frozenset("12345"), "Kafka keeps the order of an idempotent producer for at most 5 requests in flight")
_FOR_EVER = Pin(frozenset({"0"}), "a record that is given up makes a gap; without a limit it waits until Kafka is back")
_ALL = Pin(frozenset({"all", "-1"}), "a record that only the leader has is lost with it")
_RETRIES = Pin(frozenset(), "a record is retried until Kafka has it")

PINNED: Mapping[str, Pin] = {
    "enable.idempotence": Pin(_TRUE, "without it a retry duplicates or reorders records"),
    "enable.gapless.guarantee": Pin(_TRUE, "without it the records behind a refused batch are written before it"),
    "acks": _ALL,
    "request.required.acks": _ALL,
    "delivery.timeout.ms": _FOR_EVER,
    "message.timeout.ms": _FOR_EVER,
    "retries": _RETRIES,
    "message.send.max.retries": _RETRIES,
    "max.in.flight": _IN_FLIGHT,
    "max.in.flight.requests.per.connection": _IN_FLIGHT,
    "queuing.strategy": Pin(frozenset({"fifo"}), "records of one key must leave in order"),
    "partitioner": Pin(
        frozenset({"murmur2_random", "murmur2", "consistent_random", "consistent", "fnv1a_random", "fnv1a"}),
        "records of one key must go to one partition",
    ),
    "allow.auto.create.topics": Pin(_FALSE, "a misspelt topic must be an error, not a new topic"),
    "delivery.report.only.error": Pin(_FALSE, "nothing is acknowledged to MQTT without Kafka's confirmation"),
    "transactional.id": Pin(frozenset(), "an MQTT source cannot take part in a Kafka transaction"),
    "plugin.library.paths": Pin(frozenset(), "the gateway loads no foreign code"),
    "default.topic.config": Pin(frozenset(), "topic properties stand among the others"),
    "logger": Pin(frozenset(), "the gateway logs itself"),
    "on_delivery": Pin(frozenset(), "the gateway needs the delivery reports itself"),
}

_PINNED_VALUES = {
    "enable.idempotence": "true",
    # Without this librdkafka goes on after a refused batch under a new epoch: on a real broker the
    # 3950 records behind a refused one were written before anyone could have looked at the report.
    "enable.gapless.guarantee": "true",
    "delivery.timeout.ms": "0",
    "allow.auto.create.topics": "false",
}

_SAID_ALREADY = frozenset({"message.timeout.ms", "delivery.report.only.error"})
"""Given as it is anyway: an alias would be set twice, and the other is no text for confluent-kafka."""

_DEFAULTS = {
    "client.id": "schema-gateway",
    "partitioner": "murmur2_random",  # Java's; librdkafka's own default (CRC32) breaks joins with Java-made topics
    "linger.ms": "5",
    "statistics.interval.ms": "1000",  # how late readiness notices that Kafka is back
    "reconnect.backoff.max.ms": "3000",  # librdkafka's 10 s is most of the 15 s in which we promise to be back
}

_PRODUCER_ONLY = frozenset(
    {
        *("acks", "request.required.acks", "request.timeout.ms", "delivery.timeout.ms", "message.timeout.ms"),
        *("batch.num.messages", "batch.size", "compression.codec", "compression.level", "compression.type"),
        *("delivery.report.only.error", "enable.gapless.guarantee", "enable.idempotence", "linger.ms"),
        *("message.send.max.retries", "retries", "partitioner", "produce.offset.report", "queuing.strategy"),
        *("queue.buffering.backpressure.threshold", "queue.buffering.max.kbytes", "queue.buffering.max.messages"),
        *("queue.buffering.max.ms", "sticky.partitioning.linger.ms", "transactional.id", "transaction.timeout.ms"),
    }
)
"""Marked P in librdkafka's CONFIGURATION.md: any other client warns about each of them."""

_ALIASES = {
    "bootstrap.servers": "metadata.broker.list",
    "compression.type": "compression.codec",
    "linger.ms": "queue.buffering.max.ms",
    "acks": "request.required.acks",
    "max.in.flight": "max.in.flight.requests.per.connection",
}
"""The usual name of a property, and the one that librdkafka has in its errors."""

_SECRET = ("password", "secret", "key.pem", "sasl.oauthbearer.config", "jaas")


def producer_properties(given: Mapping[str, str], file: str = "gateway.yaml") -> dict[str, str]:
    """The producer's properties: ``given``, the defaults, and what is pinned.

    Raises ConfigError that lists every given property that weakens a guarantee.
    """
    problems = [
        ConfigProblem(file, _explain(name, value, PINNED[name]), key=f"kafka.{name}")
        for name, value in given.items()
        if name in PINNED and value.strip().lower() not in PINNED[name].accepted
    ]
    problems += [
        ConfigProblem(file, "is a callback: only librdkafka's own properties can be set", key=f"kafka.{name}")
        for name in given
        if name.endswith("_cb")
    ]
    problems += [
        ConfigProblem(file, f"must be a number of bytes in digits, not {given[name]!r}", key=f"kafka.{name}")
        for name in ("message.max.bytes", "batch.size")
        if not given.get(name, "1").isdecimal()
    ]
    if given.get("statistics.interval.ms", "").strip() == "0":
        message = "cannot be 0: readiness is read from librdkafka's statistics; leave it out, or give 100 or more"
        problems.append(ConfigProblem(file, message, key="kafka.statistics.interval.ms"))
    if problems:
        raise ConfigError(problems)
    return {
        **_DEFAULTS,
        **{name: value for name, value in given.items() if name not in _SAID_ALREADY},
        **_PINNED_VALUES,
    }


def client_properties(given: Mapping[str, str]) -> dict[str, str]:
    """``given`` without what only a producer understands, for the clients that inspect and read."""
    return {name: value for name, value in given.items() if name not in _PRODUCER_ONLY}


def refused_property(error: KafkaException, given: Mapping[str, str], file: str = "gateway.yaml") -> ConfigError:
    """Librdkafka's refusal of a property as a ConfigError that names it, free of secrets."""
    text = error.args[0].str()
    named = [name for name in given if name in text or _ALIASES.get(name, name) in text]
    name = max(named, key=len, default="")
    for secret, value in given.items():
        if value and any(part in secret for part in _SECRET):
            text = text.replace(value, "***")
    key = f"kafka.{name}" if name else "kafka"
    return ConfigError(
        [ConfigProblem(file, f"{text} (properties are librdkafka's, see its CONFIGURATION.md)", key=key)]
    )


def _explain(name: str, value: str, pin: Pin) -> str:
    if not pin.accepted:
        return f"cannot be set: {pin.because}; leave {name} out"
    wanted = ", ".join(sorted(pin.accepted - {"t", "f", "1", "0"} or pin.accepted))
    return f"cannot be {value!r}: {pin.because}; leave it out, or give {wanted}"
