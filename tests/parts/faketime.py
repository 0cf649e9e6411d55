"""libfaketime: a process whose clock is what a file says, while those of the others go on. Debian packages it."""

from __future__ import annotations

from pathlib import Path

from tests.parts.cache import PartMissing


def library() -> Path:
    """What to preload. Raises PartMissing."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise PartMissing("libfaketime is not installed", "apt-get install faketime")
    return found[0]
