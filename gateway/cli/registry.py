"""``gateway registry serve``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import open_console, print_json
from gateway.cli.exits import Exit
from gateway.cli.parameters import Output, OutputFormat
from gateway.cli.signals import stop_on_signal
from gateway.config.files import is_folder
from gateway.registry.development.http import registry_app
from gateway.registry.development.memory import FILE_NAME, keep, recall
from gateway.registry.development.serve import serving
from gateway.registry.development.starters import fill
from gateway.registry.development.store import LATEST, Store
from gateway.service.state_folder import claimed

app = typer.Typer(name="registry", rich_markup_mode="markdown")


@app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    """A Schema Registry for laptops and tests.

    Example: `gateway registry serve schemas`
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(Exit.USAGE)


@app.command()
def serve(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER", help="Contract folders, or registry fixtures (files or folders), to start with."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one.")] = 8081,
    host: Annotated[str, typer.Option(help="Address to listen on. There is no authentication.")] = "127.0.0.1",
    data: Annotated[
        Path | None, typer.Option(help=f"Folder to keep everything in, as {FILE_NAME}; without, it is forgotten.")
    ] = None,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Run a Schema Registry for development, filled from contract folders or fixtures, until Ctrl-C.

    Example: `gateway registry serve schemas --port 8081`

    Exit codes: 0 stopped, 2 a file cannot be read or a schema registered, or the address is taken.
    """
    if data is not None and is_folder(data) is False:
        raise typer.BadParameter(f"{data} is no folder", param_hint="--data")
    with nullcontext() if data is None else claimed(data):  # two would give the same IDs to different schemas
        store = Store()
        recalled = data is not None and recall(store, data)
        added = fill(store, sources or [])
        write_down = None if data is None else _keeper(data)
        if write_down is not None and (added or not recalled):
            try:
                write_down(store)
            except OSError as exc:
                message = f"{data} cannot be written: {exc.strerror or exc}"
                raise typer.BadParameter(message, param_hint="--data") from exc
        raise typer.Exit(asyncio.run(_serve(store, write_down, host, port, output)))


def _keeper(folder: Path) -> Callable[[Store], None]:
    """What writes the registry down. Raises BadParameter if ``folder`` cannot be one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise typer.BadParameter(f"{folder} is no folder: {exc.strerror or exc}", param_hint="--data") from exc
    return lambda store: keep(store, folder)


async def _serve(
    store: Store, write_down: Callable[[Store], None] | None, host: str, port: int, output: Output
) -> Exit:
    stop = stop_on_signal()
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serving(registry_app(store, write_down), host, port))
        except (OSError, UnicodeError) as exc:  # the latter for a host that cannot be a name
            reason = exc.strerror if isinstance(exc, OSError) else "that is no name of a host"
            message = f"cannot listen on {host}:{port}: {reason or exc}; choose another --host or --port"
            raise typer.BadParameter(message) from exc
        _announce(url, store, output)
        await stop.wait()
    return Exit.FINE


def _announce(url: str, store: Store, output: Output) -> None:
    """Says where it listens and what it holds, at once: a script may wait for it."""
    latest = [store.version(subject, LATEST) for subject in store.subjects()]
    if output is Output.JSON:
        subjects = [
            {"subject": each.subject, "version": each.version, "id": each.schema_id, "type": each.definition.format}
            for each in latest
        ]
        print_json({"url": url, "subjects": subjects})
        return
    console = open_console()
    width = max((len(each.subject) for each in latest), default=0)
    for each in latest:
        known = f"version {each.version}  ID {each.schema_id}  {each.definition.format}"
        console.print(f"{each.subject:<{width}}  {known}")
    held = "1 subject" if len(latest) == 1 else f"{len(latest)} subjects"
    console.print(f"Schema Registry for development: {url} ({held}); Ctrl-C ends it")
    console.file.flush()
