"""``gateway schemas check``."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from gateway.cli.console import line, open_console, print_json, printable
from gateway.cli.exits import Exit
from gateway.cli.renderings.findings import github, gitlab, sarif
from gateway.cli.renderings.reports import STYLES, conclusion
from gateway.cli.schemas.folders import FolderArgument, OptionalConfig, find_place
from gateway.plan.findings import Finding, Grade
from gateway.service.inspection.folders import FolderReport, inspect_folder

_EXITS = {Grade.PROBLEM: Exit.FOUND, Grade.INVALID: Exit.USAGE}


class Format(StrEnum):
    """For whom the findings are."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"


def check(
    folder: FolderArgument = None,
    config: OptionalConfig = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="GIT_REF", help="Hold changed schemas against this commit, branch or tag, too."),
    ] = None,
    output: Annotated[
        Format,
        typer.Option(
            "--output", "-o", help="text for a person, json for a program; sarif, github, gitlab for a code host."
        ),
    ] = Format.TEXT,
) -> None:
    """Check contracts and schemas without any service: files, schemas, examples, the team's own rules, their past.

    Example: `gateway schemas check --since origin/main`

    Exit codes: 0 fine, 1 something is wrong, 2 a file cannot be used.
    """
    place = find_place(folder, config, offline=True)
    report = inspect_folder(place.folder, place.around, since)
    match output:
        case Format.TEXT:
            _show(report)
        case Format.JSON:
            print_json(_as_json(report))
        case Format.SARIF:
            print_json(sarif(report.findings))
        case Format.GITHUB:
            for command in github(report.findings):
                typer.echo(command)
        case Format.GITLAB:
            print_json(gitlab(report.findings))
    raise typer.Exit(_EXITS.get(report.grade, Exit.FINE))


def _as_json(report: FolderReport) -> dict[str, object]:
    return {
        "ok": report.grade not in _EXITS,
        "grade": report.grade,
        "contracts": report.contracts,
        "shared_types": report.shared_types,
        "examples": report.examples,
        "findings": [asdict(finding) for finding in report.findings],
    }


def _show(report: FolderReport) -> None:
    console = open_console()
    ordered = sorted(report.findings, key=lambda each: (each.file, each.line or 0, each.column or 0))
    for finding in ordered:
        check = f" [{finding.check}]" if finding.check is not None else ""
        console.print(
            line(
                (f"{_place(finding)}: ", "bold"),
                (f"{finding.grade}: ", STYLES[finding.grade]),
                (printable(finding.message), ""),
                (check, "dim"),
            )
        )
    console.print(conclusion(report))


def _place(finding: Finding) -> str:
    parts = (finding.file or finding.about, finding.line, finding.column)
    return ":".join(str(part) for part in parts if part is not None)
