"""The state folder is one gateway's alone: two would each take the other's memory for their own."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.config.files import display
from gateway.errors import ConfigError, ConfigProblem

LOCK = "lock"


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keeps the folder for this process; the kernel gives it up however the process ends.

    Raises ConfigError where another process has it. Nothing is claimed where no lock can be had, in a folder that is
    read-only or on a file system without locks: what is remembered is not worth more than the messages.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:
        yield
        return
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError as exc:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        message = f"is in use by process {holder}: give each a folder of its own (state, --state, --data)"
        raise ConfigError([ConfigProblem(display(folder), message)]) from exc
    except OSError:
        return
