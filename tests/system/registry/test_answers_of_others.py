"""What our client makes of the answers of registries that are not there to be asked: those written in the fixtures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import yaml
from starlette.types import ASGIApp

from gateway.config.settings import Registry as RegistrySettings
from gateway.errors import RegistryUnavailable
from gateway.model import Format
from gateway.plan.unapplied import same_text
from gateway.registry.answers import Candidate
from gateway.registry.client import RegistryClient, SchemaRefused
from tests.parts.registry_faults import FaultyRegistry, answer, at_path, faulty_registry
from tests.system.registry.exchanges import KARAPACE

SUBJECT = "plant.pump-value"
SCHEMA = Candidate(Format.AVRO, '{"type":"record","name":"R","fields":[]}')
ANSWERS = yaml.safe_load(KARAPACE.read_text())


@pytest.fixture
async def registry() -> AsyncIterator[FaultyRegistry]:
    async with faulty_registry() as running:
        yield running


@pytest.fixture
async def client(registry: FaultyRegistry) -> AsyncIterator[RegistryClient]:
    opened = RegistryClient(RegistrySettings(url=registry.url))
    yield opened
    await opened.aclose()


async def asks_the_latest(client: RegistryClient) -> None:
    assert not (await client.check(SUBJECT, SCHEMA)).compatible


async def is_compatible(client: RegistryClient) -> None:
    assert (await client.check(SUBJECT, SCHEMA)).compatible


async def is_an_outage(client: RegistryClient) -> None:
    with pytest.raises(RegistryUnavailable, match=r"registry\.url"):
        await client.latest(SUBJECT)


async def is_refused(client: RegistryClient) -> None:
    with pytest.raises(SchemaRefused, match="references are not supported for 'JSON'") as refused:
        await client.register(SUBJECT, SCHEMA)
    assert not refused.value.incompatible


async def is_incompatible(client: RegistryClient) -> None:
    with pytest.raises(SchemaRefused) as refused:
        await client.register(SUBJECT, SCHEMA)
    assert refused.value.incompatible


async def has_no_guid(client: RegistryClient) -> None:
    assert (await client.latest(SUBJECT)).guid is None


async def has_no_metadata(client: RegistryClient) -> None:
    assert (await client.read_latest(SUBJECT)).extras == ()


async def is_the_same_schema(client: RegistryClient) -> None:
    found = await client.latest(SUBJECT)
    assert same_text(SCHEMA.text, found.text, found.format)


BECOMES: dict[str, Callable[[RegistryClient], Awaitable[None]]] = {
    "the verdict on the latest version": asks_the_latest,
    "an outage": is_an_outage,
    "compatible": is_compatible,
    "refused": is_refused,
    "refused as incompatible": is_incompatible,
    "a version without GUID": has_no_guid,
    "the schema of the folder": is_the_same_schema,
    "a version without metadata": has_no_metadata,
}


@pytest.mark.parametrize("written", ANSWERS, ids=lambda written: written["name"])
async def test_karapace(registry: FaultyRegistry, client: RegistryClient, written: dict[str, Any]):
    """Each answer becomes what is written beside it."""
    path = written["request"].split(" ", 1)[1].replace("{subject}", SUBJECT)
    registry.fault = at_path(path, said(written["status"], written["answer"]), otherwise=latest_differs(written))
    await BECOMES[written["becomes"]](client)
    assert any(request == written["request"].replace("{subject}", SUBJECT) for request in registry.requests)


def said(status: int, body: Any) -> ASGIApp:
    return answer(status, json.dumps(body).replace("{subject}", SUBJECT))


def latest_differs(written: dict[str, Any]) -> ASGIApp:
    """What is asked besides: the other comparison, which says no; or the path that is not there."""
    if written["request"].endswith("/versions/latest"):
        return said(404, "Not Found")
    return said(200, {"is_compatible": False})
