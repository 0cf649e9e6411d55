"""``gateway schemas``: contracts and their schemas as code."""

from __future__ import annotations

import gc

import typer

from gateway.cli.exits import Exit
from gateway.cli.schemas.apply import apply
from gateway.cli.schemas.check import check
from gateway.cli.schemas.impact import impact
from gateway.cli.schemas.new import new
from gateway.cli.schemas.plan import plan
from gateway.cli.schemas.pull import pull

app = typer.Typer(name="schemas", rich_markup_mode="markdown")
for command in (new, check, impact, plan, apply, pull):
    app.command()(command)


@app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    """Contracts and their schemas as code: check them, plan and apply what the registry lacks.

    Example: `gateway schemas check`
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(Exit.USAGE)
    # Folders and answers stay until the command ends: collected at the default pace, they cost a tenth of its time.
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000)
    context.call_on_close(gc.unfreeze)
    context.call_on_close(lambda: gc.set_threshold(*usual))
