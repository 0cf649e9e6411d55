"""``gateway registry serve`` as a process."""

import json
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.config.settings import Registry
from gateway.registry.client import RegistryClient
from tests.parts.gateway import SCHEMAS
from tests.system.cli.commands import Running, run, start


@pytest.fixture
async def started() -> AsyncIterator[list[Running]]:
    """Registries that end with the test."""
    running: list[Running] = []
    yield running
    for each in running:
        await each.kill()


async def serve(started: list[Running], folder: Path, *arguments: str) -> tuple[Running, dict[str, Any]]:
    """A registry, and what it announced."""
    registry = await start(folder, "registry", "serve", "--port", "0", "-o", "json", *arguments)
    started.append(registry)
    return registry, json.loads(await registry.line("{"))


async def test_the_shipped_contracts_are_served(started: list[Running], tmp_path: Path) -> None:
    """Every subject with its references, from the first moment on; SIGTERM ends it with exit 0."""
    registry, announced = await serve(started, tmp_path, str(SCHEMAS))
    assert len(announced["subjects"]) == 7
    client = RegistryClient(Registry(url=announced["url"]))
    version = await client.latest("logistics.cold-chain-value")
    await client.aclose()
    assert [reference.name for reference in version.references] == ["geo.Position"]
    listed = {each["subject"]: (each["id"], each["type"]) for each in announced["subjects"]}
    assert listed["logistics.cold-chain-value"] == (version.schema_id, "AVRO")
    registry.send(signal.SIGTERM)
    assert (await registry.finish()).code == 0


async def test_people_see_the_url_and_the_subjects(started: list[Running], tmp_path: Path) -> None:
    """One line each, the URL last; Ctrl-C ends it with exit 0."""
    fixture = SCHEMAS.parent / "registry-fixtures" / "seeds" / "plant.json"
    registry = await start(tmp_path, "registry", "serve", str(fixture), "--port", "0")
    started.append(registry)
    line = await registry.line("Schema Registry for development")
    assert "http://127.0.0.1:" in line
    assert "(3 subjects)" in line
    registry.send(signal.SIGINT)
    finished = await registry.finish()
    assert finished.code == 0
    assert finished.out.splitlines()[2].split() == ["plant.pump-value", "version", "1", "ID", "2", "AVRO"]


async def test_data_survive(started: list[Running], tmp_path: Path) -> None:
    """With --data what was registered, and every ID, is there after the next start; contracts are not added twice."""
    arguments = [str(SCHEMAS / "industry" / "pump"), "--data", "kept/here"]
    registry, first = await serve(started, tmp_path, *arguments)
    body = {"schema": '"string"'}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{first['url']}/subjects/late/versions", json=body)
    assert answer.status_code == 200
    other = await run(tmp_path, "registry", "serve", "--port", "0", "--data", "kept/here")
    assert other.code == 2
    assert "kept/here: is in use by process " in other.err
    registry.send(signal.SIGTERM)
    await registry.finish()
    _, second = await serve(started, tmp_path, *arguments)
    assert second["subjects"] == [{"subject": "late", "version": 1, "id": 2, "type": "AVRO"}, *first["subjects"]]


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """Exit 2, and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        finished = await run(tmp_path, "registry", "serve", "--port", port)
    assert finished.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in finished.err
    assert "--port" in finished.err


async def test_data_that_is_no_registry(tmp_path: Path) -> None:
    """Exit 2: starting empty would give the same IDs to other schemas."""
    (tmp_path / "development-registry.json").write_text("{}")
    finished = await run(tmp_path, "registry", "serve", "--port", "0", "--data", ".")
    assert finished.code == 2
    assert "move it away" in finished.err
