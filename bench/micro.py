"""What each stage of a message costs in one process: CPU time, the best of several rounds.

The best round is the one that other processes of the machine disturbed least; it is a property of
the code, where the average would be one of the afternoon.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import jsonschema
import jsonschema_rs
import msgspec

from bench import telemetry
from gateway.compile.json_text import make_decoder
from gateway.compile.route import compile_route
from gateway.config.contract import Contract
from gateway.model import Format, Message, Record, SchemaVersion
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.deadletter import DeadLetters
from gateway.pipeline.engine import Engine
from gateway.pipeline.routes import RouteTable
from gateway.pipeline.stats import Stats
from gateway.service.clock import SystemClock

ROUNDS = 9
MESSAGES = 2000
ARRIVAL = 1_780_000_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """One measured step."""

    name: str
    cpu_us: float
    """Per message."""
    note: str = ""


class _Sink:
    """Takes records and remembers their tickets."""

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []

    def send(self, _record: Record, ticket: Ticket) -> None:
        """Confirms nothing yet."""
        self.tickets.append(ticket)


def measure() -> list[Stage]:
    """All stages, from the inside out, and what others need for a part of it."""
    clean = [telemetry.message(number) for number in range(MESSAGES) if number % telemetry.INVALID_EVERY]
    clean = [(topic, payload) for topic, payload in clean if b'"hot"' not in payload]
    payloads = [payload for _, payload in clean]
    decode = make_decoder(exact=False)
    values = [decode(payload) for payload in payloads]
    stages = [Stage("decode", _cost(decode, payloads), "msgspec; all contenders below start from the decoded value")]
    for kind, text in telemetry.SCHEMAS.items():
        stages += _gateway(kind, text, clean)
    return [*stages, *_others(values)]


def _gateway(kind: str, text: str, clean: Sequence[tuple[str, bytes]]) -> list[Stage]:
    contract = Contract("bench", Path(), TopicFilter.parse(telemetry.FILTER), Template.parse(telemetry.TOPICS[kind]))
    version = SchemaVersion(telemetry.SUBJECTS[kind], 1, 1, Format(kind.upper()), text)
    began = time.process_time()
    table = RouteTable([compile_route(contract, contract.variants()[0], version, depth=64)])
    compile_us = (time.process_time() - began) * 1e6
    coerced = [(topic, _loosened(payload)) for topic, payload in clean]
    rejected = [(topic, payload.replace(b'"status":"RUNNING"', b'"status":"MELTING"')) for topic, payload in clean]

    def encode(message: tuple[str, bytes]) -> object:
        return table.encode(*message, ARRIVAL)

    engine = Engine(
        table, DeadLetters("u", "full", "0"), Stats(), SystemClock(), max_messages=1 << 30, max_bytes=1 << 40
    )
    return [
        Stage(f"{kind}: compile the contract, once", compile_us),
        Stage(f"{kind}: bytes to record, clean", _cost(encode, clean), "decode, prove, validate, encode, frame"),
        Stage(f"{kind}: bytes to record, three leaves converted", _cost(encode, coerced)),
        Stage(f"{kind}: bytes to rejection", _cost(encode, rejected), "with every violation found and explained"),
        Stage(
            f"{kind}: engine, receipt to acknowledgement", _engine_cost(engine, clean), "all of it but MQTT and Kafka"
        ),
    ]


def _engine_cost(engine: Engine, clean: Sequence[tuple[str, bytes]]) -> float:
    messages = [Message(topic, payload, 1, n + 1, False, False, ARRIVAL) for n, (topic, payload) in enumerate(clean)]

    def run() -> None:
        sink = _Sink()
        engine.sink = sink
        window: AckWindow = engine.open()
        engine.connect(lambda _tickets: None)
        for message in messages:
            engine.receive(window, message)
        for at in range(0, len(sink.tickets), 100):
            engine.delivered(sink.tickets[at : at + 100])

    return _best(run) / len(messages) * 1e6


def _loosened(payload: bytes) -> bytes:
    """The payload with a number, an integer and a boolean as loosely typed firmware publishes them."""
    value = json.loads(payload)
    value |= {"temperature": str(value["temperature"]), "battery_level": str(value["battery_level"]), "enabled": 1}
    return json.dumps(value, separators=(",", ":")).encode()


def _others(values: Sequence[Any]) -> list[Stage]:
    """What other libraries need to validate or to serialize the decoded value."""
    schema = fastavro.parse_schema(json.loads(telemetry.AVRO))
    json_schema = json.loads(telemetry.JSON_SCHEMA)
    rust = jsonschema_rs.Draft7Validator(json_schema, offline=True, validate_formats=False)
    python = jsonschema.Draft7Validator(json_schema)

    def write(value: Any) -> None:
        fastavro.schemaless_writer(io.BytesIO(), schema, value)

    few = values[:200]
    return [
        Stage("fastavro.schemaless_writer", _cost(write, values), "validates little: see docs/design.md"),
        Stage("fastavro.validate", _cost(lambda value: fastavro.validate(value, schema), few)),
        Stage("jsonschema_rs.is_valid", _cost(rust.is_valid, values)),
        Stage("jsonschema.is_valid", _cost(python.is_valid, few)),
        Stage("msgspec.json.encode", _cost(msgspec.json.Encoder().encode, values)),
    ]


def _cost(function: Callable[[Any], object], inputs: Sequence[Any]) -> float:
    """CPU microseconds of one call."""

    def run() -> None:
        for each in inputs:
            function(each)

    return _best(run) / len(inputs) * 1e6


def _best(run: Callable[[], None]) -> float:
    """CPU seconds of the least disturbed round."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best
