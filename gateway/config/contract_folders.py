"""Which folders at and below the folder of contracts declare something: the one way in which they are found.

Links are followed, hidden folders are not entered. Must not know: what the files in them say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.config.files import display, is_folder
from gateway.config.folder import CONTRACT_FILE
from gateway.config.mistaken_names import mistaken_names
from gateway.errors import ConfigError, ConfigProblem


class _Met(NamedTuple):
    """A folder on the way."""

    folder: Path
    names: set[str]
    """Of what lies in it."""


def contract_folders(root: Path, problems: list[ConfigProblem]) -> Iterator[Path]:
    """The folders at and below ``root`` that hold a contract.yaml, in order of their names.

    Folders that cannot be read, links that lead in circles, and files that look as if they were meant to count, and do
    not, add to ``problems``.
    """
    for folder, names in _walk(root, unreadable=problems, repeated=problems):
        problems += mistaken_names(folder, names, is_root=folder == root)
        if CONTRACT_FILE in names:
            yield folder


def holds_contracts(root: Path) -> bool:
    """Whether there is a contract.yaml at or below ``root``. Raises ConfigError where a part of it cannot be read."""
    unreadable: list[ConfigProblem] = []
    if any(CONTRACT_FILE in names for _, names in _walk(root, unreadable=unreadable, repeated=[])):
        return True
    if unreadable:
        raise ConfigError(unreadable)
    return False


def _walk(root: Path, *, unreadable: list[ConfigProblem], repeated: list[ConfigProblem]) -> Iterator[_Met]:
    """All folders; those that cannot be read add to ``unreadable``, links to one that was met to ``repeated``."""
    ahead, seen = [root], {os.path.realpath(root)}
    while ahead:
        folder = ahead.pop()
        try:
            entries = sorted(folder.iterdir())
        except OSError as exc:
            reason = "is missing" if isinstance(exc, FileNotFoundError) else f"cannot be read: {exc.strerror or exc}"
            unreadable.append(ConfigProblem(display(folder), f"the folder of contracts {reason}"))
            continue
        yield _Met(folder, {entry.name for entry in entries})
        for entry in reversed(entries):
            try:
                if entry.name.startswith(".") or not is_folder(entry):
                    continue
            except ConfigError as exc:
                unreadable += exc.problems
                continue
            real = os.path.realpath(entry)
            if real in seen:
                message = "leads to a folder that is read already: remove the link"
                repeated.append(ConfigProblem(display(entry), message))
            else:
                seen.add(real)
                ahead.append(entry)
