"""The console script: the commands under one name, and errors as one line and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli import attempt, check, demo, dlq, publish, registry, run, simulate
from gateway.cli.exits import Exit, exit_code
from gateway.errors import GatewayError

app = typer.Typer(
    name="gateway",
    help="Schema Gateway: device JSON from MQTT into typed Kafka topics, without losing a message.",
    no_args_is_help=True,
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


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Runs the command line; errors of ours become a message on standard error and an exit code."""
    try:
        app()
    except GatewayError as exc:
        typer.echo(f"gateway: {exc}", err=True)
        sys.exit(exit_code(exc))
    except KeyboardInterrupt:
        sys.exit(Exit.FINE)
