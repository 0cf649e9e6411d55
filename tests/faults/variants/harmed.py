"""Not broken: what a payload, or the machine, does to the process."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError

from gateway.kafka import generation
from gateway.kafka.sink import KafkaSink
from gateway.model import Record, Rejection
from gateway.pipeline.engine import Engine
from gateway.pipeline.routes import RouteTable
from gateway.service.clock import SystemClock
from tests.faults.variants.patching import replace

POISON = b"poison"
"""A payload that holds this kills the process that decodes it."""


def kill_self(number: int = signal.SIGKILL) -> None:
    os.kill(os.getpid(), number)


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
