"""How large a record may be for each topic, and what follows for the producer.

Kafka bounds a whole batch by its topic's ``max.message.bytes`` and refuses it as a whole, so:

- a record whose lone batch is above its topic's limit is refused here, before it can take others with it;
- batches are never larger than the smallest known limit (librdkafka has one size for all topics), but for topics
  that take nothing at all: no batch goes to them, and the others' must not shrink to nothing;
- where a topic refuses a size all the same, its limit is not what we know: every record then goes
  out in a batch of its own, so that a refusal hits exactly one record and teaches its topic's limit. The
  number that Kafka gave for it does not count any more until it is another one: said again it would only
  lead to the same refusal (a topic may compress anew what it is sent, and measure that).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.errors import RecordTooLarge
from gateway.kafka.properties import BROKER_DEFAULT_BYTES
from gateway.kafka.sizes import LEAST_BATCH_BYTES, batch_bytes, most_batch_bytes
from gateway.model import Record

_LEAST_FLIGHT_BYTES = 65_536
"""Where a topic takes less than that, several batches are the lesser evil."""

_LARGEST_BYTES = 1_000_000_000
"""The highest ``message.max.bytes`` that librdkafka takes."""


class SizeLimits:
    """The topics' limits, as far as they are known. Bytes of a record batch, uncompressed."""

    def __init__(self, largest_record: int | None, largest_batch: int) -> None:
        """``largest_record``: what gateway.yaml allows (``message.max.bytes``), None: what the topics take."""
        self._largest_record = largest_record
        self._largest_batch = largest_batch
        self._known: dict[str, int] = {}
        self._told: dict[str, int] = {}
        """What the broker said last of each topic."""
        self._disproved: dict[str, int] = {}
        """What it had said of a topic that refused a size all the same."""
        self._suspects: set[str] = set()
        self._settle()

    def _settle(self) -> None:
        """Recomputes what is derived."""
        known = self._known.values()
        largest_batch = min((self._largest_batch, *(limit for limit in known if limit >= LEAST_BATCH_BYTES)))
        self.record_bytes = self._largest_record or min(max(BROKER_DEFAULT_BYTES, *known, 0), _LARGEST_BYTES)
        """The producer's ``message.max.bytes``."""
        self.lone = bool(self._suspects)
        """Whether every record must go out in a batch of its own."""
        self.batch_bytes = 1 if self.lone else largest_batch
        """The producer's ``batch.size``; the first record of a batch is always taken."""
        self.flight_bytes = max(largest_batch, _LEAST_FLIGHT_BYTES)
        """Of records handed to the producer at once: no partition's share is more than one batch."""
        self.surely_fits = min((self.record_bytes, *known))
        """What every topic takes."""

    def learn(self, limits: Mapping[str, int]) -> None:
        """Takes what the broker says of topics: ``max.message.bytes`` each, from 0 (takes nothing) on.

        A number that a refusal has disproved is nothing new.
        """
        self._told.update(limits)
        news = {topic: limit for topic, limit in limits.items() if self._disproved.get(topic) != limit}
        for topic in news:
            self._disproved.pop(topic, None)
        self._known.update(news)
        self._suspects -= news.keys()
        self._settle()

    def correct(self, topic: str, alone: Sequence[Record]) -> None:
        """Makes the replay of a refused size succeed, whatever we thought the topic's limit to be.

        ``alone``: records that were refused in a batch of their own, so the limit is below them. If there
        are none a whole batch was refused, and the replay goes one by one to find out.
        """
        if topic in self._told:
            self._disproved[topic] = self._told[topic]
        self._known.pop(topic, None)
        self._suspects.add(topic)
        self._known.update({record.topic: batch_bytes(record) - 1 for record in alone})
        self._settle()

    def check(self, record: Record) -> None:
        """Raises RecordTooLarge if the record's topic cannot take it."""
        if most_batch_bytes(record) <= self.surely_fits:
            return
        size = batch_bytes(record)
        limit = min(self._known.get(record.topic, self.record_bytes), self.record_bytes)
        if size > limit:
            raise RecordTooLarge(record.topic, size, limit)
