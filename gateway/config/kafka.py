"""The producer's properties: the user's, verbatim, and those that the guarantees rest on.

A property that a guarantee needs may be written only with the value that it needs; any other value
is an error that says what would be lost. Whether librdkafka knows a property at all is its own
business: the producer says so when it is made.

Must not know: confluent_kafka.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.config.files import is_secret

ALIASES: Final[Mapping[str, str]] = {
    "metadata.broker.list": "bootstrap.servers",
    "request.required.acks": "acks",
    "delivery.timeout.ms": "message.timeout.ms",
    "message.send.max.retries": "retries",
    "max.in.flight": "max.in.flight.requests.per.connection",
    "queue.buffering.max.ms": "linger.ms",
    "compression.type": "compression.codec",
}
"""librdkafka's other names for a property. One spelling is passed on, or the two would fight."""

MIN_MESSAGE_BYTES: Final = 131_072
"""A dead letter of an oversized payload is its first 64 KiB with headers, and must always fit."""


class Refused(NamedTuple):
    """A property that cannot have the value it was given."""

    name: str
    """As it was written."""
    message: str


@dataclass(frozen=True, slots=True)
class Guard:
    """What a property must be, and why."""

    allows: Callable[[str], bool]
    wanted: str
    """Completes "must be ..."."""
    reason: str
    ours: str | None = None
    """What is passed on where the user writes nothing; None leaves librdkafka's default."""


def _is(*values: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in values


def _between(low: int, high: int) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(r"\d{1,10}", value, re.ASCII) is not None and low <= int(value) <= high


def _never(_value: str) -> bool:
    return False


# How librdkafka spells booleans.
_TRUE: Final = _is("true", "t", "1")
_FALSE: Final = _is("false", "f", "0")

GUARDS: Final[Mapping[str, Guard]] = {
    "enable.idempotence": Guard(
        _TRUE, "true", "without it a retry can write a record twice or behind a later one of the same key", "true"
    ),
    "acks": Guard(
        _is("all", "-1"),
        "all",
        "a record counts as confirmed before its replicas have it, and MQTT hears PUBACK",
        "all",
    ),
    "message.timeout.ms": Guard(
        _is("0"), "0 (never give up)", "a record that times out leaves a gap, and is written again out of order", "0"
    ),
    "retries": Guard(_is("2147483647"), "2147483647", "a record that runs out of retries leaves a gap"),
    "max.in.flight.requests.per.connection": Guard(
        _between(1, 5), "between 1 and 5", "the broker keeps order only over five batches of an idempotent producer"
    ),
    "partitioner": Guard(
        _is("murmur2_random"),
        "murmur2_random",
        "any other partitioner puts a key elsewhere than Java producers do, and joins on the key break",
        "murmur2_random",
    ),
    "allow.auto.create.topics": Guard(
        _FALSE, "false", "a misspelled topic would be created with default settings instead of being noticed", "false"
    ),
    "queuing.strategy": Guard(_is("fifo"), "fifo", "lifo sends later records of a key before earlier ones"),
    # Without it librdkafka goes on after a refused batch under a new epoch: on a real broker the 3950
    # records behind a refused one were written before anyone could have looked at the report.
    "enable.gapless.guarantee": Guard(
        _TRUE, "true", "the records behind a refused batch are written before it, out of order", "true"
    ),
    "delivery.report.only.error": Guard(
        _FALSE, "false", "MQTT hears PUBACK on the delivery report of a success, which would never come"
    ),
    "message.max.bytes": Guard(
        _between(MIN_MESSAGE_BYTES, 1_000_000_000),
        f"between {MIN_MESSAGE_BYTES} and 1000000000",
        "the dead letter of an oversized payload, 64 KiB and its headers, must always fit",
    ),
    "statistics.interval.ms": Guard(
        _between(100, 60_000), "between 100 and 60000", "readiness is judged by the statistics", "1000"
    ),
    "batch.size": Guard(_between(1, 2_147_483_647), "a number of bytes", "librdkafka takes nothing else"),
    "transactional.id": Guard(
        _never, "left out", "MQTT has no part in a Kafka transaction, so it would promise nothing and cost latency"
    ),
    "test.mock.num.brokers": Guard(
        _never, "left out", "records would go to a simulated broker inside this process, and be lost with it"
    ),
    "plugin.library.paths": Guard(_never, "left out", "it loads foreign code into the gateway's process"),
    "interceptors": Guard(_never, "left out", "it would run foreign code on every record"),
}
"""Property, by the name that ``ALIASES`` leads to -> its guard."""

_SET_BY_US: Final = re.compile(r".*_cb|on_delivery|logger|default\.topic\.config|key\.serializer|value\.serializer")
"""Not librdkafka properties but Python objects, which a file cannot hold."""

DEFAULTS: Final[Mapping[str, str]] = {
    "bootstrap.servers": "localhost:9092",
    "client.id": "schema-gateway",
    "linger.ms": "2",
    "reconnect.backoff.max.ms": "3000",
}
"""Ours where the user writes nothing, and free to change. librdkafka's own 10 s between attempts to reconnect
are most of the 15 s in which we promise to be back. Lingering need only cover the handing over of a flight
(kafka/sink.py): what comes meanwhile waits for the next one in any case, so batches are large without it."""


def refused(properties: Mapping[str, str]) -> Iterator[Refused]:
    """The properties that a guarantee forbids to have the value they have."""
    seen: dict[str, str] = {}
    for name, value in properties.items():
        canonical = ALIASES.get(name, name)
        if canonical in seen:
            yield Refused(name, f"is another name of {seen[canonical]}, which is given too: remove one of the two")
            continue
        seen[canonical] = name
        if _SET_BY_US.fullmatch(name):
            yield Refused(name, "is set by the gateway itself, not by a file: remove it")
        guard = GUARDS.get(canonical)
        if guard is not None and not guard.allows(value):
            must = f"must be {guard.wanted}, found {value!r}" if guard.allows is not _never else "must be left out"
            yield Refused(name, f"{must}, because otherwise {guard.reason}; remove the line")


def producer_properties(given: Mapping[str, str]) -> dict[str, str]:
    """What the producer is made with: the user's properties over our defaults, with the guarded ones as they must be.

    ``given`` has passed ``refused``. Each property appears under one of its names only.
    """
    ours = {name: guard.ours for name, guard in GUARDS.items() if guard.ours is not None}
    users = {ALIASES.get(name, name): value for name, value in given.items()}
    # confluent-kafka wants a boolean of its own here, and it can only be what it is anyway.
    users.pop("delivery.report.only.error", None)
    return {**DEFAULTS, **ours, **users}


def redacted(properties: Mapping[str, str]) -> dict[str, str]:
    """The same properties with secrets replaced, for logs, status and error messages."""
    return {name: "***" if is_secret(name) else value for name, value in properties.items()}
