"""Which folder of contracts and which registry a command means, and what gateway.yaml says about them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli.console import printable
from gateway.config.contract import DEFAULT_DEAD_LETTERS
from gateway.config.files import is_there, locating
from gateway.config.load import load_settings
from gateway.config.settings import Limits, Registry
from gateway.notation.template import Template
from gateway.registry.client import RegistryClient
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
RegistryUrl = Annotated[
    str | None, typer.Option("--registry", metavar="URL", help="Schema Registry, instead of gateway.yaml's.")
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where contracts are, and what is known around them."""

    folder: Path
    around: Circumstances
    registry: Registry
    config: Path | None
    """What says where the registry is; None for ``--registry`` alone."""


def find_place(folder: Path | None, config: Path | None, url: str | None = None, *, offline: bool = False) -> Place:
    """The place that these options mean. Raises ConfigError.

    A gateway.yaml that nobody named is read only for what is not named: where schemas are checked, the gateway's
    secrets need not be at hand. ``offline``: no registry is needed.
    """
    if config is None and is_there(CONFIG) and (folder is None or (url is None and not offline)):
        config = CONFIG
    if config is None:
        circumstances = Circumstances(DEFAULT_DEAD_LETTERS, Limits())
        return Place(folder or FOLDER, circumstances, _registry_at(url, Registry(), None), None)
    settings = load_settings(config)
    circumstances = Circumstances(Template.parse(settings.dead_letters.topic), settings.limits)
    return Place(folder or settings.contracts, circumstances, _registry_at(url, settings.registry, config), config)


def _registry_at(url: str | None, configured: Registry, config: Path | None) -> Registry:
    """The registry that is meant. Raises BadParameter for a URL that is none; it is not shown, it may have a password.

    Says so where credentials are not sent, because they are for another host.
    """
    if url is None:
        return configured
    try:
        named = configured.at(url)
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint="--registry") from exc
    if named.properties != configured.properties:
        told = f"{config} has a login for {configured.url}: it is not sent to {url}. For a login there name it by -c"
        typer.echo(printable(told), err=True)
    return named


@asynccontextmanager
async def open_registry(place: Place) -> AsyncIterator[RegistryClient]:
    """A client for the registry, closed with the block. Raises ConfigError for properties that cannot work."""
    with nullcontext() if place.config is None else locating(place.config):
        client = RegistryClient(place.registry, "--registry")
    try:
        yield client
    finally:
        await client.aclose()
