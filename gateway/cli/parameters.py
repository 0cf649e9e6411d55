"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The gateway's configuration.")]


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Output(StrEnum):
    """For a person, or for a program."""

    TEXT = "text"
    JSON = "json"


OutputFormat = Annotated[Output, typer.Option("--output", "-o", help="text for a person, json for a program.")]
