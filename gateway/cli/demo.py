"""``gateway demo``."""

from __future__ import annotations

import asyncio
import functools
import secrets
import signal
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from gateway.admin.logs import configure_logs
from gateway.cli.console import open_console
from gateway.cli.exits import Exit
from gateway.cli.signals import stop_on_signal
from gateway.errors import GatewayError

UNATTENDED_S = 20.0
"""How long it takes where nobody is there to end it."""
LAST_LINES = 5
"""Of the log, shown when the demo fails."""
EXTRA = "amqtt"
"""The package of the optional extra ``demo``."""


def demo(
    seconds: Annotated[
        float | None, typer.Option(min=1, help="End after so long, with plain lines instead of the live view.")
    ] = None,
    devices: Annotated[int, typer.Option(min=1, help="Devices, of all six kinds in turn.")] = 120,
    rate: Annotated[float, typer.Option(min=0.1, max=500, help="Messages per second of the whole fleet.")] = 60.0,
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same fleet; default: another each time.")
    ] = None,
) -> None:
    """Run everything in one process: an MQTT broker, a Kafka, a registry, the gateway, and a simulated fleet.

    Example: `gateway demo`

    Example: `gateway demo --seconds 20`

    On a terminal it shows a live view until Ctrl-C. Otherwise it ends after 20 seconds. Needs no root, no Docker and no
    configuration; nothing is kept.

    Exit codes: 0 everything published is in Kafka, 1 it is not, 2 the embedded broker is not installed.
    """
    if find_spec(EXTRA) is None:
        typer.echo("gateway: the demo's MQTT broker is not installed: pip install 'schema-gateway[demo]'", err=True)
        raise typer.Exit(Exit.USAGE)
    attended = seconds is None and sys.stdout.isatty()
    lasting = seconds if attended or seconds is not None else UNATTENDED_S
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    raise typer.Exit(asyncio.run(_run(devices, rate, chosen, lasting, attended=attended)))


async def _run(devices: int, rate: float, seed: int, seconds: float | None, *, attended: bool) -> Exit:
    # Not at the top: these import the optional extra, which would cost every other command its time.
    from gateway.demo.report import report, summary  # noqa: PLC0415
    from gateway.demo.screen import live  # noqa: PLC0415
    from gateway.demo.session import Fleet, Session  # noqa: PLC0415
    from gateway.demo.workspace import Workspace, invocation  # noqa: PLC0415

    stop = stop_on_signal()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, stop.set)  # somebody closed the terminal
    with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
        workspace = Workspace(Path(folder), invocation(sys.argv[0]))
        session = Session(workspace, Fleet(devices, rate, seed, seconds))
        with workspace.log.open("w", encoding="utf-8") as log:
            configure_logs(log if attended else sys.stderr, level="info" if attended else "warning")
            show = (
                functools.partial(live, console=open_console()) if attended else functools.partial(report, write=_say)
            )
            try:
                balance = await session.run(stop, show)
            except GatewayError:
                if attended:  # the file goes with its folder
                    typer.echo("".join(workspace.log.read_text().splitlines(keepends=True)[-LAST_LINES:]), err=True)
                raise
            finally:
                configure_logs(sys.stderr, level="warning")
    for line in summary(session, balance):
        _say(line)
    return Exit.FINE if balance.agrees else Exit.FOUND


def _say(line: str) -> None:
    """A line on standard output, at once."""
    typer.echo(line)
