"""One Kafka producer, from its first record to its end, and what it has told about its records.

A generation ends with its first error: librdkafka then hands nothing more to Kafka
(``enable.gapless.guarantee``), and the broker refuses what is on its way behind the gap, by its
sequence number. So what Kafka holds of a partition is a prefix of what was sent, and the replay of
the rest keeps the order of first occurrences. (The exception, a producer's first batches on a
partition, is dealt with in sink.py.)

Rules
- Whatever librdkafka calls inside ``poll`` may run with a fatal exception set, where any C function
  that looks at it raises SystemError: the callbacks only append.
- After an exception from ``poll`` a report may be lost; what is unresolved then is unknown.
- A generation that is over is ended on another thread, because librdkafka may wait there for its
  own threads; its late reports reach lists that nobody reads any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from gateway.kafka.health import Observations
from gateway.kafka.properties import refused_property
from gateway.kafka.reasons import Refused
from gateway.model import Record
from gateway.pipeline.acks import Ticket


def _worth_logging(line: logging.LogRecord) -> bool:
    """Not librdkafka's warning, at each start, that a property of ours is marked experimental (properties.py)."""
    return "enable.gapless.guarantee is experimental" not in line.getMessage()


class Generation:
    """A producer and its reports, in the order in which librdkafka gave them."""

    def __init__(
        self, properties: Mapping[str, str], given: Mapping[str, str], logger: logging.Logger, file: str
    ) -> None:
        """Starts the producer; it connects by itself. Raises ConfigError naming a property it refuses.

        ``given`` are the user's own properties, from ``file``: for the error message.
        """
        self.observed = Observations()
        self._logger = logger
        logger.addFilter(_worth_logging)
        callbacks = {"error_cb": self.observed.hear_error, "stats_cb": self.observed.hear_statistics}
        try:
            self._producer = Producer({**properties, **callbacks}, logger=logger)
        except KafkaException as error:
            raise refused_property(error, given, file) from error
        self._produce: Callable[..., None] = self._producer.produce
        self.waiting = 0
        """Records produced and not yet reported."""
        self.delivered: list[Ticket] = []
        self.refused: list[tuple[KafkaError, Message]] = []
        self.refused_alone: list[tuple[KafkaError, Record]] = []
        """Records that did not arrive though they had a batch of their own."""
        self.errors: list[Refused] = []
        """Every error so far, in the order of arrival; not empty: the generation is over."""

    def hand_over(self, record: Record, report: Report | LoneReport) -> None:
        """Gives the record to librdkafka, which calls ``report`` in a later ``poll``.

        Raises BufferError when librdkafka's queue is full, KafkaException when it refuses the record.
        """
        # Positions: topic, value, key, partition, callback, its alias, timestamp, headers. Timestamp 0 would
        # mean "now": the first millisecond of 1970 becomes the second.
        timestamp = record.timestamp or 1
        self._produce(record.topic, record.value, record.key, -1, report, None, timestamp, record.headers)
        self.waiting += 1

    def poll(self) -> list[Ticket]:
        """Takes over what librdkafka has to tell: returns the confirmed tickets, adds to ``errors``."""
        try:
            self._producer.poll(0)
        except KafkaException as fatal:
            self.errors.append(Refused(fatal.args[0], None))
        except SystemError as broken:  # a callback that ran while the fatal exception was set
            self._logger.warning("a Kafka delivery report was lost: %s", broken)
            self.errors.append(Refused(KafkaError(KafkaError._FAIL, str(broken)), None))  # noqa: SLF001
        delivered = self.delivered
        if delivered:
            self.delivered = []
            self.waiting -= len(delivered)
            self.observed.hear_confirmation()
        if self.refused:
            self.waiting -= len(self.refused)
            self.errors += [Refused(error, message.topic()) for error, message in self.refused]
            self.refused = []
        return delivered

    def discard_unsent(self) -> None:
        """Drops what is not yet on its way to Kafka; what is on its way may still be confirmed."""
        self._producer.purge(in_queue=True, in_flight=False, blocking=False)

    async def end(self) -> None:
        """Forgets everything unconfirmed and ends librdkafka's threads, without holding up the event loop."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        producer = self._producer
        producer.purge(blocking=False)
        for _ in range(3):  # each fatal error interrupts one flush
            try:
                if producer.flush(5) == 0:
                    break
            except (KafkaException, SystemError) as error:
                self._logger.debug("while ending a Kafka producer: %s", error)
        producer.close()


class Report(msgspec.Struct, gc=False, eq=False):
    """Librdkafka's callback for one record. A Struct, because one is made per message: half a slotted class's price."""

    generation: Generation
    ticket: Ticket

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """Keeps the outcome; only appends, see above."""
        if error is None:
            self.generation.delivered.append(self.ticket)
        else:
            self.generation.refused.append((error, message))


class LoneReport(msgspec.Struct, gc=False, eq=False):
    """The same for a record in a batch of its own: a refusal is about this record and no other."""

    generation: Generation
    ticket: Ticket
    record: Record

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """Keeps the outcome; only appends, see above."""
        if error is None:
            self.generation.delivered.append(self.ticket)
        else:
            self.generation.refused.append((error, message))
            self.generation.refused_alone.append((error, self.record))
