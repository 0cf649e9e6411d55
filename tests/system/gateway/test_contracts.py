"""The shipped contracts through the whole gateway: what their examples promise is what Kafka holds."""

from __future__ import annotations

import asyncio
import io
import json
import math
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from gateway.compile.example import example_topic
from gateway.compile.wire import split
from gateway.config.contract import Contract
from gateway.config.examples import AcceptedExample, RejectedExample
from gateway.config.load import load_contracts
from gateway.model import Format
from gateway.notation.pointer import MISSING
from gateway.registry.development.folders import seeds_of
from gateway.registry.development.seeds import plant
from tests.parts.gateway import SCHEMAS, GatewayProcess
from tests.parts.kafka import Consumed, KafkaBroker
from tests.parts.mosquitto import Mosquitto
from tests.parts.registry_faults import faulty_registry

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]

CONTRACTS = load_contracts(SCHEMAS)
Example = AcceptedExample | RejectedExample
UNROUTED = "gateway.dlq"
PARTITIONS = 3


async def test_every_example_of_every_contract(tmp_path: Path, own_kafka: KafkaBroker, mosquitto: Mosquitto) -> None:
    """Accepted examples are read back by Confluent's deserializers and by fastavro; rejected ones are dead letters."""
    for topic in topics():
        own_kafka.create_topic(topic, PARTITIONS)
    async with faulty_registry() as registry:
        plant(registry.store, seeds_of(CONTRACTS))
        gateway = GatewayProcess(
            tmp_path / "gateway",
            mqtt={"url": mosquitto.url},
            kafka={"bootstrap.servers": own_kafka.bootstrap},
            registry={"url": registry.url},
        )
        try:
            await asyncio.to_thread(gateway.start)
            published = await asyncio.to_thread(publish_examples, mosquitto)
            records = await gathered(own_kafka, published)
            await asyncio.to_thread(check, records, registry.url)
        finally:
            gateway.close()


def topics() -> list[str]:
    """Every Kafka topic that the shipped contracts write to."""
    variants = [variant for contract in CONTRACTS for variant in contract.variants()]
    return sorted({name for variant in variants for name in (variant.topic, variant.dead_letters)} | {UNROUTED})


def publish_examples(mosquitto: Mosquitto) -> int:
    """Publishes every example on its topic; returns how many."""
    count = 0
    for contract in CONTRACTS:
        by_topic: dict[str, list[bytes]] = {}
        examples: list[Example] = [*contract.examples.accepted, *contract.examples.rejected]
        for example in examples:
            by_topic.setdefault(topic_of(contract, example), []).append(example.payload)
        for topic, payloads in by_topic.items():
            mosquitto.publish(topic, *payloads)
            count += len(payloads)
    return count


def topic_of(contract: Contract, example: Example) -> str:
    """The MQTT topic that an example arrives on."""
    return example.mqtt or example_topic(contract, contract.variants()[0], example.payload)


async def gathered(kafka: KafkaBroker, count: int) -> dict[str, list[Consumed]]:
    """The records of all topics, once there are ``count``."""
    async with asyncio.timeout(60):
        while True:
            records = {topic: await asyncio.to_thread(kafka.consume, topic) for topic in topics()}
            if sum(map(len, records.values())) >= count:
                assert sum(map(len, records.values())) == count, "nothing may come twice"
                return records
            await asyncio.sleep(0.1)


def check(records: dict[str, list[Consumed]], registry_url: str) -> None:
    """Every example has its record or dead letter, and there are no others."""
    with SchemaRegistryClient({"url": registry_url}) as client:
        check_with(client, records)


def check_with(client: SchemaRegistryClient, records: dict[str, list[Consumed]]) -> None:
    """The same, with an open client of the registry."""
    readers = {
        Format.AVRO: AvroDeserializer(client),
        Format.JSON: JSONDeserializer(None, schema_registry_client=client),
    }
    for contract in CONTRACTS:
        [variant] = contract.variants()
        assert contract.schema is not None
        main = records[variant.topic]
        assert len(main) == len(contract.examples.accepted)
        for example in contract.examples.accepted:
            record = take(main, example, contract)
            context = SerializationContext(variant.topic, MessageField.VALUE)
            read = readers[contract.schema.format](record.value, context)
            assert read is not None
            if example.becomes is not MISSING:
                assert_same(plain_value(record, contract), example.becomes, example.name)
            if contract.schema.format is Format.JSON:
                assert_same(read, json.loads(split(record.value or b"")[1]), example.name)
        for wrong in contract.examples.rejected:
            dead = records[variant.dead_letters] + records[UNROUTED]
            letters = [letter for letter in dead if letter.value == wrong.payload]
            assert letters, f"{contract.name}: {wrong.name}: no dead letter has the payload's bytes"
            assert any(letter_is(letter, wrong, topic_of(contract, wrong)) for letter in letters), (
                f"{contract.name}: {wrong.name}: {[dict(letter.headers) for letter in letters]}"
            )
        partitions: dict[bytes | None, int] = {}
        for record in records[variant.topic]:
            assert partitions.setdefault(record.key, record.partition) == record.partition


def letter_is(letter: Consumed, example: RejectedExample, mqtt_topic: str) -> bool:
    """Whether a dead letter is the example's: its reason, path and topic."""
    headers = dict(letter.headers)
    first = json.loads(headers["gw-errors"])["errors"][0]
    return (
        headers["gw-reason"].decode() == example.code == first["code"]
        and headers["gw-mqtt-topic"].decode() == mqtt_topic
        and (example.path is None or first["path"] == example.path)
    )


def take(records: list[Consumed], example: AcceptedExample, contract: Contract) -> Consumed:
    """The record of an accepted example: by what it becomes, its key and its coercions."""
    for record in records:
        headers = dict(record.headers)
        noted = headers.get("gw-coercions", b"").decode().rpartition(";")[2]
        coercions: dict[str, set[str]] = {}
        for item in filter(None, noted.split(",")):
            path, _, code = item.partition("=")
            coercions.setdefault(path, set()).add(code)
        if example.key is not None and (record.key or b"").decode() != example.key:
            continue
        if example.coercions is not None and coercions != {
            path: set(codes) for path, codes in example.coercions.items()
        }:
            continue
        if example.becomes is not MISSING and not same(plain_value(record, contract), example.becomes):
            continue
        return record
    raise AssertionError(f"{contract.name}: {example.name}: no such record")


def plain_value(record: Consumed, contract: Contract) -> Any:
    """The record's value as JSON: Avro by fastavro with physical values, JSON as it stands."""
    _, body = split(record.value or b"")
    assert contract.schema is not None
    if contract.schema.format is Format.JSON:
        return json.loads(body)
    schemas = {shared.subject: json.loads(shared.schema.text) for shared in CONTRACTS.shared_types}
    named: dict[str, Any] = {}
    for reference in contract.references:
        fastavro.parse_schema(without_logical_types(schemas[reference.subject]), named_schemas=named)
    schema = fastavro.parse_schema(without_logical_types(json.loads(contract.schema.text)), named_schemas=named)
    return as_json(fastavro.schemaless_reader(io.BytesIO(body), schema))


def without_logical_types(schema: Any) -> Any:
    """The schema of the physical types."""
    if isinstance(schema, dict):
        return {key: without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    return [without_logical_types(item) for item in schema] if isinstance(schema, list) else schema


def as_json(value: Any) -> Any:
    """Bytes as latin-1 text."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value


def same(found: Any, wanted: Any) -> bool:
    """Equal as JSON values: numbers by value, never a boolean with a number."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(found, float) and isinstance(wanted, float):
        return math.isclose(found, wanted, rel_tol=1e-6)
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


def assert_same(found: Any, wanted: Any, name: str) -> None:
    """Fails with both values."""
    assert same(found, wanted), f"{name}: found {found}, wanted {wanted}"
