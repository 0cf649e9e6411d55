"""The snapshot file: whole or ignored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.model import Format, ReferenceTo, Registered
from gateway.registry.snapshot import FILE_NAME, Content, Snapshot

POSITION = Registered("position", 1, 1, Format.AVRO, '"string"', guid="00000000-0000-0000-0000-000000000001")
PUMP = Registered("pump", 3, 2, Format.JSON, '{"title":"Pümp"}', references=(ReferenceTo("p", "position", 1),))
CONTENT = Content(1_700_000_000_000, {"pump": 3}, {("position", 1): POSITION, ("pump", 3): PUMP})
URLS = ["http://a:8081", "http://b:8081"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A snapshot as it was written."""
    assert Snapshot(tmp_path, URLS).save(CONTENT)
    return tmp_path / FILE_NAME


def test_what_is_saved_is_loaded(file: Path):
    """Every field comes back, and there is no problem to tell."""
    snapshot = Snapshot(file.parent, URLS)
    assert snapshot.load() == CONTENT
    assert snapshot.problem is None


def test_no_file_is_an_empty_start_and_no_problem(tmp_path: Path):
    """The first start has no snapshot."""
    snapshot = Snapshot(tmp_path, URLS)
    assert snapshot.load() == Content()
    assert snapshot.problem is None


def test_one_url_in_common_is_the_same_registry(file: Path):
    """A node may join or leave the list."""
    assert Snapshot(file.parent, ["http://b:8081", "http://c:8081"]).load() == CONTENT


def test_another_registrys_snapshot_is_ignored(file: Path):
    """Its schema IDs would be wrong bytes in Kafka."""
    snapshot = Snapshot(file.parent, ["http://production:8081"])
    assert snapshot.load() == Content()
    assert "another registry" in str(snapshot.problem)


def edited(change: Callable[[dict[str, object]], object]) -> Callable[[bytes], bytes]:
    def edit(raw: bytes) -> bytes:
        tree = json.loads(raw)
        change(tree)
        return json.dumps(tree).encode()

    return edit


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda raw: raw[: len(raw) // 2],
    "not JSON": lambda _: b"\x00\xff",
    "nested too deeply": lambda _: b"[" * 500_000,
    "a list": lambda _: b"[]",
    "another format": edited(lambda tree: tree.update(format=2)),
    "no checksum": edited(lambda tree: tree.pop("sha256")),
    "one changed ID": lambda raw: raw.replace(b'"id": 2', b'"id": 3'),
    "content of the wrong type": edited(lambda tree: tree.update(content=[])),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_ignored_logged_and_told(file: Path, damage: Callable[[bytes], bytes]):
    """Never an exception, never a part of it."""
    file.write_bytes(damage(file.read_bytes()))
    snapshot = Snapshot(file.parent, URLS)
    with capture_logs() as logs:
        assert snapshot.load() == Content()
    assert [entry["event"] for entry in logs] == ["registry_snapshot_ignored"]
    assert str(file) in str(snapshot.problem)


@pytest.mark.parametrize(
    "content",
    [
        Content(0, {"pump": 4}, {("pump", 3): Registered("pump", 3, 2, Format.AVRO, "{}")}),
        Content(0, {}, {("pump", 3): PUMP}),
        Content(0, {}, {("pump", 3): Registered("pump", 3, -2, Format.AVRO, "{}")}),
    ],
    ids=["a latest version that is missing", "a reference that is missing", "an impossible ID"],
)
def test_a_file_with_sound_checksum_and_unsound_content_is_ignored(tmp_path: Path, content: Content):
    """The checksum finds damage, not mistakes of another program."""
    Snapshot(tmp_path, URLS).save(content)
    snapshot = Snapshot(tmp_path, URLS)
    assert snapshot.load() == Content()
    assert snapshot.problem is not None


def test_a_folder_in_its_place_is_ignored(tmp_path: Path):
    """Whatever cannot be read as a file is no reason to stop."""
    (tmp_path / FILE_NAME).mkdir()
    snapshot = Snapshot(tmp_path, URLS)
    assert snapshot.load() == Content()
    assert snapshot.problem is not None


def test_a_write_that_fails_keeps_the_old_file_and_is_told_once(file: Path, monkeypatch: pytest.MonkeyPatch):
    """Disk full: no exception, the old content stays, one log line however often it is tried."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    snapshot = Snapshot(file.parent, URLS)
    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr("gateway.registry.durable.os.fsync", full)
        assert not snapshot.save(Content())
        assert not snapshot.save(Content())
    assert [entry["event"] for entry in logs] == ["registry_snapshot_not_written"]
    assert "No space left on device" in str(snapshot.problem)
    assert Snapshot(file.parent, URLS).load() == CONTENT
    assert list(file.parent.iterdir()) == [file]
    assert snapshot.save(CONTENT)
    assert snapshot.problem is None
