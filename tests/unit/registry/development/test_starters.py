"""What a development registry starts with."""

import json
from pathlib import Path

import pytest

from gateway.config.contract import Compatibility
from gateway.errors import ConfigError
from gateway.registry.development.starters import fill
from gateway.registry.development.store import LATEST, Store
from tests.parts.gateway import SCHEMAS
from tests.parts.projects import ProjectFiles

FIXTURES = SCHEMAS.parent / "registry-fixtures"
POSITION = {"type": "record", "name": "geo.Position", "fields": []}
TRACK = {"type": "record", "name": "Track", "fields": [{"name": "at", "type": "geo.Position"}]}
REFERENCE = {"name": "geo.Position", "subject": "geo-value"}


def subjects(*sources: Path) -> list[str]:
    store = Store()
    assert fill(store, sources) == sum(len(store.versions(subject)) for subject in store.subjects())
    return store.subjects()


def test_the_shipped_contracts() -> None:
    """All seven schemas, the shared one that another refers to included."""
    assert len(subjects(SCHEMAS)) == 7


@pytest.mark.parametrize("source", [FIXTURES, FIXTURES / "seeds", FIXTURES / "seeds" / "plant.json"])
def test_the_shipped_fixtures(source: Path) -> None:
    """As a file, as a folder of files, or as a folder of such folders."""
    assert subjects(source) == ["geo.position-value", "plant.gate-value", "plant.pump-value"]


def test_one_contract_alone() -> None:
    """A single folder is a folder of one."""
    assert subjects(SCHEMAS / "industry" / "pump") == ["plant.pump-value"]


def test_contracts_behind_links(tmp_path: Path) -> None:
    """They are contracts, as for every other command."""
    folder = ProjectFiles(tmp_path / "teams").declare("pump")
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "pump").symlink_to(folder)
    assert subjects(tmp_path / "schemas") == ["pump-value"]


def test_contracts_may_refer_to_fixtures_and_other_folders(tmp_path: Path) -> None:
    """Whatever the order in which they are given."""
    (tmp_path / "geo.json").write_text(
        json.dumps({"subjects": [{"subject": "geo-value", "versions": [{"schema": POSITION}]}]})
    )
    one, other = ProjectFiles(tmp_path / "one"), ProjectFiles(tmp_path / "other")
    one.declare("a", TRACK, references=[REFERENCE])
    assert subjects(one.contracts, tmp_path / "geo.json") == ["a-value", "geo-value"]
    other.share("geo", "geo-value", POSITION)
    assert subjects(one.contracts, other.contracts) == ["a-value", "geo-value"]


def test_levels_are_set(tmp_path: Path) -> None:
    """Those that contracts and shared types want; what wants none has none of its own."""
    files = ProjectFiles(tmp_path)
    files.declare("a", compatibility="FULL")
    files.declare("b")
    files.share("c", "c", POSITION, compatibility="NONE")
    store = Store()
    fill(store, [files.contracts])
    assert store.rules.level("a-value") is Compatibility.FULL
    assert store.rules.level("b-value") is Compatibility.BACKWARD
    assert store.rules.level("c") is Compatibility.NONE


def test_what_is_there_stays(tmp_path: Path) -> None:
    """Filling again adds nothing; a changed schema is the next version."""
    files = ProjectFiles(tmp_path)
    folder = files.declare("a")
    store = Store()
    assert (fill(store, [files.contracts]), fill(store, [files.contracts])) == (1, 0)
    (folder / "schema.avsc").write_text('{"type": "record", "name": "Reading", "fields": []}')
    assert fill(store, [files.contracts]) == 1
    assert store.version("a-value", LATEST).version == 2


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Files that cannot be read, and schemas that do not register, each with its file."""
    (tmp_path / "bad.json").write_text("[]")
    files, broken = ProjectFiles(tmp_path / "one"), ProjectFiles(tmp_path / "other")
    files.declare("a", TRACK, references=[REFERENCE])
    broken.declare("b", mqtt="a#b")
    with pytest.raises(ConfigError) as refused:
        fill(Store(), [tmp_path / "bad.json", files.contracts, broken.contracts])
    assert [Path(problem.file).name for problem in refused.value.problems] == [
        "bad.json",
        "contract.yaml",
        "schema.avsc",
    ]
    assert "geo-value" in refused.value.problems[2].message
