"""Broken on purpose, in ways in which such a gateway is easily broken: each must be caught by a row."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec

from gateway.config import kafka
from gateway.kafka import sink
from gateway.kafka.sink import KafkaSink
from gateway.model import Message, Record, Rejection, Violation
from gateway.mqtt import v5
from gateway.mqtt.answers import Answers, _Exchange
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.deadletter import DeadLetters
from gateway.pipeline.engine import Engine
from gateway.pipeline.routes import RouteTable
from gateway.service import crash_watch
from gateway.service.connection import Connection
from gateway.service.overview import Observer
from gateway.service.sandbox import Fate
from tests.faults.variants.patching import replace


def acknowledges_on_receipt() -> None:
    """Tells the MQTT broker that a message has arrived when it has arrived here."""

    def hasty(receive: Callable[..., None]) -> Any:
        def receive_and_acknowledge(
            self: Engine, window: AckWindow, message: Message, unreadable: Violation | None = None
        ) -> None:
            receive(self, window, message, unreadable)
            for ticket in window._tickets:
                ticket.pending = 0
            self._take()

        return receive_and_acknowledge

    replace(Engine, "receive", hasty)


def trusts_dead_letters() -> None:
    """Acknowledges a rejected message before its dead letter is confirmed."""

    def hasty(send: Callable[..., None]) -> Any:
        def send_and_settle(self: KafkaSink, record: Record, ticket: Ticket) -> None:
            send(self, record, ticket)
            if any(name == "gw-reason" for name, _ in record.headers or ()):
                ticket.pending -= 1

        return send_and_settle

    replace(KafkaSink, "send", hasty)


def acknowledges_out_of_order() -> None:
    """Each message when its own record is confirmed."""

    def take(self: AckWindow) -> list[Ticket]:
        settled = [ticket for ticket in self._tickets if ticket.pending <= 0]
        for ticket in settled:
            self._tickets.remove(ticket)
            self.bytes -= ticket.size
        return settled[::-1]

    replace(AckWindow, "take", lambda _: take)


def writes_out_of_order() -> None:
    """The newest of what waits goes to Kafka first."""

    def reverse(depart: Callable[[KafkaSink], None]) -> Any:
        def depart_reversed(self: KafkaSink) -> None:
            self._queue.reverse()
            depart(self)

        return depart_reversed

    replace(KafkaSink, "_depart", reverse)


def _with_properties(**changed: str) -> None:
    def weaken(properties: Callable[..., dict[str, str]]) -> Any:
        return lambda given: {
            **properties(given),
            **{name.replace("_", "."): value for name, value in changed.items()},
        }

    replace(kafka, "producer_properties", weaken)


def produces_again() -> None:
    """Gives records a second to arrive, and produces those again that do not."""
    _with_properties(message_timeout_ms="1000", enable_gapless_guarantee="false", enable_idempotence="false")

    class Insistent(msgspec.Struct, gc=False, eq=False):
        generation: Any
        ticket: Ticket

        def __call__(self, error: object, message: Any) -> None:
            if error is None:
                self.generation.delivered.append(self.ticket)
            else:
                self.generation._produce(
                    message.topic(), message.value(), message.key(), -1, self, None, 1, message.headers()
                )

    replace(sink, "Report", lambda _: Insistent)


def is_not_idempotent() -> None:
    """Retries as it likes."""
    _with_properties(enable_gapless_guarantee="false", enable_idempotence="false")


def keeps_generations() -> None:
    """Acknowledges on the new connection what the old one brought."""

    def close(self: Engine) -> None:
        self._receiving = self._acknowledge = self._unwritable = None

    def stay(_open: Callable[..., AckWindow]) -> Any:
        def reopen(self: Engine) -> AckWindow:
            self._window = self._receiving = self._window or AckWindow(*self._limits)
            return self._window

        return reopen

    def answer_anything(record: Callable[[Answers, int], bytes]) -> Any:
        def record_if_known(self: Answers, packet_id: int) -> bytes:
            self._unreleased.setdefault(packet_id, _Exchange([0]))
            return record(self, packet_id)

        return record_if_known

    replace(Engine, "close", lambda _: close)
    replace(Engine, "open", stay)
    replace(Answers, "_record", answer_anything)


def takes_repetitions() -> None:
    """What the broker repeats on the same connection is a message like any other."""
    replace(Answers, "is_new", lambda is_new: lambda self, message: is_new(self, message) or message.qos == 1)


def drops_duplicates() -> None:
    """Takes the DUP flag for a promise that the message has been here before."""

    def forgetful(receive: Callable[..., None]) -> Any:
        def receive_new(self: Engine, window: AckWindow, message: Message, unreadable: Violation | None = None) -> None:
            if not message.duplicate:
                receive(self, window, message, unreadable)
                return
            window.open(message.packet_id, message.qos, 0, 0.0).settle()
            self._take()

        return receive_new

    replace(Engine, "receive", forgetful)


def gives_its_session_up() -> None:
    """Asks for a session that ends with the connection."""
    replace(
        v5, "_make_connect", lambda make: lambda settings: make(settings.model_copy(update={"session_expiry_s": 0}))
    )


def rewrites_dead_letters() -> None:
    """Keeps the value of a rejected payload, not its bytes."""

    def tidy(record: Callable[..., Record]) -> Any:
        def record_tidied(self: DeadLetters, message: Message, rejection: Rejection) -> Record:
            letter = record(self, message, rejection)
            return msgspec.structs.replace(letter, value=json.dumps(json.loads(letter.value)).encode())

        return record_tidied

    replace(DeadLetters, "record", tidy)


def changes_records(**changed: Callable[[Record], Any]) -> None:
    """Changes what goes to Kafka."""

    def change(encode: Callable[..., Record | Rejection]) -> Any:
        def encode_and_change(self: RouteTable, topic: str, payload: bytes, received_at: int) -> Record | Rejection:
            outcome = encode(self, topic, payload, received_at)
            if isinstance(outcome, Rejection):
                return outcome
            return msgspec.structs.replace(outcome, **{name: make(outcome) for name, make in changed.items()})

        return encode_and_change

    replace(RouteTable, "encode", change)


def keys_by_topic() -> None:
    """Uses the MQTT topic as key."""
    changes_records(key=lambda record: (record.label.contract if record.label else "").encode())


def loses_precision() -> None:
    """Writes another number than the device sent, now and then."""
    changes_records(value=lambda record: record.value[:-1] + bytes([record.value[-1] ^ 1]))


def writes_junk() -> None:
    """A byte too many behind each value, which readers do not notice."""
    changes_records(value=lambda record: record.value + b"\0")


def writes_twice() -> None:
    """Every record."""

    def doubled(send: Callable[..., None]) -> Any:
        def send_twice(self: KafkaSink, record: Record, ticket: Ticket) -> None:
            ticket.pending += 1
            send(self, record, ticket)
            send(self, record, ticket)

        return send_twice

    replace(KafkaSink, "send", doubled)


def forgets_with_the_broker() -> None:
    """Where the broker has forgotten the session, it acknowledges what comes next, and writes nothing of it."""
    forgotten = False

    def note(note_session: Callable[..., None]) -> Any:
        def note_and_forget(self: Connection, link: Any) -> None:
            nonlocal forgotten
            forgotten = bool(self._held.filters) and not link.session_present
            note_session(self, link)

        return note_and_forget

    def lose(send: Callable[..., None]) -> Any:
        def send_or_lose(self: KafkaSink, record: Record, ticket: Ticket) -> None:
            if not forgotten:
                send(self, record, ticket)
                return
            asyncio.get_running_loop().call_soon(self.reports.delivered, [ticket])

        return send_or_lose

    replace(Connection, "_note_session", note)
    replace(KafkaSink, "send", lose)


def condemns_at_once() -> None:
    """Believes that a payload which was worked on when the process ended has ended it."""
    replace(crash_watch, "fate_of", lambda _: lambda *_work: Fate.DIED)


def remembers_no_crash() -> None:
    """Works on whatever comes, whatever it did the last time."""
    replace(crash_watch.CrashWatch, "open", lambda _: lambda _watch: False)


def keeps_silent() -> None:
    """Says that it is ready, whatever holds."""
    replace(Observer, "not_ready", lambda _: lambda _observer: [])
