"""Takes over what a registry holds into contract folders."""

from __future__ import annotations

from pathlib import Path

from gateway.config.contract import Contracts
from gateway.config.contract_folders import holds_contracts
from gateway.config.files import display, is_folder
from gateway.config.load import load_contracts
from gateway.errors import ConfigError, ConfigProblem
from gateway.notation.template import Template
from gateway.plan.pulling import Pull, make_pull
from gateway.registry.client import RegistryClient
from gateway.registry.inventory import Inventory


def load_existing(folder: Path, dead_letters: Template) -> Contracts:
    """The contracts below ``folder``; none where it is new. Raises ConfigError, also where a part cannot be read."""
    there = is_folder(folder)
    if there is False:
        raise ConfigError([ConfigProblem(display(folder), "is no folder: name the one for the contracts")])
    if there is None or not holds_contracts(folder):
        return Contracts(folder)
    return load_contracts(folder, dead_letters)


async def pull_schemas(client: RegistryClient, existing: Contracts, prefix: str = "") -> Pull:
    """What brings the folders up to the registry's subjects that begin so. Raises RegistryUnavailable."""
    return make_pull(existing.folder, existing, await Inventory(client).read_all(prefix))


def write_pull(pull: Pull) -> None:
    """Writes the files of a pull, and the folders around them. Raises ConfigError."""
    for file in pull.files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_text(file.text, encoding="utf-8")
        except OSError as exc:
            problem = ConfigProblem(display(file.path), f"cannot be written: {exc.strerror or exc}")
            raise ConfigError([problem]) from exc
