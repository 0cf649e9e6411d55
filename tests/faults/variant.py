"""``python -m tests.faults.variant NAME run ...``: the gateway with one thing changed.

Most are broken on purpose, in ways in which such a gateway is easily broken: each must be caught by a row of the fault
matrix. They are patches here, so that the product has no switch for them.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import confluent_kafka
import msgspec
from confluent_kafka import KafkaError

from gateway.cli import main
from gateway.config import kafka
from gateway.kafka import generation, sink
from gateway.kafka.sink import KafkaSink
from gateway.model import Message, Record, Rejection, Violation
from gateway.mqtt import v5
from gateway.mqtt.v5_answers import Answers, _Exchange
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.deadletter import DeadLetters
from gateway.pipeline.engine import Engine
from gateway.pipeline.routes import RouteTable
from gateway.service import crash_watch
from gateway.service.clock import SystemClock
from gateway.service.overview import Observer
from gateway.service.sandbox import Fate

POISON = b"poison"
"""A payload that holds this kills the process that decodes it."""


def kill_self(number: int = signal.SIGKILL) -> None:
    os.kill(os.getpid(), number)


def replace(place: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Puts ``make(what is there)`` into its place."""
    setattr(place, name, make(getattr(place, name)))


# Not broken: what a payload, or the machine, does to the process


def poisonous() -> None:
    """Native code that crashes on certain payloads."""

    def fragile(encode: Callable[..., Record | Rejection]) -> Any:
        def encode_or_die(self: RouteTable, topic: str, payload: bytes, received_at: int) -> Record | Rejection:
            if POISON in payload:
                kill_self(signal.SIGSEGV)
            return encode(self, topic, payload, received_at)

        return encode_or_die

    replace(RouteTable, "encode", fragile)


def reads_clock() -> None:
    """The time of arrival is as many seconds off as the file ``clock`` beside the gateway's folder says.

    Only that: a new producer of librdkafka may sleep for as long as the C library's clock has gone back.
    """
    file = Path(sys.argv[sys.argv.index("-c") + 1]).parents[1] / "clock"

    def shift(now_ms: Callable[[SystemClock], int]) -> Any:
        return lambda self: now_ms(self) + int(file.read_text()) * 1000

    replace(SystemClock, "now_ms", shift)


def fails_fatally() -> None:
    """Librdkafka's producer cannot go on whenever SIGUSR1 comes."""
    [path] = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs").glob("librdkafka-*.so*")
    fail = ctypes.CDLL(str(path)).rd_kafka_test_fatal_error
    fail.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
    newest: list[Any] = []

    def remember(make: Callable[..., None]) -> Any:
        def make_and_remember(self: Any, *arguments: Any) -> None:
            make(self, *arguments)
            newest[:] = [self._producer]

        return make_and_remember

    def fail_newest(*_: object) -> None:
        # librdkafka's handle is the first thing in the C structure behind what every Python object has.
        handle = ctypes.c_void_p.from_address(id(newest[0]) + object.__basicsize__)
        fail(handle, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, b"by a test")

    replace(generation.Generation, "__init__", remember)
    signal.signal(signal.SIGUSR1, fail_newest)


def _dies_at(place: Any, name: str, count: int, how_many: Callable[..., int]) -> None:
    """Kills the process inside the call with which ``how_many`` adds up to ``count``."""
    left = count

    def fragile(work: Callable[..., Any]) -> Any:
        def work_or_die(*arguments: Any) -> Any:
            nonlocal left
            left -= how_many(*arguments)
            if left <= 0:
                kill_self()
            return work(*arguments)

        return work_or_die

    replace(place, name, fragile)


def dies_encoding(count: int) -> None:
    """SIGKILL inside the encoding of the message with this number."""
    _dies_at(RouteTable, "encode", count, lambda *_: 1)


def dies_producing(count: int) -> None:
    """SIGKILL when the record with this number is given to the sink."""
    _dies_at(KafkaSink, "send", count, lambda *_: 1)


def dies_reported(count: int) -> None:
    """SIGKILL between the delivery report with this number and its acknowledgement."""
    _dies_at(Engine, "delivered", count, lambda _engine, tickets: len(tickets))


# Broken


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


def condemns_at_once() -> None:
    """Believes that a payload which was worked on when the process ended has ended it."""
    replace(crash_watch, "fate_of", lambda _: lambda *_work: Fate.DIED)


def remembers_no_crash() -> None:
    """Works on whatever comes, whatever it did the last time."""
    replace(crash_watch.CrashWatch, "open", lambda _: lambda _watch: False)


def keeps_silent() -> None:
    """Says that it is ready, whatever holds."""
    replace(Observer, "not_ready", lambda _: lambda _observer: [])


VARIANTS: dict[str, Callable[..., None]] = {
    variant.__name__: variant
    for variant in (
        poisonous,
        reads_clock,
        fails_fatally,
        dies_encoding,
        dies_producing,
        dies_reported,
        acknowledges_on_receipt,
        trusts_dead_letters,
        acknowledges_out_of_order,
        writes_out_of_order,
        produces_again,
        is_not_idempotent,
        keeps_generations,
        drops_duplicates,
        gives_its_session_up,
        rewrites_dead_letters,
        keys_by_topic,
        loses_precision,
        condemns_at_once,
        remembers_no_crash,
        keeps_silent,
    )
}


def apply(names: Sequence[str]) -> None:
    """Changes the gateway; a name may have a number behind it: ``dies_encoding:20``."""
    for each in names:
        name, _, number = each.partition(":")
        VARIANTS[name](*([int(number)] if number else []))


if __name__ == "__main__":
    apply(sys.argv.pop(1).split(","))
    main()
