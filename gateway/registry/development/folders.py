"""What contract folders declare, as seeds of a development registry."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.config.contract import Contracts, DeclaredReference, SchemaFile
from gateway.model import Format, ReferenceTo
from gateway.registry.development.seeds import Seed
from gateway.registry.development.store import LATEST


def seeds_of(contracts: Contracts) -> list[Seed]:
    """A seed for each subject whose schema stands in a folder, shared types first."""
    seeds = [_seed(shared.subject, shared.schema, shared.references) for shared in contracts.shared_types]
    for contract in contracts:
        if contract.schema is not None:
            subjects = dict.fromkeys(variant.subject for variant in contract.variants())
            seeds += [_seed(subject, contract.schema, contract.references) for subject in subjects]
    return seeds


def _seed(subject: str, schema: SchemaFile, references: Iterable[DeclaredReference]) -> Seed:
    listed = tuple(
        ReferenceTo(reference.name, reference.subject, LATEST if reference.version is None else reference.version)
        for reference in references
    )
    return Seed(subject, Format(schema.format), schema.text, listed, _shown(schema.path))


def _shown(path: Path) -> str:
    """The path as a person would write it from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
