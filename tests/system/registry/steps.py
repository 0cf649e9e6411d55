"""What tests do at a registry: connect to it, plan, apply, pull."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.config.contract import DEFAULT_DEAD_LETTERS
from gateway.config.load import load_contracts, load_existing
from gateway.config.settings import Limits
from gateway.config.settings import Registry as RegistrySettings
from gateway.plan.changes import Plan
from gateway.plan.pulling import Pull
from gateway.registry.client import RegistryClient
from gateway.registry.execution import Step, execute
from gateway.service.schema_plan import Orphans, plan_schemas
from gateway.service.schema_pull import pull_schemas, write_pull
from tests.parts.apicurio import PATIENCE_S
from tests.parts.projects import ProjectFiles


@asynccontextmanager
async def connected(url: str, properties: Mapping[str, str] | None = None) -> AsyncIterator[RegistryClient]:
    """A client as patient as the slowest part needs it, closed with the block; ``properties`` are Confluent's."""
    patient = {"timeout": str(PATIENCE_S), **(properties or {})}
    client = RegistryClient(RegistrySettings(url=url, properties=patient))
    try:
        yield client
    finally:
        await client.aclose()


async def made(client: RegistryClient, files: ProjectFiles | Path, **orphans: Any) -> Plan:
    """The plan for what the folders want."""
    folder = files if isinstance(files, Path) else files.contracts
    return await plan_schemas(client, load_contracts(folder), Orphans(**orphans), Limits().depth)


async def applied(client: RegistryClient, plan: Plan) -> list[Step]:
    """What became of each change."""
    return [step async for step in execute(client, plan)]


async def pulled(client: RegistryClient, folder: Path, prefix: str = "") -> Pull:
    """What is pulled into a folder, and written."""
    pull = await pull_schemas(client, load_existing(folder, DEFAULT_DEAD_LETTERS), prefix)
    write_pull(pull)
    return pull
