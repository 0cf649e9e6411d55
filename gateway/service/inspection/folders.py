"""The folder of contracts: do its files hold together, keep the team's rules, and may they follow their own past."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.compile.route import Route
from gateway.config.contract import Contracts
from gateway.config.load import load_contracts, load_existing
from gateway.config.rules_file import load_rules
from gateway.config.settings import Limits
from gateway.errors import ConfigError
from gateway.history.repository import committed
from gateway.model import SchemaVersion
from gateway.notation.template import Template
from gateway.plan.conventions import breaches
from gateway.plan.findings import Area, Check, Finding, Grade, invalid, worst
from gateway.plan.folder_schemas import Wanted
from gateway.plan.past import regressions
from gateway.plan.rehearsal import rehearse


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What was found in a folder of contracts."""

    findings: tuple[Finding, ...]
    contracts: int = 0
    shared_types: int = 0
    examples: int = 0
    """How many were played."""
    routes: tuple[Route, ...] = ()
    """What would run."""

    @property
    def grade(self) -> Grade:
        """The gravest of the findings."""
        return worst(self.findings)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What gateway.yaml says about contracts, or its defaults."""

    dead_letters: Template
    """Template of the dead-letter topics of contracts that declare none."""
    limits: Limits


def inspect_folder(folder: Path, around: Circumstances, since: str | None = None) -> FolderReport:
    """The report on the contracts below ``folder``; never raises for what it is there to find.

    ``since`` names a commit of the git repository around it. Raises ConfigError where there is none.
    """
    try:
        contracts = load_contracts(folder, around.dead_letters)
    except ConfigError as exc:
        return FolderReport(tuple(invalid(exc)))
    report = inspect_contracts(contracts, around.limits.depth)
    if since is None:
        return report
    return replace(report, findings=(*report.findings, *_since(contracts, around, since)))


def inspect_contracts(
    contracts: Contracts, depth: int, known: Mapping[Wanted, SchemaVersion] | None = None
) -> FolderReport:
    """The report on contracts that are loaded; ``known``: schemas that no folder holds."""
    rehearsal = rehearse(contracts, depth=depth, arrival=time.time_ns() // 1_000_000, known=known)
    findings = list(rehearsal.findings)
    try:
        findings += breaches(contracts, load_rules(contracts.folder))
    except ConfigError as exc:
        findings += invalid(exc)
    return FolderReport(
        tuple(dict.fromkeys(findings)),
        len(contracts),
        len(contracts.shared_types),
        rehearsal.examples,
        rehearsal.routes,
    )


def _since(contracts: Contracts, around: Circumstances, since: str) -> list[Finding]:
    with committed(contracts.folder, since) as copy:
        try:
            past = load_existing(copy, around.dead_letters)
        except ConfigError as exc:
            first = str(exc).splitlines()[0].replace(f"{copy}/", "")
            message = f"what was committed at {since} cannot be read, so nothing was compared with it: {first}"
            return [Finding(Grade.UNKNOWN, Area.SCHEMA, since, message, check=Check.HISTORY)]
        return list(regressions(contracts, past, since))
