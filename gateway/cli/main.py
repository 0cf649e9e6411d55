"""The console script: the commands under one name."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli import attempt, check, demo, dlq, publish, registry, run, simulate
from gateway.cli.ending import ending
from gateway.cli.exits import Exit

app = typer.Typer(
    name="gateway",
    help="Schema Gateway: device JSON from MQTT into typed Kafka topics, without losing a message.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command(name="run")(run.run)
app.command(name="try")(attempt.attempt)
app.command(name="check")(check.check)
app.command(name="publish")(publish.publish)
app.command(name="dlq")(dlq.dlq)
app.add_typer(registry.app)
app.command(name="simulate")(simulate.simulate)
app.command(name="demo")(demo.demo)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(Exit.USAGE)


def main() -> None:
    """Runs the command line and ends the process with the command's exit code."""
    sys.exit(ending(lambda: app(prog_name="gateway", standalone_mode=False)))
