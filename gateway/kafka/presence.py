"""Which topics there are: the one question that every Kafka, and everything that speaks its protocol, answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from gateway.errors import SinkError
from gateway.kafka.properties import client_properties, refused_property
from gateway.kafka.reasons import BROKER_DOWN, NOT_AUTHENTICATED, reason_of

_quiet = logging.getLogger(__name__)
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


async def missing_topics(
    properties: Mapping[str, str], names: Iterable[str], *, timeout_s: float = 10, file: str = "gateway.yaml"
) -> list[str]:
    """Those of ``names`` that Kafka does not have, or does not show to us.

    Raises SinkError if Kafka does not answer in time, ConfigError for a property that librdkafka refuses.
    """
    try:
        client = AdminClient({**client_properties(properties)}, logger=_quiet)
    except KafkaException as error:
        raise refused_property(error, properties, file) from error
    # All topics, not each by its name: asking for a missing one by name may create it.
    asking = asyncio.ensure_future(asyncio.to_thread(client.list_topics, timeout=timeout_s))
    try:
        known = (await asyncio.shield(asking)).topics
    except KafkaException as error:
        said = error.args[0]
        advice = (NOT_AUTHENTICATED if reason_of(said) is NOT_AUTHENTICATED else BROKER_DOWN).advice
        raise SinkError(f"Kafka did not list its topics: {said.str()}; what to do: {advice}") from error
    except asyncio.CancelledError:
        await asyncio.wait([asking])  # the client must not go while the other thread is inside it
        asking.exception()  # nobody wants to know it any more
        raise
    return [name for name in names if name not in known]
