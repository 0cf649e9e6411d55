"""How much memory a gateway needs at most, from its configuration: what a container's limit should be.

Each share is measured at its worst, and rounded up; the fault matrix holds the sum against a gateway that has all of it
at once. It is no limit that the gateway enforces: it enforces those that the shares are made of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.compile.route import Route
from gateway.config.settings import Settings
from gateway.pipeline.routes import TOPICS_BYTES

_PROCESS = 110_000_000
"""Python, the libraries, librdkafka with a connection to each broker; measured 95 MB."""
_PER_PLACE = 2 * 5_000
"""A compiled schema, and a new version beside it while it is tried; measured 1 to 4 KB."""
_PER_MESSAGE = 28_000
"""What an unconfirmed message has beside its payload; most with a dead letter: its headers take up to 24 KB."""
_PER_WINDOW_BYTE = 2
"""A payload is a record that waits, then one in librdkafka's hands, and in a request to Kafka."""
_PER_PAYLOAD_BYTE = 170
"""While one payload is decoded, judged and explained: a megabyte of ``[],[],[]`` against alternatives took 160 MB."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes, at most."""

    process: int
    schemas: int
    topics: int
    """MQTT topics that were met, each with the work for it prepared."""
    window: int
    """Messages that Kafka has not confirmed."""
    payload: int
    """The one that is being worked on."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.process + self.schemas + self.topics + self.window + self.payload


def memory_ceiling(settings: Settings, routes: Iterable[Route]) -> Memory:
    """The most that the gateway needs with these contracts."""
    limits = settings.limits
    places = sum(route.cost.places for route in routes)
    window_bytes = limits.window_bytes + limits.payload_bytes  # the last payload may begin just below the limit
    return Memory(
        process=_PROCESS,
        schemas=places * _PER_PLACE,
        topics=TOPICS_BYTES,
        window=window_bytes * _PER_WINDOW_BYTE + settings.mqtt.receive_maximum * _PER_MESSAGE,
        payload=limits.payload_bytes * _PER_PAYLOAD_BYTE,
    )
