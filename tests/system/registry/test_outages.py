"""The whole registry adapter through an outage: what was known is served, nothing is spoilt, and then it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.config.settings import Registry as RegistrySettings
from gateway.errors import RegistryUnavailable, SubjectNotFound
from gateway.model import Format
from gateway.registry.answers import Candidate
from gateway.registry.cache import CachedRegistry
from gateway.registry.client import RegistryClient
from gateway.registry.reachability import PAUSE_S
from gateway.registry.snapshot import Snapshot
from tests.parts.processes import free_port
from tests.parts.registry_faults import GARBAGE, FaultyRegistry, answer, faulty_registry, stall
from tests.unit.registry.fakes import FakeClock

GATE = Candidate(Format.JSON, '{"title":"Gate"}')
GATE_2 = Candidate(Format.JSON, '{"title":"Gate","description":"of the plant"}')
REFRESH_S = 60.0

OUTAGES = {**GARBAGE, "silence": stall(), "a request to wait": answer(429, "", {"retry-after": "4"})}


@pytest.fixture
async def registry() -> AsyncIterator[FaultyRegistry]:
    async with faulty_registry() as running:
        yield running


@asynccontextmanager
async def gateway(urls: str, folder: Path, clock: FakeClock) -> AsyncIterator[tuple[RegistryClient, CachedRegistry]]:
    """The client and the cache on top of it, as the gateway wires them; time-outs are short."""
    client = RegistryClient(RegistrySettings(url=urls, properties={"timeout": "0.5"}))
    cached = CachedRegistry(client, Snapshot(folder, client.urls), clock, REFRESH_S)
    try:
        yield client, cached
    finally:
        await cached.aclose()
        await client.aclose()


@pytest.mark.parametrize("fault", OUTAGES.values(), ids=OUTAGES.keys())
async def test_an_outage_changes_nothing_and_passes(registry: FaultyRegistry, tmp_path: Path, fault):
    """Whatever the registry does instead of answering: same object meanwhile, new version within 10 s afterwards."""
    clock = FakeClock()
    async with gateway(registry.url, tmp_path, clock) as (client, cached):
        await client.register("gate", GATE)
        before = await cached.latest("gate")
        snapshot = (tmp_path / "registry-snapshot.json").read_bytes()
        await client.register("gate", GATE_2)
        registry.fault = fault
        clock.pass_s(REFRESH_S)
        assert await cached.latest("gate") is before
        assert cached.health.reachable is False
        assert (tmp_path / "registry-snapshot.json").read_bytes() == snapshot
        registry.fault = None
        clock.pass_s(PAUSE_S)
        assert (await cached.latest("gate")).version == 2
        assert cached.health.reachable is True


async def test_a_start_without_registry_serves_the_snapshot(registry: FaultyRegistry, tmp_path: Path):
    """Same schema, same ID, nobody to ask; and the first answer replaces it."""
    clock = FakeClock()
    async with gateway(registry.url, tmp_path, clock) as (client, cached):
        await client.register("gate", GATE)
        before = await cached.latest("gate")
    dead = f"http://127.0.0.1:{free_port()}"
    async with gateway(f"{dead},{registry.url}", tmp_path, clock) as (_, cached):
        registry.fault = answer(500, "")
        assert await cached.latest("gate") == before
        assert cached.health.reachable is False
        with pytest.raises(RegistryUnavailable):
            await cached.latest("never seen")
        registry.fault = None
        clock.pass_s(PAUSE_S)
        assert await cached.latest("gate") == before
        with pytest.raises(SubjectNotFound):
            await cached.latest("never seen")
        assert cached.health.reachable is True
