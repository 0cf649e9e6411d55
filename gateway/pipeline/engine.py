"""A message's way through the gateway: ticket, record or dead letter, sink, acknowledgement.

Rules
- Synchronous and on one thread: the event loop calls in, nothing here waits.
- Whatever the payload, exactly one record is handed to the sink for it, or the connection is given up
  and the broker sends the message again. Nothing is acknowledged before the sink has reported it.
- What no topic takes, not even as a dead letter, gives the connection up only when all that came before it is
  acknowledged: each attempt would write that to Kafka once more.
- One connection at a time: ``open`` starts a generation, and everything that belongs to an earlier one
  (messages, reports) is without effect from then on.

Must not know: MQTT packets, Kafka's client, asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.errors import RecordTooLarge, is_fault
from gateway.model import Code, Cut, Message, Record, Rejection, Stage, Violation
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.deadletter import PREFIX_BYTES, DeadLetters, shorten, too_large
from gateway.pipeline.ports import Clock, Sink, SinkFailure, Watch
from gateway.pipeline.routes import RouteTable
from gateway.pipeline.stats import Stats

Acknowledge = Callable[[Sequence[Ticket]], None]
"""``Link.acknowledge`` of the live connection."""


class Failed(Protocol):
    """What happens to the connection when a delivery failed: decided by the service."""

    def __call__(self, failure: SinkFailure) -> None:
        """Called once per failed generation; must give up the connection."""


class Engine:
    """Implements ``Receiver`` for the links and ``DeliveryReports`` for the sink."""

    def __init__(
        self,
        routes: RouteTable,
        dead_letters: DeadLetters,
        stats: Stats,
        clock: Clock,
        *,
        max_messages: int,
        max_bytes: int,
    ) -> None:
        self.routes = routes
        """Replaced as a whole when a schema changes."""
        self.stats = stats
        self.sink: Sink
        """Set once by the wiring: sink and engine know each other."""
        self.on_failure: Failed
        """Set once by the service."""
        self.watch: Watch | None = None
        """Set by the wiring after an unclean end; dropped here when it is over."""
        self._dead_letters = dead_letters
        self._clock = clock
        self._limits = (max_messages, max_bytes)
        self._window: AckWindow | None = None
        self._receiving: AckWindow | None = None
        """The same window, while its connection's messages are taken."""
        self._acknowledge: Acknowledge | None = None
        self._unwritable: tuple[Ticket, SinkFailure] | None = None
        """The message that no record can be written for, and why."""

    def open(self) -> AckWindow:
        """The window of a new connection; the previous one, and all that it waits for, is forgotten."""
        self.close()
        self._window = self._receiving = AckWindow(*self._limits)
        return self._window

    def connect(self, acknowledge: Acknowledge) -> None:
        """Tells how the open window's connection acknowledges; settled messages go out now."""
        self._acknowledge = acknowledge
        self._take()

    def close(self) -> None:
        """Ends the generation: its messages are the broker's again."""
        self._window = self._receiving = self._acknowledge = self._unwritable = None

    @property
    def window(self) -> AckWindow | None:
        """The live connection's window, None between connections."""
        return self._window

    @property
    def oldest_age_s(self) -> float:
        """Seconds that the oldest unacknowledged message has waited; 0 if there is none."""
        oldest = self._window.oldest if self._window is not None else None
        return 0.0 if oldest is None else self._clock.monotonic() - oldest.opened_at

    def receive(self, window: AckWindow, message: Message, unreadable: Violation | None = None) -> None:
        """Takes one message of the connection that ``window`` belongs to."""
        if window is not self._receiving:
            return
        stats = self.stats
        stats.received[message.qos] += 1
        if message.duplicate:
            stats.redelivered += 1
        ticket = window.open(message.packet_id, message.qos, len(message.payload), self._clock.monotonic())
        if unreadable is None and message.cut is not None:
            unreadable = payload_too_large(message.cut)
        if unreadable is not None:
            self._reject(message, self._unread(message, Stage.PACKET, unreadable), ticket)
            return
        try:
            if self.watch is None:
                outcome = self.routes.encode(message.topic, message.payload, message.received_at)
            else:
                outcome = self._encode_watched(message, self.watch)
        except BaseException as exc:  # the named guard around a payload's processing (docs/design.md)
            if not is_fault(exc):
                raise
            stats.faults[type(exc).__name__] += 1
            outcome = self._faulty(message, exc)
        if type(outcome) is Record:
            self._send(message, outcome, ticket)
        else:
            assert isinstance(outcome, Rejection)
            self._reject(message, outcome, ticket)

    def refuse(self, window: AckWindow, message: Message, violation: Violation) -> None:
        """Takes a packet that could not be read as a message; it becomes a dead letter."""
        self.receive(window, message, violation)

    def repeated(self, window: AckWindow) -> None:
        """Counts a repetition, which the link has dropped."""
        if window is self._receiving:
            self.stats.redelivered += 1

    def _encode_watched(self, message: Message, watch: Watch) -> Record | Rejection:
        outcome = watch.process(
            message, lambda: self.routes.encode(message.topic, message.payload, message.received_at)
        )
        if watch.over:
            self.watch = None
        return self._unread(message, Stage.ENCODE, _KILLER) if outcome is None else outcome

    def _faulty(self, message: Message, exc: BaseException) -> Rejection:
        """The rejection of a message on which our own processing failed."""
        try:
            return self._unread(message, Stage.ENCODE, _fault(exc))
        except Exception:  # noqa: BLE001 - part of the same guard: the topic itself may be what breaks us
            return Rejection(Stage.ENCODE, (_fault(exc),))

    def _unread(self, message: Message, stage: Stage, violation: Violation) -> Rejection:
        """The rejection of a message whose payload was not looked at: its topic alone says whose it is."""
        label, device = self.routes.owner(message.topic)
        return Rejection(stage, (violation,), label=label, device=device)

    def _send(self, message: Message, record: Record, ticket: Ticket) -> None:
        label, stats = record.label, self.stats
        assert label is not None
        try:
            self.sink.send(record, ticket)
        except RecordTooLarge as exc:
            device = record.device or self.routes.owner(message.topic)[1]
            violations = (too_large(record, exc.size, exc.limit),)
            self._reject(message, Rejection(Stage.PRODUCE, violations, label=label, device=device), ticket)
            return
        stats.accepted[label] += 1
        if record.coercions:
            stats.count_coercions(label, record.coercions)
        if record.timestamp_replaced:
            stats.timestamps_replaced[label] += 1

    def _reject(self, message: Message, rejection: Rejection, ticket: Ticket) -> None:
        """Sends the dead letter; shortened if its topic does not take it whole."""
        self.stats.count_rejection(rejection)
        try:
            self.sink.send(self._dead_letters.record(message, rejection), ticket)
        except RecordTooLarge:
            self._reject_shortened(message, rejection, ticket)

    def _reject_shortened(self, message: Message, rejection: Rejection, ticket: Ticket) -> None:
        """The dead letter with the payload's first 64 KiB, or with none of it, and size and hash of the whole."""
        for kept_bytes in (PREFIX_BYTES, 0):
            try:
                self.sink.send(self._dead_letters.record(shorten(message, kept_bytes), rejection), ticket)
            except RecordTooLarge as exc:
                detail = (
                    f"the dead-letter topic takes {exc.limit} bytes, not even the {exc.size} of a dead letter's "
                    "headers; raise its max.message.bytes"
                )
                failure = SinkFailure("dead_letter_too_large", detail, exc.topic)
            else:
                return
        self._receiving = None
        self._unwritable = ticket, failure
        self._give_up()

    def _give_up(self) -> None:
        """Ends the generation if nothing is left but what cannot be written."""
        if self._unwritable is not None and self._window is not None:
            ticket, failure = self._unwritable
            if self._window.oldest is ticket:
                self.failed(failure)

    def delivered(self, tickets: Sequence[Ticket]) -> None:
        """Kafka has confirmed one record of each ticket."""
        self.stats.delivered += len(tickets)
        for ticket in tickets:
            ticket.pending -= 1
        self._take()

    def _take(self) -> None:
        """Acknowledges, in order of arrival, what is settled."""
        if self._window is None or self._acknowledge is None:
            return
        taken = self._window.take()
        if taken:
            self.stats.latency.observe(self._clock.monotonic() - taken[0].opened_at)
            self.stats.acknowledged += len([ticket for ticket in taken if ticket.qos])
            self._acknowledge(taken)
            self._give_up()

    def failed(self, failure: SinkFailure) -> None:
        """A delivery failed: the generation ends, the broker will send its messages again."""
        self.close()
        self.on_failure(failure)


_KILLER = Violation(
    Code.CRASH_SUSPECT,
    "the gateway's process has died of this payload, so it was not looked at; please report it with the payload",
    expected="a payload that the gateway can process",
)


def _fault(exc: BaseException) -> Violation:
    """A payload that broke our own processing: kept, with the cause, and the next one flows."""
    name = type(exc).__name__
    return Violation(
        Code.CRASH_SUSPECT,
        f"the gateway failed on this payload ({name}); please report it with the payload",
        expected="a payload that the gateway can process",
        params={"exception": name},
    )


def payload_too_large(cut: Cut) -> Violation:
    """What is wrong with a payload above ``limits.payload_bytes``."""
    size = cut.payload_bytes
    return Violation(
        Code.PAYLOAD_LIMIT,
        f"the payload: found {size} bytes, wanted at most limits.payload_bytes; its start, size and hash are kept; "
        "publish less in one message, or raise limits.payload_bytes in gateway.yaml",
        expected="a payload within limits.payload_bytes",
        params={"limit": "bytes", "actual": size},
    )
