"""What each stage of a message costs in one process, and what others need for a part of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import jsonschema
import jsonschema_rs
import msgspec
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from bench import telemetry
from bench.payloads import SAMPLES, Sample
from bench.stopwatch import cost_us
from gateway.compile.json_text import make_decoder
from gateway.compile.route import Route, compile_route
from gateway.config.contract import Contract
from gateway.model import Format, Message, Record, Rejection, SchemaVersion
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.deadletter import DeadLetters
from gateway.pipeline.engine import Engine
from gateway.pipeline.routes import RouteTable
from gateway.pipeline.stats import Stats
from gateway.service.clock import SystemClock

MESSAGES = 2000
ARRIVAL = 1_780_000_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """One measured step."""

    name: str
    cpu_us: float
    """Per message."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Large:
    """What a larger payload costs, beside decoding and writing it with little or no validation."""

    name: str
    payload_bytes: int
    cpu_us: dict[str, float]
    """By kind of schema: from bytes to record."""
    other_us: dict[str, float]
    """By kind of schema: ``msgspec`` and ``fastavro.schemaless_writer``, ``msgspec`` and ``jsonschema_rs.is_valid``."""


class _Sink:
    """Takes records and remembers their tickets."""

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []

    def send(self, _record: Record, ticket: Ticket) -> None:
        """Confirms nothing yet."""
        self.tickets.append(ticket)


def measure() -> list[Stage]:
    """All stages, from the inside out, and what others need for a part of it."""
    clean = [telemetry.message(number) for number in range(MESSAGES)]
    clean = [(topic, payload) for topic, payload in clean if b'"hot"' not in payload]
    payloads = [payload for _, payload in clean]
    decode = make_decoder(exact=False)
    stages = [Stage("decode", cost_us(decode, payloads), "msgspec; the stages below contain it")]
    for kind, text in telemetry.SCHEMAS.items():
        stages += _gateway(kind, text, clean)
    return [*stages, *_others([decode(payload) for payload in payloads])]


def measure_large() -> list[Large]:
    """What payloads of 2 to 50 KB cost."""
    return [_large(sample) for sample in SAMPLES]


def _route(kind: str, text: str) -> Route:
    contract = Contract("bench", Path(), TopicFilter.parse(telemetry.FILTER), Template.parse(telemetry.TOPICS[kind]))
    version = SchemaVersion(telemetry.SUBJECTS[kind], 1, 1, Format(kind.upper()), text)
    return compile_route(contract, contract.variants()[0], version, depth=64)


def _gateway(kind: str, text: str, clean: list[tuple[str, bytes]]) -> list[Stage]:
    route = _route(kind, text)
    table = RouteTable([route])
    decode, proves_sound, encode_body = route.decode, route.codec.proves_sound, route.codec.encode
    coerced = [(topic, _changed(payload, _loosen)) for topic, payload in clean]

    def write(payload: bytes) -> None:
        value = decode(payload)
        if proves_sound(payload, value):
            encode_body(value, payload, [])

    def encode(message: tuple[str, bytes]) -> object:
        topic, payload = message
        return table.encode(topic, payload, ARRIVAL)

    assert all(isinstance(encode(message), Record) for message in clean + coerced)
    body = cost_us(write, [payload for _, payload in clean])
    converted_body = cost_us(write, [payload for _, payload in coerced])
    whole, converted = cost_us(encode, clean), cost_us(encode, coerced)
    engine = Engine(
        table, DeadLetters("u", "full", "0"), Stats(), SystemClock(), max_messages=1 << 30, max_bytes=1 << 40
    )
    return [
        Stage(f"{kind}: bytes to bytes, clean", body, "decode, prove that no key stands twice, validate, encode"),
        Stage(
            f"{kind}: bytes to bytes, three leaves converted",
            converted_body,
            f"{converted_body / body:.1f} times clean; a number, an integer and a boolean",
        ),
        Stage(f"{kind}: bytes to record, clean", whole, "that, and topic, key, framing, the record itself"),
        Stage(
            f"{kind}: bytes to record, three leaves converted",
            converted,
            f"{converted / whole:.1f} times clean; that, and the header that tells of them",
        ),
        *_rejections(kind, encode, clean, whole),
        Stage(
            f"{kind}: engine, receipt to acknowledgement", _engine_cost(engine, clean), "all of it but MQTT and Kafka"
        ),
    ]


def _rejections(
    kind: str, encode: Callable[[tuple[str, bytes]], object], clean: Sequence[tuple[str, bytes]], whole: float
) -> list[Stage]:
    """What each typical mistake costs: every violation found and explained, with what would help."""
    stages: list[Stage] = []
    for name, mistake in telemetry.MISTAKES.items():
        rejected = [(topic, _changed(payload, mistake)) for topic, payload in clean]
        assert all(isinstance(encode(message), Rejection) for message in rejected)
        cost = cost_us(encode, rejected)
        stages.append(Stage(f"{kind}: bytes to rejection, {name}", cost, f"{cost / whole:.1f} times clean"))
    return stages


def _engine_cost(engine: Engine, clean: Sequence[tuple[str, bytes]]) -> float:
    messages = [Message(topic, payload, 1, n + 1, False, False, ARRIVAL) for n, (topic, payload) in enumerate(clean)]

    def run(_: None) -> None:
        sink = _Sink()
        engine.sink = sink
        window: AckWindow = engine.open()
        engine.connect(lambda _tickets: None)
        for message in messages:
            engine.receive(window, message)
        for at in range(0, len(sink.tickets), 100):
            engine.delivered(sink.tickets[at : at + 100])

    return cost_us(run, [None]) / len(messages)


def _changed(payload: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    return json.dumps(change(json.loads(payload)), separators=(",", ":")).encode()


def _loosen(value: dict[str, Any]) -> dict[str, Any]:
    """A number, an integer and a boolean as loosely typed firmware publishes them."""
    return value | {
        "temperature": str(value["temperature"]),
        "battery_level": str(value["battery_level"]),
        "enabled": 1,
    }


def _others(values: Sequence[Any]) -> list[Stage]:
    """What other libraries need to validate or to serialize the decoded value."""
    schema = fastavro.parse_schema(json.loads(telemetry.AVRO))
    json_schema = json.loads(telemetry.JSON_SCHEMA)
    rust = jsonschema_rs.Draft7Validator(json_schema, offline=True, validate_formats=False)
    python = jsonschema.Draft7Validator(json_schema)
    few = values[:200]
    note = "from the decoded value"
    return [
        Stage("fastavro.schemaless_writer", cost_us(_fastavro(schema), values), f"{note}; validates little"),
        Stage("fastavro.validate", cost_us(lambda value: fastavro.validate(value, schema), few), note),
        Stage("Confluent's AvroSerializer", cost_us(_serializer("avro"), few), f"{note}; validates little"),
        Stage("Confluent's JSONSerializer", cost_us(_serializer("json"), few), note),
        Stage("jsonschema_rs.is_valid", cost_us(rust.is_valid, values), note),
        Stage("jsonschema.is_valid", cost_us(python.is_valid, few), note),
        Stage("msgspec.json.encode", cost_us(msgspec.json.Encoder().encode, values), note),
    ]


def _fastavro(schema: Any) -> Callable[[Any], object]:
    def write(value: Any) -> None:
        fastavro.schemaless_writer(io.BytesIO(), schema, value)

    return write


def _serializer(kind: str) -> Callable[[Any], object]:
    """Confluent's own, with a registry inside the process."""
    registry = SchemaRegistryClient.new_client({"url": "mock://"})
    subject = telemetry.SUBJECTS[kind]
    registry.register_schema(subject, Schema(telemetry.SCHEMAS[kind], kind.upper()))
    config = {"auto.register.schemas": False, "use.latest.version": True, "subject.name.strategy": lambda *_: subject}
    context = SerializationContext(telemetry.TOPICS[kind], MessageField.VALUE)
    if kind == "avro":
        serialize: Any = AvroSerializer(registry, telemetry.SCHEMAS[kind], conf=config)
    else:
        serialize = JSONSerializer(telemetry.SCHEMAS[kind], registry, conf=config)
    return lambda value: serialize(value, context)


def _large(sample: Sample) -> Large:
    decode = msgspec.json.Decoder().decode
    write = _fastavro(fastavro.parse_schema(json.loads(json.dumps(sample.avro))))
    is_valid = jsonschema_rs.Draft7Validator(sample.json_schema, offline=True, validate_formats=False).is_valid
    repeated = [sample.payload] * max(10, 500_000 // len(sample.payload))
    topic, _ = telemetry.message(0)
    ours: dict[str, float] = {}
    for kind, schema in (("avro", sample.avro), ("json", sample.json_schema)):
        encode = RouteTable([_route(kind, json.dumps(schema))]).encode
        assert isinstance(encode(topic, sample.payload, ARRIVAL), Record)
        ours[kind] = cost_us(lambda payload, encode=encode: encode(topic, payload, ARRIVAL), repeated)  # type: ignore[misc]
    others = {
        "avro": cost_us(lambda payload: write(decode(payload)), repeated),
        "json": cost_us(lambda payload: is_valid(decode(payload)), repeated),
    }
    return Large(sample.name, len(sample.payload), ours, others)
