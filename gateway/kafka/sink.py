"""The ``Sink`` port on librdkafka's producer: in order per key, every outcome reported, no thread of ours.

``produce`` and ``poll`` both run on the event loop's thread. librdkafka's own threads send and
collect the delivery reports; a look (pulse.py) takes them over in batches.

Records leave in flights: what has come together is handed to librdkafka at once, and what comes
meanwhile waits here until all of it is reported. librdkafka has one batch a partition on its way
anyway, and where more messages wait behind it in its queue, its thread polls without a pause until
Kafka answers: measured with a Kafka 10 ms away, 2000 messages/s cost half a core so, and 0.7 % of
one in flights; with a Kafka that is frozen it is a whole core.

Rules
- Everything is reported later, from a timer: ``send`` never calls ``DeliveryReports``.
- The first error ends the generation (generation.py). Nothing more is handed to Kafka; what is on
  its way may still be confirmed, shortly; then ``failed`` is called once, and the sink drops what it
  is given until ``reset``: those messages come again from the MQTT broker.
- After a reset the first record of the topic that failed ends its flight, so nothing is behind it. A
  broker accepts a later batch of a producer it does not know yet although it refused the first: if
  the cause ended just between the two (a permission is granted), the later would be written first.
- No report of a generation reaches ``DeliveryReports`` after the ``reset`` that ended it.
- A full queue never blocks: records wait in order for their flight, and the ack windows bound them.

Knows nothing of MQTT, schemas or dead letters.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from enum import Enum

from confluent_kafka import KafkaException

from gateway.errors import ConfigError
from gateway.kafka.generation import Generation, LoneReport, Report
from gateway.kafka.health import SinkHealth
from gateway.kafka.limits import SizeLimits
from gateway.kafka.properties import producer_properties
from gateway.kafka.pulse import Pulse
from gateway.kafka.reasons import SIZE_REFUSED, Refused, failure_of, reason_of
from gateway.kafka.sizes import FRAME_BYTES, most_batch_bytes
from gateway.model import Record
from gateway.pipeline.acks import Ticket
from gateway.pipeline.ports import Clock, DeliveryReports, SinkFailure

_LAST_REPORTS_S = 0.5
"""How long a failed generation may still confirm what is on its way: fewer duplicates in the replay."""


_MOST_RECORDS = 2000
"""In a flight: handed over within ``linger.ms``, so that each partition's share is one batch."""


class State(Enum):
    """What the sink does with a record."""

    NEW = "not opened"
    RUNNING = "keeps it for its flight"
    FAILING = "drops it: an error came, and the last reports are being collected"
    BROKEN = "drops it: the failure was reported, a reset is awaited"
    CLOSED = "drops it"


_RUNNING = State.RUNNING
"""Looked up once: ``send`` runs once per message."""


class KafkaSink:
    """Writes records to Kafka. Everything is called on the event loop's thread."""

    def __init__(
        self,
        properties: Mapping[str, str],
        reports: DeliveryReports,
        clock: Clock,
        *,
        logger: logging.Logger | None = None,
        file: str = "gateway.yaml",
    ) -> None:
        """``properties``: librdkafka's, as the section ``kafka`` of ``file`` gives them.

        Raises ConfigError for those that weaken a guarantee. ``reports`` may be exchanged before ``open``.
        """
        self.reports = reports
        self._given = dict(properties)
        self._file = file
        self._properties = producer_properties(properties, file)
        self._limits = SizeLimits(
            int(properties["message.max.bytes"]) if "message.max.bytes" in properties else None,
            int(properties.get("batch.size", 1_000_000)),
        )
        self._clock = clock
        self._logger = logger or logging.getLogger(__name__)
        self._state = State.NEW
        self._pulse = Pulse(self._look)
        self._queue: deque[tuple[Record, Ticket, int]] = deque()
        """Records that wait for their flight, with their bytes as ``most_batch_bytes`` counts them."""
        self._queued_bytes = 0
        """Of all of them; summed up as they come and go, because there may be 65 535 and health is asked often."""
        self._failure: SinkFailure | None = None
        self._doubtful: str | None = None
        """The topic that failed in the last generation, until its first record is handed over in this one."""
        self._flushes: list[asyncio.Future[None]] = []
        self._farewells: set[asyncio.Task[None]] = set()
        self._quiet_since = 0.0
        self._give_up_at = 0.0

    def open(self) -> None:
        """Starts the first producer; it connects by itself, in the background.

        Raises ConfigError naming a property that librdkafka refuses.
        """
        assert self._state is State.NEW, "open() is called once"
        self._adopt(self._new_generation())

    def send(self, record: Record, ticket: Ticket) -> None:
        """Hands over one record; its ticket is reported later, once, unless the sink fails before.

        Raises RecordTooLarge before anything is sent.
        """
        if record.headers:
            size = most_batch_bytes(record)
        else:  # the same without a call: this runs once per message
            key = record.key
            size = len(record.value) + (len(key) if key else 0) + FRAME_BYTES
        if size > self._limits.surely_fits:
            self._limits.check(record)
        if self._state is _RUNNING:
            self._queue.append((record, ticket, size))
            self._queued_bytes += size
            if self._pulse.resting:
                self._wake()
        else:
            assert self._state is not State.NEW, "not opened"

    def limit(self, topics: Mapping[str, int]) -> None:
        """Takes what topics accept at most (their ``max.message.bytes``), wherever it is known, at any time.

        Where that needs another producer it takes over when the present flight is reported.
        """
        self._limits.learn(topics)
        if self._state is State.RUNNING and self._sizes() != self._generation_sizes:
            self._wake()

    def reset(self) -> None:
        """Forgets every ticket and starts a new producer: the next record is the first of a new generation."""
        assert self._state not in {State.NEW, State.CLOSED}, f"cannot be reset: {self._state}"
        generation = self._new_generation()
        self._retire()
        if self._failure is not None:
            self._doubtful = self._failure.topic
            self._failure = None
        self._adopt(generation)

    async def flush(self, timeout_s: float) -> int:
        """Waits until everything handed over is reported, at most ``timeout_s``; returns how many records are not."""
        if self._owes:
            flushed = asyncio.get_running_loop().create_future()
            self._flushes.append(flushed)
            self._wake()
            await asyncio.wait([flushed], timeout=timeout_s)
            flushed.cancel()
        return self.outstanding

    async def close(self) -> None:
        """Ends the producer and its threads; what is unconfirmed stays so, and is not reported any more."""
        if self._state not in {State.NEW, State.CLOSED}:
            self._retire()
        self._state = State.CLOSED
        self._end_flushes()
        if self._farewells:
            await asyncio.wait(self._farewells)

    @property
    def outstanding(self) -> int:
        """Records handed over and not yet reported."""
        if self._state in {State.NEW, State.CLOSED}:
            return 0
        return self._generation.waiting + len(self._queue)

    def health(self) -> SinkHealth:
        """Whether records can reach Kafka now, and if not, why."""
        if self._state in {State.NEW, State.CLOSED}:
            return SinkHealth(False, 0, 0, f"the Kafka producer is {self._state.name.lower()}", 0, 0, 0.0)
        observed = self._generation.observed
        up, known = observed.brokers
        failure = self._failure
        reason = observed.trouble if failure is None else f"{failure.reason}: {failure.detail}"
        return SinkHealth(
            ready=not reason,
            brokers_up=up,
            brokers=known,
            reason=reason,
            outstanding=self.outstanding,
            queued_bytes=observed.queued_bytes + self._queued_bytes if self.outstanding else 0,
            silent_s=self._clock.monotonic() - self._quiet_since if self._owes else 0.0,
        )

    @property
    def _owes(self) -> bool:
        """Whether a report may still come."""
        return self._state in {State.RUNNING, State.FAILING} and self.outstanding > 0

    def _sizes(self) -> dict[str, str]:
        limits, queue = self._limits, "queue.buffering.max.kbytes"
        sizes = {"message.max.bytes": str(limits.record_bytes), "batch.size": str(limits.batch_bytes)}
        if self._properties.get(queue, "").isdecimal():
            # A record that does not fit into librdkafka's queue while that is empty would be tried for ever.
            sizes[queue] = str(max(int(self._properties[queue]), -(-limits.record_bytes // 1024)))
        return sizes

    def _new_generation(self) -> Generation:
        """A producer with the sizes that fit now. Raises ConfigError, for example for a certificate that is gone."""
        self._generation_sizes = self._sizes()
        return Generation({**self._properties, **self._generation_sizes}, self._given, self._logger, self._file)

    def _adopt(self, generation: Generation) -> None:
        """From here on records go to ``generation``, those that wait first."""
        self._generation = generation
        self._quiet_since = self._clock.monotonic()
        self._state = State.RUNNING
        self._pulse.soon()

    def _retire(self) -> None:
        """Ends the present generation, in the background, and forgets what waits for it."""
        self._pulse.stop()
        self._forget_queue()
        self._bid_farewell()

    def _forget_queue(self) -> None:
        self._queue.clear()
        self._queued_bytes = 0

    def _bid_farewell(self) -> None:
        farewell = asyncio.get_running_loop().create_task(self._generation.end(), name="kafka-producer-end")
        self._farewells.add(farewell)
        farewell.add_done_callback(self._farewells.discard)

    def _depart(self) -> None:
        """Hands over the next flight. Called while nothing is on its way."""
        if self._sizes() != self._generation_sizes:
            self._renew()
            return
        generation, queue, lone, room = self._generation, self._queue, self._limits.lone, self._limits.flight_bytes
        before = room
        while queue and room > 0 and generation.waiting < _MOST_RECORDS:
            record, ticket, size = queue.popleft()
            report = LoneReport(generation, ticket, record) if lone else Report(generation, ticket)
            try:
                generation.hand_over(record, report)
            except BufferError:  # librdkafka's queue is set up for less than a flight
                queue.appendleft((record, ticket, size))
                break
            except KafkaException as error:
                self._refused(record, error)
                break
            room -= size
            if record.topic == self._doubtful:
                self._doubtful = None
                break
        self._queued_bytes = self._queued_bytes - (before - room) if queue else 0

    def _refused(self, record: Record, error: KafkaException) -> None:
        """Keeps that librdkafka did not take a record (unknown topic, no permission, fatal): reported later."""
        self._generation.errors.append(Refused(error.args[0], record.topic))
        self._fail()

    def _fail(self) -> None:
        """Hands nothing more to Kafka; the failure is reported when the last reports are in."""
        self._state = State.FAILING
        self._forget_queue()
        self._generation.discard_unsent()
        self._give_up_at = self._clock.monotonic() + _LAST_REPORTS_S
        self._wake()

    def _wake(self) -> None:
        """Looks soon, and measures Kafka's silence from now on if nothing was due before."""
        if self._pulse.resting:
            self._quiet_since = self._clock.monotonic()
        self._pulse.soon()

    def _look(self) -> None:
        """Takes over what librdkafka has to tell, passes it on, and decides when to look again."""
        generation = self._generation
        delivered = generation.poll()
        try:
            self._pass_on(generation, delivered)
        finally:  # whatever the receiver raises: a sink that never looks again would stall the gateway in silence
            if generation is self._generation and self._state is not State.CLOSED:
                if self._owes:
                    self._pulse.on(found=bool(delivered))
                else:
                    self._pulse.rest()
        if not self._owes:
            self._end_flushes()

    def _pass_on(self, generation: Generation, delivered: list[Ticket]) -> None:
        """Reports what was delivered and what failed, and hands over the next flight."""
        if delivered:
            self._quiet_since = self._clock.monotonic()
            self.reports.delivered(delivered)
            if generation is not self._generation:  # the receiver of the reports has reset the sink
                return
        if generation.errors and self._state is State.RUNNING:
            self._fail()
        if self._state is State.RUNNING and generation.waiting == 0:
            self._depart()
        if self._state is State.FAILING and self._last_reports_are_in():
            self._break(failure_of(generation.errors))

    def _last_reports_are_in(self) -> bool:
        return self._generation.waiting == 0 or self._clock.monotonic() >= self._give_up_at

    def _renew(self) -> None:
        """Replaces a producer that owes nothing by one with other size limits."""
        try:
            generation = self._new_generation()
        except ConfigError as error:
            self._break(SinkFailure("configuration_refused", f"no new Kafka producer can be made: {error}", fatal=True))
        else:
            self._bid_farewell()
            self._adopt(generation)

    def _break(self, failure: SinkFailure) -> None:
        """Reports the failure of this generation, once."""
        self._state = State.BROKEN
        self._failure = failure
        if failure.reason == SIZE_REFUSED.name and failure.topic is not None:
            alone = [record for error, record in self._generation.refused_alone if reason_of(error) is SIZE_REFUSED]
            self._limits.correct(failure.topic, alone)
        self.reports.failed(failure)

    def _end_flushes(self) -> None:
        for flushed in self._flushes:
            if not flushed.done():
                flushed.set_result(None)
        self._flushes.clear()
