"""Everything that ``gateway check`` finds, in one report."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.compile.route import Route
from gateway.config.files import display
from gateway.config.load import Project, load_project
from gateway.config.settings import Settings
from gateway.errors import ConfigError, ConfigProblem
from gateway.model import SchemaVersion
from gateway.plan.findings import Finding, Grade, invalid, worst
from gateway.plan.folder_schemas import Wanted
from gateway.plan.memory import Memory, memory_ceiling
from gateway.service.inspection.broker import inspect_broker
from gateway.service.inspection.folders import inspect_contracts
from gateway.service.inspection.settings import inspect_settings
from gateway.service.inspection.subjects import inspect_subjects
from gateway.service.inspection.topics import inspect_topics


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked, and how it stands."""

    findings: tuple[Finding, ...]
    contracts: int
    shared_types: int
    examples: int
    """How many were played."""
    routes: tuple[Route, ...]
    """What would run."""
    memory: Memory | None
    """What these settings need at most; None where they cannot be read."""
    guarantees: tuple[str, ...]
    """What these settings promise, for a person."""

    @property
    def grade(self) -> Grade:
        """The gravest of the findings."""
        return worst(self.findings)


async def inspect(config: Path, *, online: bool, client_id: str | None = None) -> Report:
    """The report on ``config`` and its contracts; never raises for what it is there to find.

    ``online`` asks the peers too; ``client_id`` is the MQTT client ID for that. Raises ConfigError only for
    a client ID that would take the production session over.
    """
    try:
        project = load_project(config)
    except ConfigError as exc:
        return Report(tuple(invalid(exc)), 0, 0, 0, (), None, ())
    identity = check_client_id(project.settings, client_id)
    file = display(config)
    findings = list(inspect_settings(project, file))
    known: dict[Wanted, SchemaVersion] = {}
    if online:
        asked, known = await _ask_peers(project, file, identity)
        findings += asked
    folders = inspect_contracts(project.contracts, project.settings.limits.depth, known)
    memory = memory_ceiling(project.settings, folders.routes)
    return Report(
        tuple(dict.fromkeys([*folders.findings, *findings])),
        folders.contracts,
        folders.shared_types,
        folders.examples,
        folders.routes,
        memory,
        tuple(_guarantees(project.settings, memory)),
    )


def check_client_id(settings: Settings, chosen: str | None) -> str:
    """The client ID to ask the broker with. Raises ConfigError for the gateway's own."""
    own = settings.mqtt.client_id
    if chosen == own:
        message = f"{own!r} is the gateway's own: the check would end its session, and lose what waits there"
        raise ConfigError([ConfigProblem("--client-id", message)])
    return chosen or f"{own}-check"


async def _ask_peers(project: Project, file: str, client_id: str) -> tuple[list[Finding], dict[Wanted, SchemaVersion]]:
    """What the three peers say; each is asked whatever the others do."""
    broker, topics, subjects = await asyncio.gather(
        inspect_broker(project, client_id),
        inspect_topics(project, file),
        inspect_subjects(project, file),
    )
    return [*broker, *topics, *subjects.findings], subjects.held


def _guarantees(settings: Settings, memory: Memory) -> Iterator[str]:
    limits = settings.limits
    yield (
        f"memory: at most {settings.mqtt.receive_maximum} unconfirmed messages, and {limits.window_bytes} bytes of "
        "their payloads plus one payload, are held; the broker keeps the rest. With that the process needs at most "
        f"{_megabytes(memory.total)}: {_megabytes(memory.window)} for those, {_megabytes(memory.payload)} for the "
        f"payload at work, {_megabytes(memory.topics)} for topics, {_megabytes(memory.process + memory.schemas)} for "
        "itself and its schemas"
    )
    if settings.dead_letters.payload == "full":
        yield (
            f"dead letters hold the payload byte for byte; of one above {limits.payload_bytes} bytes "
            "(limits.payload_bytes) the first 64 KiB, its size and its SHA-256"
        )
    else:
        kept = (
            "size and SHA-256 of the payload" if settings.dead_letters.payload == "hash" else "nothing of the payload"
        )
        yield f"dead letters hold {kept} (dead_letters.payload: {settings.dead_letters.payload})"


def _megabytes(count: int) -> str:
    return f"{-(-count // 1_000_000)} MB"
