"""``gateway check``."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gateway.cli.console import line, open_console, print_json, printable
from gateway.cli.exits import Exit
from gateway.cli.parameters import ConfigFile, Output, OutputFormat
from gateway.cli.renderings.reports import STYLES, conclusion
from gateway.compile.route import Route
from gateway.plan.findings import Finding, Grade
from gateway.service.inspection.report import Report, inspect

_EXITS = {Grade.PROBLEM: Exit.FOUND, Grade.INVALID: Exit.USAGE, Grade.UNREACHABLE: Exit.UNREACHABLE}


def check(
    config: ConfigFile = Path("gateway.yaml"),
    online: Annotated[
        bool,
        typer.Option("--online", help="Ask the MQTT broker, Kafka and Schema Registry too; changes nothing there."),
    ] = False,
    client_id: Annotated[
        str | None, typer.Option(help="MQTT client ID for --online, instead of the gateway's with -check behind it.")
    ] = None,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Check that gateway.yaml and the contracts load, that the schemas compile, and that the examples hold.

    Example: `gateway check -c gateway.yaml --online`

    Exit codes: 0 fine, 1 something is wrong (an example, a topic, a permission, a subject), 2 a file cannot be
    used, 3 a peer cannot be reached (everything else is checked all the same).
    """
    if client_id is not None and not (online and client_id):
        message = "is for --online" if client_id else "is empty: name one that the broker accepts"
        raise typer.BadParameter(message, param_hint="--client-id")
    report = asyncio.run(inspect(config, online=online, client_id=client_id))
    if output is Output.JSON:
        print_json(_as_json(report, online=online))
    else:
        _show(report, open_console(), online=online)
    raise typer.Exit(_EXITS.get(report.grade, Exit.FINE))


def _as_json(report: Report, *, online: bool) -> dict[str, Any]:
    return {
        "ok": report.grade not in _EXITS,
        "grade": report.grade,
        "online": online,
        "contracts": report.contracts,
        "shared_types": report.shared_types,
        "examples": report.examples,
        "schemas": [_compiled(route) for route in report.routes],
        "findings": [asdict(finding) for finding in report.findings],
        "memory_bytes": None if report.memory is None else asdict(report.memory) | {"total": report.memory.total},
        "guarantees": list(report.guarantees),
    }


def _compiled(route: Route) -> dict[str, Any]:
    return {
        "contract": route.contract.name,
        "subject": route.version.subject,
        "format": route.version.format,
        "places": route.cost.places,
        "compile_ms": round(route.cost.seconds * 1e3, 3),
    }


def _show(report: Report, console: Console, *, online: bool) -> None:
    ranks = {grade: rank for rank, grade in enumerate(STYLES)}
    for finding in sorted(report.findings, key=lambda each: ranks[each.grade]):
        _show_finding(finding, console)
    for promise in report.guarantees:
        console.print(line(("promised     ", "dim"), (promise, "dim")))
    console.print(conclusion(report))
    if not online and report.contracts:
        console.print(line(("broker, Kafka and registry were not asked: add --online", "dim")))


def _show_finding(finding: Finding, console: Console) -> None:
    place = finding.file if finding.line is None else f"{finding.file}:{finding.line}"
    about = "" if finding.about == finding.contract or finding.about in finding.message else finding.about
    where = ": ".join(part for part in (place, about) if part)
    console.print(
        line(
            (f"{finding.grade:<13}", STYLES[finding.grade]),
            (f"{finding.area:<15}", "dim"),
            (f"{where}: " if where else "", "bold"),
            (printable(finding.message), ""),
        )
    )
