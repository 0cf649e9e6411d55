"""Filling a development registry: from contract folders (their schemas) or from fixture files.

A fixture file is JSON: ``{"compatibility": LEVEL, "subjects": [{"subject": ..., "compatibility":
LEVEL, "versions": [{"schemaType": ..., "schema": TEXT OR OBJECT, "references": [...]}]}]}``, where
only ``subject``, ``versions`` and ``schema`` are needed (registry-fixtures/README.md).

Order does not matter: what refers to others waits for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError, ConfigProblem
from gateway.model import Format, ReferenceTo
from gateway.registry.development.refusals import Refused
from gateway.registry.development.schemas import Definition
from gateway.registry.development.store import LATEST, Store


@dataclass(frozen=True, slots=True)
class Seed:
    """A schema that a registry is to start with."""

    subject: str
    format: Format
    text: str
    references: tuple[ReferenceTo, ...] = ()
    """With version LATEST (-1) for the latest one."""
    source: str = ""
    """The file it comes from, for error messages."""


def plant(store: Store, seeds: Iterable[Seed]) -> int:
    """How many versions were added; what is there already stays. Seeds of one subject keep their order.

    Raises ConfigError with every seed that the registry refuses.
    """
    waiting = list(seeds)
    added = 0
    while True:
        before = len(waiting)
        refused: list[tuple[Seed, Refused]] = []
        left: list[Seed] = []
        for seed in waiting:
            if any(earlier.subject == seed.subject for earlier in left):
                left.append(seed)
                continue
            try:
                added += _register(store, seed)
            except Refused as exc:
                left.append(seed)
                refused.append((seed, exc))
        waiting = left
        if not waiting:
            return added
        if len(waiting) == before:
            problems = [
                ConfigProblem(file=seed.source or seed.subject, message=f"subject {seed.subject!r}: {exc.message}")
                for seed, exc in refused
            ]
            raise ConfigError(problems)


def plant_file(store: Store, path: Path) -> int:
    """How many versions a fixture file added; its levels are set. Raises ConfigError."""
    seeds: list[Seed] = []
    try:
        content = json.loads(path.read_bytes())
        if "compatibility" in content:
            store.rules.set_level(None, content["compatibility"])
        for listed in content["subjects"]:
            subject = listed["subject"]
            if "compatibility" in listed:
                store.rules.set_level(subject, listed["compatibility"])
            seeds += [_seed(subject, version, path) for version in listed["versions"]]
    except KeyError as exc:
        raise ConfigError([ConfigProblem(file=str(path), key=str(exc.args[0]), message="is missing")]) from exc
    except (OSError, ValueError, RecursionError, TypeError, AttributeError, Refused) as exc:
        raise ConfigError([ConfigProblem(file=str(path), message=f"not a registry fixture: {exc}")]) from exc
    return plant(store, seeds)


def _seed(subject: str, version: dict[str, Any], path: Path) -> Seed:
    schema = version["schema"]
    references = tuple(
        ReferenceTo(reference["name"], reference["subject"], int(reference.get("version", LATEST)))
        for reference in version.get("references", [])
    )
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return Seed(subject, Format(version.get("schemaType", Format.AVRO)), text, references, str(path))


def _register(store: Store, seed: Seed) -> int:
    """1 if the seed was new, 0 if it was there. Raises Refused."""
    references = tuple(
        ReferenceTo(reference.name, reference.subject, store.version(reference.subject, reference.version).version)
        for reference in seed.references
    )
    before = sum(1 for _ in store.everywhere())
    store.register(seed.subject, Definition(seed.format, seed.text, references))
    return sum(1 for _ in store.everywhere()) - before
