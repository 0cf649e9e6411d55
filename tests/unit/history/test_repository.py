"""What was committed, by the git command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.history.repository import Past, committed, past_contents
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


def test_links_lead_to_what_was_committed_with_them(repository: Repository) -> None:
    """Within the repository, also to folders beside, and on by further links; what leads out of it is left as it is."""
    schemas = repository.folder / "schemas"
    repository.commit({"teams/pump/schema": "1", "types/unit": "2", "schemas/a": "3"})
    (schemas / "pump").symlink_to("../teams/pump")
    (repository.folder / "teams/pump/unit").symlink_to("../../types/unit")
    (schemas / "self").symlink_to("self")
    (schemas / "out").symlink_to("../../nothing")
    (schemas / "absolute").symlink_to("/nothing")
    repository.commit({"teams/pump/schema": "now"})
    repository.commit({"teams/pump/schema": "later", "types/unit": "later"})
    with committed(schemas, "HEAD~1") as copy:
        assert content(copy) == {"a": "3"}
        assert content(copy / "pump") == {"schema": "now", "unit": "2"}
        assert not (copy / "out").exists()


def test_no_attribute_hides_a_file(repository: Repository) -> None:
    """``export-ignore`` is for archives."""
    repository.commit({"schemas/.gitattributes": "*.avsc export-ignore", "schemas/a.avsc": "1"})
    with committed(repository.folder / "schemas", "HEAD") as copy:
        assert (copy / "a.avsc").read_text() == "1"


def test_odd_names(repository: Repository) -> None:
    """Git quotes them, and some mean several files."""
    names = {"s [x]/a\nb": "1", 's [x]/"q"': "2", "s [x]/\udcff": "3", "s x/c": "4", "s [x]/*": "5"}
    repository.commit(names)
    with committed(repository.folder / "s [x]", "HEAD") as copy:
        assert content(copy) == {"a\nb": "1", '"q"': "2", "\udcff": "3", "*": "5"}


def test_the_working_tree_is_not_touched(repository: Repository) -> None:
    """Neither its files nor what is staged."""
    repository.commit({"schemas/a": "1"})
    (repository.folder / "schemas/a").write_text("staged")
    repository.git("add", "--all")
    (repository.folder / "schemas/a").write_text("changed")
    before = repository.git("status", "--porcelain=v2")
    with committed(repository.folder / "schemas", "HEAD") as copy:
        assert content(copy) == {"a": "1"}
    assert repository.git("status", "--porcelain=v2") == before
    assert (repository.folder / "schemas/a").read_text() == "changed"


def test_the_past_of_a_file(repository: Repository) -> None:
    """The newest first, also from before its folder was renamed, and without the commits that removed it."""
    repository.commit({"schemas/a": "a first version"})
    repository.commit({"schemas/a": "a second version"})
    repository.git("mv", "schemas", "contracts")
    repository.commit()
    repository.commit({"contracts/a": "third"})
    past = past_contents(repository.folder / "contracts/a")
    assert past == Past((b"third", b"a second version", b"a second version", b"a first version"), is_whole=True)


def test_a_shallow_past_says_so(repository: Repository, tmp_path: Path) -> None:
    """What is missing in it says nothing."""
    repository.commit({"a": "1"})
    repository.commit({"a": "2"})
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{repository.folder}", tmp_path / "clone"], check=True)
    assert past_contents(tmp_path / "clone/a") == Past((b"2",), is_whole=False)


def test_no_past(tmp_path: Path, repository: Repository) -> None:
    """Outside of a repository, and of what was never committed."""
    assert past_contents(tmp_path / "a") == Past((), is_whole=True)
    repository.commit({"b": "1"})
    assert past_contents(repository.folder / "a") == Past((), is_whole=True)
