"""What the folders of contracts want a registry to hold, subject by subject, references before what refers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config.coexistence import subjects
from gateway.config.contract import Compatibility, Contract, Contracts, DeclaredReference
from gateway.config.files import display
from gateway.model import Format


@dataclass(frozen=True, slots=True)
class DesiredSchema:
    """The schema that a folder holds for a subject."""

    format: Format
    text: str
    references: tuple[DeclaredReference, ...]
    path: Path
    version: int | None
    """The version that the contract is pinned to, which must then be this schema; None for the latest."""

    @property
    def file(self) -> str:
        """The schema's file as messages show it."""
        return display(self.path)


@dataclass(frozen=True, slots=True)
class DesiredSubject:
    """What the folders say about a subject."""

    subject: str
    folder: str
    """The contract or shared type that says it."""
    schema: DesiredSchema | None
    """None where the schema is kept elsewhere."""
    level: Compatibility | None
    """None to leave it alone."""


def desired_subjects(contracts: Contracts) -> dict[str, DesiredSubject]:
    """Every subject that a folder names as its own, those that others refer to first.

    The folders were checked against each other: of those that share a subject one holds its schema, and one level is
    wanted; references are in no circle.
    """
    found: dict[str, DesiredSubject] = {}
    for folder in contracts.folders:
        schema = None
        if folder.schema is not None:
            pinned = folder.version if isinstance(folder, Contract) else None
            file = folder.schema
            schema = DesiredSchema(file.format, file.text, folder.references, file.path, pinned)
        for subject in subjects(folder):
            known = found.get(subject)
            if known is None:
                found[subject] = DesiredSubject(subject, folder.name, schema, folder.compatibility)
            else:
                found[subject] = DesiredSubject(
                    subject, known.folder, known.schema or schema, known.level or folder.compatibility
                )
    return _ordered(found)


def _ordered(found: Mapping[str, DesiredSubject]) -> dict[str, DesiredSubject]:
    ordered: dict[str, DesiredSubject] = {}

    def add(subject: str) -> None:
        if subject in ordered or subject not in found:
            return
        schema = found[subject].schema
        for reference in schema.references if schema is not None else ():
            add(reference.subject)
        ordered[subject] = found[subject]

    for subject in found:
        add(subject)
    return ordered
