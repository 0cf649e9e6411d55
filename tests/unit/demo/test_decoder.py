"""Records as Confluent's deserializers give them to an analyst."""

import io
import json
import struct
from datetime import UTC, datetime

import fastavro
import pytest

from gateway.demo.analyst import Decoder
from gateway.errors import GatewayError
from gateway.kafka.reader import StoredRecord
from gateway.model import Format
from gateway.registry.development.http import registry_app
from gateway.registry.development.schemas import Definition
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store

AVRO = {
    "type": "record",
    "name": "R",
    "fields": [{"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}],
}
JSON = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def framed(schema_id: int, body: bytes) -> StoredRecord:
    return StoredRecord("t", 1, 42, 0, b"k", struct.pack(">bI", 0, schema_id) + body, [])


async def test_avro_comes_back_with_its_logical_types() -> None:
    """By the schema that the record's prefix names; JSON by its own."""
    store = Store()
    avro = store.register("t-value", Definition(Format.AVRO, json.dumps(AVRO)))
    plain = store.register("u-value", Definition(Format.JSON, json.dumps(JSON)))
    body = io.BytesIO()
    moment = datetime(2026, 3, 1, 8, tzinfo=UTC)
    fastavro.schemaless_writer(body, AVRO, {"at": moment})
    async with serving(registry_app(store)) as url, Decoder(url) as decoder:
        assert await decoder.decode(framed(avro.schema_id, body.getvalue()), Format.AVRO) == {"at": moment}
        assert await decoder.decode(framed(plain.schema_id, b'{"n": 1}'), Format.JSON) == {"n": 1}


async def test_what_they_cannot_read_is_an_error_that_says_where() -> None:
    """A record that an analyst could not read is a fault of the gateway, and ends the demo."""
    store = Store()
    plain = store.register("u-value", Definition(Format.JSON, json.dumps(JSON)))
    async with serving(registry_app(store)) as url, Decoder(url) as decoder:
        with pytest.raises(GatewayError, match=r"t partition 1 offset 42.*report"):
            await decoder.decode(framed(plain.schema_id, b'{"n": "x"}'), Format.JSON)
