"""Which folder of contracts a command means, and what gateway.yaml says about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.config.contract import DEFAULT_DEAD_LETTERS
from gateway.config.load import load_settings
from gateway.config.settings import Limits
from gateway.notation.template import Template
from gateway.service.inspection.folders import Circumstances

CONFIG: Final = Path("gateway.yaml")
FOLDER: Final = Path("schemas")

FolderArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[FOLDER]", help="The contracts; without, those of gateway.yaml, or ./schemas."),
]
OptionalConfig = Annotated[
    Path | None, typer.Option("--config", "-c", help="The gateway's configuration; not needed where FOLDER is given.")
]


def find_folder(folder: Path | None, config: Path | None) -> tuple[Path, Circumstances]:
    """The folder, and what gateway.yaml says about contracts where it is used. Raises ConfigError.

    A gateway.yaml that nobody named is used only if nobody named a folder.
    """
    if config is None and folder is None and CONFIG.exists():
        config = CONFIG
    if config is None:
        return folder or FOLDER, Circumstances(DEFAULT_DEAD_LETTERS, Limits().depth)
    settings = load_settings(config)
    around = Circumstances(Template.parse(settings.dead_letters.topic), settings.limits.depth)
    return folder or settings.contracts, around
