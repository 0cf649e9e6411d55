"""What was committed, by the git command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.history.repository import committed
from tests.parts.git import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_as_it_was(repository: Repository) -> None:
    """By branch, tag or commit, whatever it holds now; the copy goes with the block."""
    repository.commit({"schemas/a/x": "1", "schemas/b": "2", "other": "3"})
    repository.git("tag", "v1")
    repository.commit({"schemas/a/x": "changed"})
    (repository.folder / "schemas" / "new").write_text("not committed")
    for ref in ("v1", "HEAD~1", repository.git("rev-parse", "HEAD~1").strip()):
        with committed(repository.folder / "schemas", ref) as copy:
            assert content(copy) == {"a/x": "1", "b": "2"}
        assert not copy.exists()


def test_a_folder_that_was_not_there(repository: Repository) -> None:
    """Everything in it is new."""
    repository.commit({"other": "1"})
    repository.commit({"schemas/a": "1"})
    with committed(repository.folder / "schemas", "HEAD~1") as copy:
        assert content(copy) == {}


def test_the_repository_s_own_folder(repository: Repository) -> None:
    """Contracts may be all that it has."""
    repository.commit({"a": "1"})
    with committed(repository.folder, "HEAD") as copy:
        assert content(copy) == {"a": "1"}


def test_inside_a_hook(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git tells hooks about another index and directory; they are not for this question."""
    repository.commit({"a": "1"})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    with committed(repository.folder, "HEAD") as copy:
        assert content(copy) == {"a": "1"}


@pytest.mark.parametrize("ref", ["nothing", "--all", "HEAD:a", ""])
def test_a_reference_that_git_does_not_know(repository: Repository, ref: str) -> None:
    """What to do is told; an option is no reference."""
    repository.commit({"a": "1"})
    with (
        pytest.raises(ConfigError, match="name a branch, tag or commit, and fetch it"),
        committed(repository.folder, ref),
    ):
        pass


def test_no_repository(tmp_path: Path) -> None:
    """Git's own words."""
    with pytest.raises(ConfigError, match="not a git repository"), committed(tmp_path, "HEAD"):
        pass


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only --since needs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="not installed"), committed(tmp_path, "HEAD"):
        pass


def test_a_git_that_hangs(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up."""

    def hang(*_arguments: object, **_options: object) -> None:
        raise subprocess.TimeoutExpired("git", 60)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(ConfigError, match="did not answer"), committed(repository.folder, "HEAD"):
        pass
