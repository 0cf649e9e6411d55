"""The git command as three questions: is there a repository, what did a folder look like, what did a file ever hold."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.errors import ConfigError, ConfigProblem

_TIMEOUT_S = 60
"""For reading what is on this disk."""
_MOST_COMMITS = 200
"""Of one file: what was registered is hardly older."""


@contextmanager
def committed(folder: Path, ref: str) -> Iterator[Path]:
    """A copy of ``folder`` as it was committed at ``ref``, a branch, tag or commit; gone with the block.

    The copy is empty where the folder was not there yet. Raises ConfigError where there is no repository or no ``ref``.
    """
    silent = f"git knows no commit {ref!r}: name a branch, tag or commit, and fetch it before"
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    commit = _answer(folder, *asked, silent=silent).decode().strip()
    with TemporaryDirectory(prefix="gateway-") as copy:
        prefix = _answer(folder, "rev-parse", "--show-prefix").decode().strip()
        if not prefix or _answer(folder, "ls-tree", "--full-tree", "-d", commit, prefix.rstrip("/")):
            archive = _answer(folder, "archive", "--format=tar", commit, ".")
            with tarfile.open(fileobj=io.BytesIO(archive)) as content:
                content.extractall(copy, filter="data")
        yield Path(copy)


def past_contents(file: Path) -> list[bytes]:
    """What the file held in the commits that changed it, the newest first, at most 200; none without a repository."""
    try:
        commits = _answer(file.parent, "log", f"--max-count={_MOST_COMMITS}", "--format=%H", "--", file.name).split()
    except ConfigError:
        return []
    contents = []
    for commit in commits:
        try:
            contents.append(_answer(file.parent, "show", f"{commit.decode()}:./{file.name}"))
        except ConfigError:  # the commit removed it
            continue
    return contents


def _answer(folder: Path, *arguments: str, silent: str = "git failed, and did not say why") -> bytes:
    """What git prints. Raises ConfigError with what it says, ``silent`` where that is nothing."""
    program = shutil.which("git")
    if program is None:
        raise _problem(arguments, "the git command is not installed: install it, or leave --since out")
    # Another repository's settings, such as those of a hook that runs this, are not for here.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and git itself
            [program, *arguments], cwd=folder, env=environment, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except OSError as exc:
        raise _problem(arguments, f"git cannot be run in {folder}: {exc.strerror or exc}") from exc
    except subprocess.TimeoutExpired as exc:
        raise _problem(arguments, f"git did not answer within {_TIMEOUT_S} s") from exc
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise _problem(arguments, said or silent)
    return done.stdout


def _problem(arguments: tuple[str, ...], message: str) -> ConfigError:
    return ConfigError([ConfigProblem(f"git {arguments[0]}", message)])
