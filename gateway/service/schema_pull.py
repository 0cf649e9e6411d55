"""Takes over what a registry holds into contract folders."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gateway.config.coexistence import subjects
from gateway.config.contract import Contracts
from gateway.config.files import display, is_there
from gateway.config.folder import CONTRACT_FILE, EXAMPLES_FILE
from gateway.config.schema_file import SCHEMA_FILES
from gateway.errors import ConfigError, ConfigProblem
from gateway.plan.pulling import Pull, make_pull
from gateway.registry.client import RegistryClient
from gateway.registry.inventory import Inventory

_READ: Final = (CONTRACT_FILE, *SCHEMA_FILES, EXAMPLES_FILE)
"""Files of a contract folder."""


async def pull_schemas(client: RegistryClient, existing: Contracts, prefix: str = "") -> Pull:
    """What brings the folders up to the registry's subjects that begin so, and those that share a folder with one.

    Nothing is written. Raises RegistryUnavailable; ConfigError where nobody may know what is there.
    """
    inventory = Inventory(client)
    pulled = await inventory.read_all(prefix, _sharing(existing, prefix))
    versions = [each.latest for each in pulled if each.latest is not None]
    names = {each.subject for each in versions}
    referred = {reference.subject for each in versions for reference in each.references} - names
    latest = await inventory.latest(sorted(referred))
    referenced = {subject: base.version for subject, base in latest.items() if base is not None}
    return _without_taken(make_pull(existing.folder, existing, pulled, referenced))


def write_pull(pull: Pull) -> None:
    """Writes the files of a pull, and the folders around them; nothing new over what is there. Raises ConfigError."""
    for file in pull.files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            with file.path.open("x" if file.is_new else "w", encoding="utf-8", newline="") as opened:
                opened.write(file.text)
        except OSError as exc:
            problem = ConfigProblem(display(file.path), f"cannot be written: {exc.strerror or exc}")
            raise ConfigError([problem]) from exc


def _sharing(existing: Contracts, prefix: str) -> set[str]:
    """The subjects of folders that hold one that begins so: a folder says the same of all."""
    held = (subjects(folder) for folder in existing.folders if folder.schema is not None)
    return {each for names in held if any(name.startswith(prefix) for name in names) for each in names}


def _without_taken(pull: Pull) -> Pull:
    """The pull without new folders in which files lie already that would be read there; each is told."""
    taken: dict[Path, Path] = {}
    for folder in dict.fromkeys(file.path.parent for file in pull.files if file.is_new):
        present = next((folder / name for name in _READ if is_there(folder / name)), None)
        if present is not None:
            taken[folder] = present
    told = [
        f"{display(folder)}: left out, because {display(file)} is there already, and no {CONTRACT_FILE} says whose it "
        "is; move it, or add that"
        for folder, file in taken.items()
    ]
    files = [file for file in pull.files if not file.is_new or file.path.parent not in taken]
    return Pull(files, [*pull.remarks, *told])
