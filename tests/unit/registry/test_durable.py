"""Atomic replacement of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.registry.durable import write_atomically


def test_the_content_replaces_the_old_one_and_the_folder_is_made(tmp_path: Path):
    """What was written last is there, and nothing besides it."""
    path = tmp_path / "state" / "file.json"
    write_atomically(path, b"one, which is longer")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_before_the_rename_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever happens while writing, the old bytes stay and no remains are left."""
    path = tmp_path / "file.json"
    write_atomically(path, b"old")

    def refuse(*_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_remains_of_a_crash_are_overwritten(tmp_path: Path):
    """A half-written file of the run before is no obstacle."""
    path = tmp_path / "file.json"
    (tmp_path / ".file.json.new").write_bytes(b"half")
    write_atomically(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]
