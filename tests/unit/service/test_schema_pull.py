"""Taking over what a registry holds: which folders there are, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.contract import DEFAULT_DEAD_LETTERS
from gateway.errors import ConfigError
from gateway.service.schema_pull import load_existing
from tests.parts.projects import ProjectFiles


def test_contracts_behind_links_are_there(tmp_path: Path) -> None:
    """A folder of nothing but links is not empty."""
    folder = ProjectFiles(tmp_path / "teams").declare("pump")
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "pump").symlink_to(folder)
    existing = load_existing(tmp_path / "schemas", DEFAULT_DEAD_LETTERS)
    assert [each.name for each in existing.folders] == ["pump"]


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody may look at may hold the subject."""
    (tmp_path / "schemas" / "locked").mkdir(parents=True)
    look = Path.iterdir

    def refuse(path: Path) -> object:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ConfigError, match="locked: the folder of contracts cannot be read: Permission denied"):
        load_existing(tmp_path / "schemas", DEFAULT_DEAD_LETTERS)


def test_a_new_folder_and_none(tmp_path: Path) -> None:
    """Nothing is there yet; a file in its place is refused."""
    assert load_existing(tmp_path / "new", DEFAULT_DEAD_LETTERS).folders == ()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file: is no folder: name the one for the contracts"):
        load_existing(tmp_path / "file", DEFAULT_DEAD_LETTERS)
