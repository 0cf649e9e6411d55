"""The properties that librdkafka gets, and its refusals of them as errors of ours.

Which property a guarantee rests on is decided in config/kafka.py; everything else is passed on verbatim
(security, tuning), librdkafka judges it, and what it refuses becomes a ConfigError that names the
property. No value of a secret property appears in a message. Which properties librdkafka has, it is asked:
a list of ours would be another version's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import ascii_lowercase

from confluent_kafka import KafkaException, Producer

from gateway.config import kafka
from gateway.errors import ConfigError, ConfigProblem

BROKER_DEFAULT_BYTES = 1_048_588
"""What a topic takes where nobody configured it (Kafka's ``message.max.bytes``)."""

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
_OURS = frozenset({"statistics.interval.ms"})
"""Other clients' statistics nobody reads: they would only be kept, for as long as the client lives."""

_SECRET = ("password", "secret", "key.pem", "sasl.oauthbearer.config", "jaas")

_UNKNOWN = 'No such configuration property: "{}"'
"""What librdkafka says to a property that it does not have."""


def producer_properties(given: Mapping[str, str], file: str = "gateway.yaml") -> dict[str, str]:
    """The producer's properties: ``given``, our defaults, and what the guarantees need (config/kafka.py).

    Raises ConfigError that lists every given property that weakens a guarantee.
    """
    problems = [ConfigProblem(file, message, key=f"kafka.{name}") for name, message in kafka.refused(given)]
    if problems:
        raise ConfigError(problems)
    return kafka.producer_properties(given)


def client_properties(given: Mapping[str, str]) -> dict[str, str]:
    """``given`` without what is the producer's alone, for the clients that inspect and read."""
    left_out = _PRODUCER_ONLY | _OURS
    users = {kafka.ALIASES.get(name, name): value for name, value in given.items() if name not in left_out}
    return {"bootstrap.servers": kafka.DEFAULTS["bootstrap.servers"], **users}


def refused_property(error: KafkaException, given: Mapping[str, str], file: str = "gateway.yaml") -> ConfigError:
    """Librdkafka's refusal of a property as a ConfigError that names it, free of secrets."""
    text = error.args[0].str()
    named = [name for name in given if name in text or kafka.ALIASES.get(name, name) in text]
    name = max(named, key=len, default="")
    meant = _meant(name) if text == _UNKNOWN.format(name) else None
    for secret, value in given.items():
        if value and any(part in secret for part in _SECRET):
            text = text.replace(value, "***")
    key = f"kafka.{name}" if name else "kafka"
    advice = f": did you mean {meant}?" if meant else " (properties are librdkafka's, see its CONFIGURATION.md)"
    return ConfigError([ConfigProblem(file, text + advice, key=key)])


def _meant(name: str) -> str | None:
    """The property that ``name`` is a misspelling of, one letter off; None where librdkafka has none such."""
    return next(filter(_is_known, _spellings(name)), None)


def _spellings(name: str) -> Iterator[str]:
    """``name`` as properties are written, and with one letter too many, too few, another, or two in the wrong order."""
    dotted = name.lower().replace("_", ".")
    yield dotted
    for place in range(len(dotted) + 1):
        before, behind = dotted[:place], dotted[place:]
        yield before + behind[1:]
        yield before + behind[1:2] + behind[:1] + behind[2:]
        for letter in f"{ascii_lowercase}.":
            yield before + letter + behind
            yield before + letter + behind[1:]


def _is_known(name: str) -> bool:
    """Whether librdkafka has a property called so; a second one that it cannot have keeps it from making a producer."""
    try:
        Producer({name: "", "": ""})
    except KafkaException as error:
        return str(error.args[0].str()) != _UNKNOWN.format(name)
    except (TypeError, AttributeError):
        pass  # what is no property but a Python object, such as a callback
    return False
