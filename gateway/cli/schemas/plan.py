"""``gateway schemas plan``."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway import __version__
from gateway.cli.console import line, open_console, print_json, printable
from gateway.cli.exits import Exit
from gateway.cli.renderings.plans import details, markdown, sign, summary, title
from gateway.cli.schemas.folders import (
    FolderArgument,
    OptionalConfig,
    Place,
    RegistryUrl,
    find_place,
    open_registry,
)
from gateway.config.load import load_contracts
from gateway.plan.changes import NoteKind, Plan
from gateway.plan.document import VERSION, PlanDocument, write_plan
from gateway.service.schema_plan import Orphans, plan_schemas

_STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "bold red"}
_NOTES = {NoteKind.CONFLICT: "bold red", NoteKind.DRIFT: "yellow", NoteKind.UNKNOWN: "yellow", NoteKind.ORPHAN: "dim"}


class PlanFormat(StrEnum):
    """For whom the plan is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


DeleteOrphans = Annotated[
    bool, typer.Option("--delete-orphans", help="Delete subjects that no folder names, softly; see --prefix.")
]
Permanent = Annotated[
    bool, typer.Option("--permanent", help="With --delete-orphans: for good, after the soft deletion.")
]
Prefix = Annotated[str, typer.Option(help="Look for orphans only among subjects that begin so.")]


def plan(  # noqa: PLR0917 - the options of a command, which typer passes by name
    folder: FolderArgument = None,
    config: OptionalConfig = None,
    registry: RegistryUrl = None,
    output: Annotated[
        PlanFormat,
        typer.Option("--output", "-o", help="text for a person, json for a program, markdown for a comment."),
    ] = PlanFormat.TEXT,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the plan there, for apply.")] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 if there is anything to do.")] = False,
    prefix: Prefix = "",
    delete_orphans: DeleteOrphans = False,
    permanent: Permanent = False,
) -> None:
    """Say what the registry lacks of what the folders want, and what it thinks of it. Nothing is written there.

    Example: `gateway schemas plan --out plan.json`

    Exit codes: 0 made, 1 it cannot be applied, or with --exit-code there is something to do, 2 a file cannot be used,
    3 the registry cannot be reached.
    """
    place = find_place(folder, config, registry)
    made = make(place, orphans(prefix, delete=delete_orphans, permanent=permanent))
    document = PlanDocument(VERSION, __version__, datetime.now(UTC).isoformat(timespec="seconds"), made)
    if out is not None:
        try:
            out.write_text(write_plan(document), encoding="utf-8", errors="backslashreplace")
        except OSError as exc:
            raise typer.BadParameter(f"{out} cannot be written: {exc.strerror or exc}", param_hint="--out") from exc
    match output:
        case PlanFormat.TEXT:
            show(made, open_console())
        case PlanFormat.JSON:
            print_json(asdict(document))
        case PlanFormat.MARKDOWN:
            typer.echo(markdown(made), nl=False)
    found = made.blocked or made.conflicts or (exit_code and made.changes)
    raise typer.Exit(Exit.FOUND if found else Exit.FINE)


def orphans(prefix: str, *, delete: bool, permanent: bool) -> Orphans:
    """What the options say of orphans. Raises BadParameter where they contradict each other."""
    if permanent and not delete:
        raise typer.BadParameter("--permanent is for --delete-orphans")
    return Orphans(prefix, delete=delete, permanent=permanent)


def make(place: Place, wanted: Orphans) -> Plan:
    """The plan for a place. Raises ConfigError, RegistryUnavailable."""
    contracts = load_contracts(place.folder, place.around.dead_letters)

    async def ask() -> Plan:
        async with open_registry(place) as client:
            return await plan_schemas(client, contracts, wanted, place.around.limits.depth)

    return asyncio.run(ask())


def show(made: Plan, console: Console) -> None:
    """Prints the plan: the changes in order, then what a person should know, then all of it on one line."""
    for change in made.changes:
        mark = sign(change)
        head = (f"{mark} {change.subject}", _STYLES[mark])
        console.print(line(head, (f"  {printable(title(change))}", "")))
        for detail in details(change):
            console.print(line((f"    {printable(detail)}", "" if mark != "!" else "red")))
    for note in made.notes:
        console.print(line((f"{note.kind:<9}", _NOTES[note.kind]), (f"{note.subject}: {printable(note.message)}", "")))
    console.print(line((f"{', '.join(made.urls)}: ", ""), (summary(made), "bold")))
    if made.blocked or made.conflicts:
        console.print(line(("this plan cannot be applied", "bold red")))
