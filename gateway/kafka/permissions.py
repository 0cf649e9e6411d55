"""What Kafka lets us do, and whether its client takes our properties: asked by ``gateway check``.

Read only. What a broker does not say is ``None``: unknown, never a failure.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient  # type: ignore[attr-defined]  # exported, but not listed

from gateway.errors import SinkError
from gateway.kafka.answers import answer_of
from gateway.kafka.properties import client_properties, producer_properties, refused_property
from gateway.kafka.reasons import BROKER_DOWN

_quiet = logging.getLogger(f"{__name__}.trial")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


def try_properties(properties: Mapping[str, str], file: str = "gateway.yaml") -> None:
    """Raises ConfigError for properties that the producer would refuse. Connects to nobody."""
    tried = producer_properties(properties, file)
    del tried["bootstrap.servers"]
    try:
        Producer(tried, logger=_quiet)
    except KafkaException as error:
        raise refused_property(error, properties, file) from error


async def may_write(
    properties: Mapping[str, str], topics: Iterable[str], *, timeout_s: float = 10, file: str = "gateway.yaml"
) -> dict[str, bool | None]:
    """Whether we may write to each topic; None where Kafka does not say.

    Raises SinkError if Kafka does not answer, ConfigError for a property that librdkafka refuses.
    """
    wanted = sorted(set(topics))
    if not wanted:
        return {}
    try:
        client = AdminClient({**client_properties(properties)}, logger=_quiet)
    except KafkaException as error:
        raise refused_property(error, properties, file) from error
    answers = client.describe_topics(
        TopicCollection(wanted), request_timeout=timeout_s, include_authorized_operations=True
    )
    found: dict[str, bool | None] = {}
    for name in wanted:
        try:
            described = await answer_of(answers[name])
        except KafkaException as error:
            if error.args[0].name() in {"_TRANSPORT", "_ALL_BROKERS_DOWN", "_TIMED_OUT", "_RESOLVE"}:
                raise SinkError(f"Kafka does not answer: {error.args[0].str()}; {BROKER_DOWN.advice}") from error
            found[name] = False if error.args[0].name() == "TOPIC_AUTHORIZATION_FAILED" else None
        else:
            operations = described.authorized_operations
            found[name] = (
                None if operations is None else not {AclOperation.WRITE, AclOperation.ALL}.isdisjoint(operations)
            )
    return found
