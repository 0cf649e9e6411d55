"""Files that are either whole or not there: for the snapshot and the development registry's memory.

Synchronous on purpose: what is written is small (kilobytes) and changes rarely. Nothing here knows
what a file holds.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces ``path`` by ``content``; after a crash at any point it holds the old bytes or the new ones.

    Creates the folder where it is missing. There is one writer per file, so the temporary name is
    fixed and a crash leaves nothing that the next write does not overwrite. Raises OSError (disk
    full, no permission), with the old file untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut: it is the folder's content, not the file's."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
