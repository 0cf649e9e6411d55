"""``gateway run``."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.admin.background import in_background
from gateway.admin.logs import configure_logs
from gateway.app import Gateway
from gateway.cli.exits import Exit, exit_code
from gateway.cli.parameters import ConfigFile, LogLevel
from gateway.config.files import display, is_folder, locating
from gateway.config.load import Project, load_project
from gateway.errors import ConfigError, ConfigProblem, GatewayError
from gateway.service.state_folder import claimed


def run(
    config: ConfigFile = Path("gateway.yaml"),
    state: Annotated[Path | None, typer.Option(help="State folder, instead of gateway.yaml's.")] = None,
    log_level: Annotated[LogLevel, typer.Option(help="The least severe events that are logged.")] = LogLevel.INFO,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C, then drain and exit 0.

    Example: `gateway run -c gateway.yaml`

    Exit codes: 0 stopped, 2 invalid configuration, 4 another instance took the MQTT session over.
    Peers that cannot be reached are waited for; /readyz and the log say which.
    """
    with in_background(sys.stderr) as log:
        configure_logs(log, level=log_level.value)
        _run(config, state)


def _run(config: Path, state: Path | None) -> None:
    project = load_project(config)
    folder = state or project.settings.state
    if is_folder(folder) is False:
        raise ConfigError([ConfigProblem(str(folder), "is no folder: state needs one, name another")])
    try:
        with claimed(folder), locating(config):
            asyncio.run(_serve(project, state))
    except GatewayError as exc:
        if exit_code(exc) is not Exit.FOUND:
            raise
        # This command finds nothing: what is left cannot work here, such as an address that is taken.
        raise ConfigError([ConfigProblem(display(config), str(exc))]) from exc


async def _serve(project: Project, state: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Gateway(project, state=state).run(stop)
