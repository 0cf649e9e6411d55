"""The git command as three questions: is there a repository, what did a folder look like, what did a file ever hold."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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

    Links lead to what was committed with it. The copy is empty where the folder was not there yet. Raises ConfigError
    where there is no repository or no ``ref``.
    """
    silent = f"git knows no commit {ref!r}: name a branch, tag or commit, and fetch it before"
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    commit = _answer(folder, *asked, silent=silent).decode().strip()
    root = Path(os.fsdecode(_answer(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
    prefix = os.fsdecode(_answer(folder, "rev-parse", "--show-prefix").removesuffix(b"\n"))
    with TemporaryDirectory(prefix="gateway-") as scratch:
        copy = Path(scratch).resolve() / "copy"
        (copy / prefix).mkdir(parents=True)
        checkout = _Checkout(root, copy, Path(scratch) / "index")
        # An index of its own, and files as git checks them out: the working tree's index and files are not touched.
        checkout.ask("read-tree", "--no-sparse-checkout", commit)
        checkout.write(prefix)
        yield copy / prefix


@dataclass(frozen=True, slots=True)
class _Checkout:
    """A commit's files, written to ``copy`` as they are asked for."""

    root: Path
    copy: Path
    index: Path

    def ask(self, *arguments: str, given: bytes = b"") -> bytes:
        """What git prints, with this index. Raises ConfigError."""
        return _answer(self.root, *arguments, index=self.index, given=given)

    def write(self, path: str) -> None:
        """Writes what was committed at ``path``, and what links in it lead to."""
        listed = self.ask("--literal-pathspecs", "ls-files", "-z", *(("--", path) if path else ()))
        names = [name for name in map(os.fsdecode, listed.split(b"\0")) if name and not self._is_there(name)]
        if not names:
            return
        self.ask("checkout-index", "-z", "--stdin", f"--prefix={self.copy}/", given=b"\0".join(map(os.fsencode, names)))
        for name in names:
            link = self.copy / name
            if link.is_symlink():
                target = os.path.normpath(link.parent / link.readlink())
                if Path(target).is_relative_to(self.copy):
                    self.write(os.path.relpath(target, self.copy))

    def _is_there(self, name: str) -> bool:
        return os.path.lexists(self.copy / name)


@dataclass(frozen=True, slots=True)
class Past:
    """What a file held in the commits that changed it, under whatever name."""

    contents: tuple[bytes, ...]
    """The newest first, at most 200; none without a repository."""
    is_whole: bool
    """Not so where the clone is shallow: then earlier commits are not there."""


def past_contents(file: Path) -> Past:
    """The file's past."""
    try:
        found = _answer(
            file.parent,
            "log",
            f"--max-count={_MOST_COMMITS}",
            "--follow",
            "-z",
            "--format=%H",
            "--name-only",
            "--",
            file.name,
        )
        is_shallow = _answer(file.parent, "rev-parse", "--is-shallow-repository").strip() == b"true"
    except ConfigError:
        return Past((), is_whole=True)
    contents = []
    commit = ""
    for entry in found.split(b"\0"):
        if not entry.startswith(b"\n"):  # the name of the file then, in the commit before it
            commit = entry.decode()
            continue
        try:
            contents.append(_answer(file.parent, "cat-file", "blob", f"{commit}:{os.fsdecode(entry[1:])}"))
        except ConfigError:  # the commit removed it
            continue
    return Past(tuple(contents), not is_shallow)


def _answer(
    folder: Path,
    *arguments: str,
    silent: str = "git failed, and did not say why",
    index: Path | None = None,
    given: bytes = b"",
) -> bytes:
    """What git prints. Raises ConfigError with what it says, ``silent`` where that is nothing.

    ``index``: instead of the repository's own; ``given``: on standard input.
    """
    program = shutil.which("git")
    if program is None:
        raise _problem(arguments, "the git command is not installed: install it, or leave --since out")
    # Another repository's settings, such as those of a hook that runs this, are not for here.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and git itself
            [program, *arguments],
            cwd=folder,
            env=environment,
            input=given,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
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
