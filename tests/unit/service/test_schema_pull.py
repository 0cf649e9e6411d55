"""Taking over what a registry holds: which folders there are, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.contract import DEFAULT_DEAD_LETTERS
from gateway.config.load import load_existing
from gateway.errors import ConfigError
from gateway.plan.pulling import Pull, PulledFile
from gateway.service.schema_pull import write_pull
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


def pull_of(*files: PulledFile) -> Pull:
    return Pull(list(files))


def test_what_appears_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    """A new file is made only where none is; one that changes is written with its line ends."""
    theirs, changed = tmp_path / "meters" / "contract.yaml", tmp_path / "changed"
    changed.write_bytes(b"old")
    write_pull(pull_of(PulledFile(changed, "a\r\nb\n", is_new=False)))
    assert changed.read_bytes() == b"a\r\nb\n"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    with pytest.raises(ConfigError, match=r"meters/contract.yaml: cannot be written: File exists"):
        write_pull(pull_of(PulledFile(theirs, "subject: meters-value\n", is_new=True)))
    assert theirs.read_text() == "mine"
