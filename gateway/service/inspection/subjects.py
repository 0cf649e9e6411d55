"""Whether Schema Registry holds what the contracts need, and the gateway would run with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.compile.route import compile_route
from gateway.config.contract import Contract, Variant
from gateway.config.files import display, locating
from gateway.config.load import Project
from gateway.errors import ConfigError, RegistryUnavailable, SchemaError, SubjectNotFound
from gateway.model import SchemaVersion
from gateway.plan.findings import Area, Finding, Grade, invalid
from gateway.plan.folder_schemas import FolderSchemas, Wanted
from gateway.plan.unapplied import unapplied
from gateway.registry.client import RegistryClient

_AT_ONCE = 8
"""Questions to the registry at a time."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """What the registry said."""

    findings: list[Finding] = field(default_factory=list)
    held: dict[Wanted, SchemaVersion] = field(default_factory=dict)
    """The versions that it has."""


async def inspect_subjects(project: Project, file: str) -> Subjects:
    """Each subject that contracts, shared types and references name."""
    try:
        with locating(Path(file)):
            client = RegistryClient(project.settings.registry, file)
    except ConfigError as exc:
        return Subjects(list(invalid(exc)))
    schemas = FolderSchemas(project.contracts)
    try:
        answers = await _ask(client, list(dict.fromkeys([*_own(project), *schemas.kept_elsewhere()])))
    finally:
        await client.aclose()
    where = ", ".join(client.urls)
    away = {str(answer): None for answer in answers.values() if isinstance(answer, RegistryUnavailable)}
    found = [Finding(Grade.UNREACHABLE, Area.REGISTRY, where, message) for message in away]
    if not away:
        found.append(Finding(Grade.FINE, Area.REGISTRY, where, "answers"))
    for contract in project.contracts:
        for variant in contract.variants():
            answer = answers[variant.subject, contract.version]
            found += _judge(contract, variant, schemas, answer, project.settings.limits.depth)
    for shared in project.contracts.shared_types:
        found += _stands(shared.name, shared.subject, schemas, answers[shared.subject, None])
    return Subjects(found, {each: answer for each, answer in answers.items() if isinstance(answer, SchemaVersion)})


Answer = SchemaVersion | SubjectNotFound | RegistryUnavailable | SchemaError


def _own(project: Project) -> list[Wanted]:
    """The subjects of contracts and shared types."""
    wanted: list[Wanted] = [
        (variant.subject, contract.version) for contract in project.contracts for variant in contract.variants()
    ]
    return wanted + [(shared.subject, None) for shared in project.contracts.shared_types]


async def _ask(client: RegistryClient, wanted: list[Wanted]) -> dict[Wanted, Answer]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(subject: str, version: int | None) -> Answer:
        async with gate:
            try:
                return await (client.latest(subject) if version is None else client.version(subject, version))
            except (SubjectNotFound, RegistryUnavailable, SchemaError) as exc:
                return exc

    answers = await asyncio.gather(*(one(*each) for each in wanted))
    return dict(zip(wanted, answers, strict=True))


def _judge(
    contract: Contract, variant: Variant, schemas: FolderSchemas, answer: Answer, depth: int
) -> Iterator[Finding]:
    """How a contract's subject stands, and whether the contract would run with what the registry has."""
    if isinstance(answer, SchemaVersion):
        try:
            compile_route(contract, variant, answer, depth=depth)
        except SchemaError as exc:
            message = f"the contract would be inactive with version {answer.version}: {exc}"
            yield Finding(Grade.PROBLEM, Area.REGISTRY, variant.subject, message, contract.name, path=exc.schema_path)
            return
    yield from _stands(contract.name, variant.subject, schemas, answer)


def _stands(name: str, subject: str, schemas: FolderSchemas, answer: Answer) -> Iterator[Finding]:
    match answer:
        case SchemaVersion():
            file = schemas.declared(subject)
            difference = unapplied(file, schemas.references(subject), answer)
            shown = "" if file is None else display(file.path)
            if difference:
                message = f"{difference}, and the gateway runs with the registry's; see gateway schemas plan"
                yield Finding(Grade.NOTICE, Area.REGISTRY, subject, message, name, shown)
            else:
                kept = "kept elsewhere" if file is None else "the file is applied"
                message = f"version {answer.version}, ID {answer.schema_id}, {answer.format}, {kept}"
                yield Finding(Grade.FINE, Area.REGISTRY, subject, message, name, shown)
        case SubjectNotFound():
            message = f"{answer}: its contracts would be inactive; register it (gateway schemas apply)"
            yield Finding(Grade.PROBLEM, Area.REGISTRY, subject, message, name)
        case SchemaError():
            yield Finding(Grade.PROBLEM, Area.REGISTRY, subject, str(answer), name)
        case RegistryUnavailable():
            pass  # said once, for all subjects
