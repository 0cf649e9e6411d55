"""Registers the schemas of the contract folders, referenced ones first: ``register-schemas.py GATEWAY_YAML``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.config.load import load_project
from gateway.model import ReferenceTo
from gateway.registry.answers import Candidate
from gateway.registry.client import RegistryClient
from gateway.registry.development.folders import seeds_of
from gateway.registry.development.store import LATEST


async def main(config: Path) -> None:
    """Registers everything; what is there already stays as it is."""
    project = load_project(config)
    client = RegistryClient(project.settings.registry)
    try:
        for seed in seeds_of(project.contracts):
            references = [
                ReferenceTo(each.name, each.subject, (await client.read_latest(each.subject)).version)
                if each.version == LATEST
                else each
                for each in seed.references
            ]
            schema_id = await client.register(seed.subject, Candidate(seed.format, seed.text, tuple(references)))
            print(f"{seed.subject}: schema ID {schema_id}")
    finally:
        await client.aclose()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
