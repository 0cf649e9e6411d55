"""Where contract folders are looked for."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.contract_folders import contract_folders, holds_contracts
from gateway.errors import ConfigError, ConfigProblem
from tests.parts.projects import ProjectFiles


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that nobody may list, not even root; the working directory is around it."""
    monkeypatch.chdir(tmp_path)
    look = Path.iterdir

    def refuse(path: Path) -> Iterator[Path]:
        if path.name == "locked":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return look(path)

    Path("root/locked").mkdir(parents=True)
    monkeypatch.setattr(Path, "iterdir", refuse)
    return Path("root/locked")


def test_what_holds_contracts(tmp_path: Path) -> None:
    """A contract.yaml at any depth, itself included, and behind links; not in hidden folders."""
    teams = ProjectFiles(tmp_path / "teams")
    folder = teams.declare("deep/pump")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "pump").symlink_to(folder)
    (tmp_path / "hidden" / ".git").mkdir(parents=True)
    (tmp_path / "hidden" / ".git" / "contract.yaml").touch()
    (tmp_path / "circle").mkdir()
    (tmp_path / "circle" / "again").symlink_to(tmp_path / "circle")
    held = {each: holds_contracts(tmp_path / each) for each in ("teams", "linked", "hidden", "circle")}
    assert held == {"teams": True, "linked": True, "hidden": False, "circle": False}
    assert holds_contracts(folder)


def test_a_folder_that_cannot_be_read(locked: Path) -> None:
    """Nobody knows whether it holds contracts; where others are found it need not be known."""
    told = "root/locked: the folder of contracts cannot be read: Permission denied"
    with pytest.raises(ConfigError) as refused:
        holds_contracts(locked.parent)
    assert str(refused.value) == told
    (locked.parent / "contract.yaml").touch()
    assert holds_contracts(locked.parent)
    problems: list[ConfigProblem] = []
    assert list(contract_folders(locked.parent, problems)) == [locked.parent]
    assert [str(problem) for problem in problems] == [told]
