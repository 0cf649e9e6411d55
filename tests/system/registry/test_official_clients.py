"""Confluent's own clients and serializers against the development registry: if they are content, users are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from confluent_kafka.schema_registry import (
    AsyncSchemaRegistryClient,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.common.schema_registry_client import ConfigCompatibilityLevel
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from gateway.registry.development.http import registry_app
from gateway.registry.development.memory import keep, recall
from gateway.registry.development.resources import Keep
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store

PUMP = Schema('{"type":"record","name":"plant.Pump","fields":[{"name":"id","type":"string"}]}', "AVRO")
PUMP_2 = Schema(
    '{"type":"record","name":"Pump","namespace":"plant","fields":[{"name":"id","type":"string"},'
    '{"name":"t","type":["null","double"],"default":null}]}',
    "AVRO",
)
PLANT = Schema(
    '{"type":"record","name":"plant.Plant","fields":[{"name":"pump","type":"plant.Pump"}]}',
    "AVRO",
    [SchemaReference("plant.Pump", "pump-value", 1)],
)
GATE = Schema(
    '{"title":"Gate","type":"object","properties":{"open":{"type":"boolean"}},"required":["open"]}',
    "JSON",
)
WRONG_REFERENCE = b'{"schema": "\\"int\\"", "references": [{"name": "x", "subject": "known", "version": 0}]}'
VALUE = SerializationContext("pump", MessageField.VALUE)


@asynccontextmanager
async def running(store: Store, kept: Keep | None = None) -> AsyncIterator[AsyncSchemaRegistryClient]:
    """A client of a registry with this store."""
    async with (
        serving(registry_app(store, kept)) as url,
        AsyncSchemaRegistryClient({"url": url, "timeout": 10, "max.retries": 0}) as client,
    ):
        yield client


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serving(registry_app(Store())) as url:
        yield url


@pytest.fixture
async def client() -> AsyncIterator[AsyncSchemaRegistryClient]:
    async with running(Store()) as client:
        yield client


async def test_a_subjects_life(client: AsyncSchemaRegistryClient):
    """Register, read, compare, delete: every call of the asynchronous client about subjects."""
    first = await client.register_schema_full_response("pump-value", PUMP)
    assert (first.version, first.subject) == (1, "pump-value")
    second = await client.register_schema("pump-value", PUMP_2, normalize_schemas=True)
    assert await client.get_subjects() == ["pump-value"]
    assert await client.get_subjects("plant") == []
    assert await client.get_versions("pump-value") == [1, 2]
    latest = await client.get_latest_version("pump-value")
    assert (latest.version, latest.schema_id) == (2, second)
    assert (await client.get_version("pump-value", 1)).schema_id == first.schema_id
    assert (await client.lookup_schema("pump-value", PUMP)).version == 1
    assert (await client.get_schema(second)).schema_str == PUMP_2.schema_str
    assert latest.guid is not None
    assert (await client.get_schema_by_guid(latest.guid)).schema_str == PUMP_2.schema_str
    assert await client.get_subjects_by_schema_id(second) == ["pump-value"]
    assert [listed.version for listed in await client.get_schema_versions(second)] == [2]
    assert await client.test_compatibility("pump-value", PUMP)
    assert await client.test_compatibility_all_versions("pump-value", PUMP)
    assert await client.delete_version("pump-value", 2) == 2
    assert await client.delete_subject("pump-value") == [1]
    assert await client.delete_subject("pump-value", permanent=True) == [1, 2]


async def test_references(client: AsyncSchemaRegistryClient):
    """A schema with references is registered, read with them, and listed where it refers to."""
    await client.register_schema("pump-value", PUMP)
    plant_id = await client.register_schema("plant-value", PLANT)
    read = await client.get_latest_version("plant-value")
    assert [(ref.name, ref.subject, ref.version) for ref in read.schema.references or []] == [
        ("plant.Pump", "pump-value", 1)
    ]
    assert await client.get_referenced_by("pump-value", 1) == [plant_id]


async def test_levels_and_modes(client: AsyncSchemaRegistryClient):
    """Config and mode, of a subject and of the registry."""
    assert await client.get_compatibility() == "BACKWARD"
    await client.set_compatibility("pump-value", "full")
    assert await client.get_compatibility("pump-value") == "FULL"
    await client.set_config("pump-value", ServerConfig(compatibility=ConfigCompatibilityLevel.NONE))
    assert (await client.get_config("pump-value")).compatibility_level == "NONE"
    await client.delete_config("pump-value")
    assert await client.get_global_mode() == "READWRITE"
    assert await client.update_mode("pump-value", "READONLY") == "READONLY"
    assert await client.get_mode("pump-value") == "READONLY"
    await client.delete_mode("pump-value")
    assert await client.get_contexts() == ["."]
    assert set(await client.get_schema_types()) == {"AVRO", "JSON"}


async def test_errors_arrive_with_confluents_codes(client: AsyncSchemaRegistryClient):
    """HTTP status and error code, as the client reports them."""
    with pytest.raises(SchemaRegistryError) as missing:
        await client.get_latest_version("none")
    assert (missing.value.http_status_code, missing.value.error_code) == (404, 40401)
    await client.register_schema("pump-value", PUMP)
    with pytest.raises(SchemaRegistryError) as conflict:
        await client.register_schema("pump-value", Schema('"int"', "AVRO"))
    assert (conflict.value.http_status_code, conflict.value.error_code) == (409, 409)
    with pytest.raises(SchemaRegistryError) as protobuf:
        await client.register_schema("pump-value", Schema('syntax = "proto3";', "PROTOBUF"))
    assert protobuf.value.error_code == 42201


async def test_the_synchronous_serializers_work(url: str):
    """AvroSerializer and JSONSerializer register, ask for associations, and read back what they wrote."""

    def round_trips() -> list[object]:
        client = SchemaRegistryClient({"url": url, "timeout": 10})
        try:
            assert PUMP.schema_str is not None
            assert GATE.schema_str is not None
            pump = AvroSerializer(client, PUMP.schema_str)({"id": "p7"}, VALUE)
            gate_context = SerializationContext("gate", MessageField.VALUE)
            gate = JSONSerializer(GATE.schema_str, client)({"open": True}, gate_context)
            return [
                AvroDeserializer(client)(pump, VALUE),
                JSONDeserializer(GATE.schema_str, schema_registry_client=client)(gate, gate_context),
                client.get_subjects(),
            ]
        finally:
            client._rest_client.session.close()  # it offers no other way

    assert await asyncio.to_thread(round_trips) == [{"id": "p7"}, {"open": True}, ["gate-value", "pump-value"]]


async def test_a_restart_with_a_folder_keeps_everything(tmp_path: Path):
    """IDs, versions and levels are as they were."""
    store = Store()
    async with running(store, lambda changed: keep(changed, tmp_path)) as client:
        pump_id = await client.register_schema("pump-value", PUMP)
        await client.set_compatibility("pump-value", "FULL")
    again = Store()
    assert recall(again, tmp_path)
    async with running(again) as client:
        assert (await client.get_latest_version("pump-value")).schema_id == pump_id
        assert await client.get_compatibility("pump-value") == "FULL"


async def test_a_change_that_cannot_be_kept_is_a_store_error():
    """50001, so that nobody believes in a registration that a restart would undo."""

    def fail(_: Store) -> None:
        raise OSError(28, "No space left on device")

    async with running(Store(), fail) as client:
        with pytest.raises(SchemaRegistryError, match="No space left on device") as failure:
            await client.register_schema("a", PUMP)
    assert (failure.value.http_status_code, failure.value.error_code) == (500, 50001)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("GET", "/nowhere", None, {}, 404, 404),
        ("PATCH", "/subjects", None, {}, 405, 405),
        ("POST", "/subjects/a/versions", b"{}", {"content-type": "text/plain"}, 415, 415),
        ("POST", "/subjects/a/versions", b"{", {}, 400, 400),
        ("POST", "/subjects/a/versions", b"[]", {}, 400, 400),
        ("POST", "/subjects/a/versions", b"{}", {}, 422, 42201),
        ("POST", "/subjects/a/versions", b'{"schema": "1", "references": [1]}', {}, 422, 42201),
        ("POST", "/subjects/a/versions", b'{"schema": "1", "references": 1}', {}, 422, 42201),
        ("POST", "/subjects/a/versions", WRONG_REFERENCE, {}, 422, 42201),
        ("GET", "/subjects/a/versions/0", None, {}, 422, 42202),
        ("GET", "/schemas/ids/x", None, {}, 404, 404),
        ("GET", "/schemas/ids/99", None, {}, 404, 40403),
        ("GET", "/schemas/guids/x", None, {}, 404, 40403),
        ("GET", "/subjects?offset=x", None, {}, 404, 404),
        ("GET", "/associations/resources/-/pump", None, {}, 404, 404),
        ("PUT", "/mode", b'{"mode": 1}', {}, 422, 42204),
        ("DELETE", "/config/a", None, {}, 404, 40401),
    ],
)
async def test_a_bad_request_is_answered_in_the_registrys_own_form(url, method, path, body, headers, status, code):
    """Never an empty body, never a page of the framework."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        await http.post("/subjects/known/versions", json={"schema": '"int"'})
        answer = await http.request(method, path, content=body, headers={"content-type": "application/json", **headers})
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
    assert answer.json()["message"]


async def test_lists_can_be_paged_and_schemas_listed(url: str):
    """Offset and limit, prefixes, deleted ones on request, metadata."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:

        async def get(path: str) -> object:
            return (await http.get(path)).json()

        for name in "abc":
            metadata = {"properties": {"owner": name}}
            await http.post(f"/subjects/{name}/versions", json={"schema": '"int"', "metadata": metadata})
        await http.delete("/subjects/b")
        assert await get("/subjects?deleted=true") == ["a", "b", "c"]
        assert await get("/subjects?offset=1&limit=1&deleted=true") == ["b"]
        assert await get("/subjects?subjectPrefix=:*:c") == ["c"]
        listed = (await http.get("/schemas?latestOnly=true")).json()
        assert [entry["subject"] for entry in listed] == ["a", "c"]
        assert (await http.get("/subjects/a/metadata?key=owner&value=a")).json()["version"] == 1
        assert (await http.get("/subjects/a/metadata?key=owner&value=z")).status_code == 404
        assert await get("/schemas/ids/1/schema") == "int"
        assert await get("/") == {}
        guid = listed[0]["guid"]
        assert await get(f"/schemas/guids/{guid}/ids") == [{"context": ".", "id": 1}]
        plain = await http.post("/compatibility/subjects/a/versions", json={"schema": '"nonsense"'})
        assert plain.json()["error_code"] == 42201
        verbose = await http.post("/compatibility/subjects/a/versions?verbose=true", json={"schema": '"nonsense"'})
        assert verbose.json()["is_compatible"] is False
        assert "nonsense" in verbose.json()["messages"][0]
