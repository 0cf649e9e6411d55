"""The console script: the commands under one name, each loaded when it is asked for.

``run`` stays in memory for years, and needs neither the development registry nor the simulated fleet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli.ending import ending
from gateway.cli.exits import Exit

COMMANDS = {
    "run": "run",
    "try": "attempt",
    "check": "check",
    "schemas": "schemas",
    "publish": "publish",
    "dlq": "dlq",
    "registry": "registry",
    "simulate": "simulate",
    "demo": "demo",
}
"""Command -> the module that has it, as a function of the module's name or as a Typer ``app``."""


def make_app(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        name="gateway",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    app.callback(invoke_without_command=True)(_root)
    for command in commands:
        name = COMMANDS[command]
        module = import_module(f"gateway.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app)
        else:
            app.command(name=command)(getattr(module, name))
    return app


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Schema Gateway: device JSON from MQTT into typed Kafka topics, without losing a message.

    Example: `gateway demo`
    """
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(Exit.USAGE)


def main() -> None:
    """Runs the command line and ends the process with the command's exit code."""
    asked = [name for name in sys.argv[1:2] if name in COMMANDS] or COMMANDS
    sys.exit(ending(lambda: make_app(asked)(prog_name="gateway", standalone_mode=False)))
