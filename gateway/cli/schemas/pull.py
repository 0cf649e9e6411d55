"""``gateway schemas pull``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gateway.cli.console import line, open_console, print_json, printable
from gateway.cli.exits import Exit
from gateway.cli.parameters import Output, OutputFormat
from gateway.cli.schemas.folders import FolderArgument, OptionalConfig, Place, RegistryUrl, find_place, open_registry
from gateway.compile.sentence import counted
from gateway.config.contract import Contracts
from gateway.config.files import display
from gateway.config.load import load_existing
from gateway.plan.pulling import Pull
from gateway.service.schema_pull import pull_schemas, write_pull


def pull(
    folder: FolderArgument = None,
    config: OptionalConfig = None,
    registry: RegistryUrl = None,
    prefix: Annotated[
        str, typer.Option(help="Only subjects that begin so, and those that share a folder with one.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Write what the registry holds as contract folders: new ones for new subjects, changes into those that hold one.

    Example: `gateway schemas pull schemas --registry http://localhost:8081`

    Exit codes: 0 the folders say what the registry holds, but for what notes tell, 2 a file cannot be read or written,
    3 the registry cannot be reached.
    """
    place = find_place(folder, config, registry)
    existing = load_existing(place.folder, place.around.dead_letters)
    made = asyncio.run(_ask(place, existing, prefix))
    if not dry_run:
        write_pull(made)
    if output is Output.JSON:
        files = [{"path": display(file.path), "new": file.is_new} for file in made.files]
        print_json({"files": files, "remarks": made.remarks, "written": not dry_run})
    else:
        _show(made, dry_run=dry_run)
    raise typer.Exit(Exit.FINE)


async def _ask(place: Place, existing: Contracts, prefix: str) -> Pull:
    async with open_registry(place) as client:
        return await pull_schemas(client, existing, prefix)


def _show(made: Pull, *, dry_run: bool) -> None:
    console = open_console()
    for file in made.files:
        mark = ("+ ", "green") if file.is_new else ("~ ", "yellow")
        console.print(line(mark, (display(file.path), "")))
    for remark in made.remarks:
        console.print(line(("note  ", "dim"), (printable(remark), "")))
    console.print(line((_told(made) + (" (nothing was written)" if dry_run and made.files else ""), "bold")))


def _told(made: Pull) -> str:
    """What came of it, in few words."""
    if made.files:
        new = sum(file.is_new for file in made.files)
        return f"{counted(new, 'new file')}, {len(made.files) - new} changed"
    return "the folders say what the registry holds" + (", but for what the notes tell" if made.remarks else "")
