"""Files and folders that nobody may look at: told with their name and the reason, never taken for missing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gateway.config.files import is_folder, is_there
from gateway.config.load import load_contracts
from gateway.config.place import contracts_root
from gateway.config.rules_file import load_rules
from gateway.errors import ConfigError
from tests.parts.projects import ProjectFiles

DENIED = "cannot be read: Permission denied"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFiles:
    """A project, and beside it a folder ``locked``; what lies in that nobody may look at, not even root."""
    monkeypatch.chdir(tmp_path)
    look = Path.stat

    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        meant = Path(os.path.realpath(path)) if follow_symlinks else path
        if "locked" in meant.parts[:-1]:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return look(path, follow_symlinks=follow_symlinks)

    files = ProjectFiles(tmp_path)
    files.declare("pump")
    Path("locked/folder").mkdir(parents=True)
    monkeypatch.setattr(Path, "stat", refuse)
    return files


def test_what_is_there(files: ProjectFiles) -> None:
    """Links count where they lie, and lead where they lead; a name behind a file is not there."""
    Path("broken").symlink_to("nowhere")
    Path("link").symlink_to("schemas")
    assert [is_there(Path(each)) for each in ("schemas", "broken", "no", "gateway.yaml/x")] == [
        True,
        True,
        False,
        False,
    ]
    kinds = [is_folder(Path(each)) for each in ("schemas", "link", "gateway.yaml", "broken", "no", "gateway.yaml/x")]
    assert kinds == [True, True, False, None, None, None]


@pytest.mark.parametrize("ask", [is_there, is_folder])
def test_where_nobody_may_look(files: ProjectFiles, ask: object) -> None:
    """An error with the name and the reason."""
    assert callable(ask)
    with pytest.raises(ConfigError, match=f"^locked/folder: {DENIED}$"):
        ask(Path("locked/folder"))


def test_a_link_to_where_nobody_may_look_could_be_a_contract(files: ProjectFiles) -> None:
    """It is told, and so is everything else that is wrong."""
    (files.contracts / "link").symlink_to(Path("locked/folder").absolute())
    (files.contracts / "pump" / "contract.yaml").write_text("mqtt: a/{device}\n")
    with pytest.raises(ConfigError) as caught:
        load_contracts(Path("schemas"))
    link, pump = sorted(map(str, caught.value.problems))
    assert link == f"schemas/link: {DENIED}"
    assert pump.startswith("schemas/pump/contract.yaml:1:1: topic: is required")


def test_files_of_a_contract_that_lead_to_where_nobody_may_look(files: ProjectFiles) -> None:
    """They are there, so they are read, and that fails."""
    for name in ("schema.avsc", "examples.yaml"):
        (files.contracts / "pump" / name).unlink(missing_ok=True)
        (files.contracts / "pump" / name).symlink_to(Path("locked/folder").absolute())
    with pytest.raises(ConfigError) as caught:
        load_contracts(Path("schemas"))
    told = sorted(map(str, caught.value.problems))
    assert told == [f"schemas/pump/examples.yaml: {DENIED}", f"schemas/pump/schema.avsc: {DENIED}"]


def test_rules_where_nobody_may_look(files: ProjectFiles) -> None:
    """They are not taken for absent."""
    with pytest.raises(ConfigError, match=f"^locked/rules.yaml: {DENIED}$"):
        load_rules(Path("locked"))


def test_what_says_where_the_contracts_are_must_be_seen(files: ProjectFiles) -> None:
    """What nobody may look at says nothing: the next that does is asked."""
    folder = Path("locked/schemas/pump")
    assert contracts_root(folder) == Path("locked/schemas").absolute()
