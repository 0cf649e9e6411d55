"""What a registry holds as contract folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.contract import DEFAULT_DEAD_LETTERS, Compatibility
from gateway.config.load import load_contracts, load_existing
from gateway.model import Format, ReferenceTo, Registered
from gateway.plan.pulling import Pull, PulledSubject, make_pull
from gateway.service.schema_pull import write_pull
from tests.parts.projects import READING, ProjectFiles

UNIT = {"type": "enum", "name": "U", "symbols": ["°C"]}
USER = {"type": "record", "name": "R", "fields": [{"name": "u", "type": "U"}]}


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path)


def subject(
    name: str,
    schema: Any = READING,
    *references: ReferenceTo,
    version: int = 1,
    level: str | None = None,
    extras: tuple[str, ...] = (),
    **others: Any,
) -> PulledSubject:
    kind = Format.AVRO if "fields" in schema or "symbols" in schema else Format.JSON
    latest = Registered(name, version, 1, kind, json.dumps(schema), references=references, extras=extras)
    return PulledSubject(name, latest, None if level is None else Compatibility(level), **others)


def pulled(files: ProjectFiles, *subjects: PulledSubject) -> Pull:
    """What is pulled, and written."""
    pull = make_pull(files.contracts, load_existing(files.contracts, DEFAULT_DEAD_LETTERS), subjects)
    write_pull(pull)
    return pull


def test_an_empty_folder(files: ProjectFiles) -> None:
    """A shared type for each subject, which loads, with level and references; and then nothing changes."""
    reference = ReferenceTo("U", "unit-value", 1)
    subjects = [subject("a.user-value", USER, reference, level="FULL"), subject("unit-value", UNIT)]
    pull = pulled(files, *subjects)
    assert [str(file.path.relative_to(files.contracts)) for file in pull.files] == [
        "a.user/contract.yaml",
        "a.user/schema.avsc",
        "unit/contract.yaml",
        "unit/schema.avsc",
    ]
    assert (files.contracts / "a.user" / "contract.yaml").read_text() == (
        "subject: a.user-value\ncompatibility: FULL\nreferences:\n- name: U\n  subject: unit-value\n  version: latest\n"
    )
    assert '"°C"' in (files.contracts / "unit" / "schema.avsc").read_text()
    assert [shared.name for shared in load_contracts(files.contracts).shared_types] == ["a.user", "unit"]
    assert pulled(files, *subjects) == Pull()


def test_a_reference_to_an_earlier_version(files: ProjectFiles) -> None:
    """By its number."""
    pulled(files, subject("a", USER, ReferenceTo("U", "u", 1)), subject("u", UNIT, version=2))
    assert yaml.safe_load((files.contracts / "a" / "contract.yaml").read_text())["references"][0]["version"] == 1


@pytest.mark.parametrize(
    ("names", "folders"),
    [
        (["plant.pump-value"], ["plant.pump"]),
        (["-value"], ["-value"]),
        (["a/b", "..", ".hidden", "ü x", ":.ctx:s"], ["%2E.", "%2Ehidden", "%3A.ctx%3As", "%C3%BC%20x", "a%2Fb"]),
        (["pump", "Pump-value", "pump-key"], ["Pump~2", "pump", "pump~3"]),
    ],
)
def test_names_of_folders(files: ProjectFiles, names: list[str], folders: list[str]) -> None:
    """Below the root on every file system, each once in whatever case."""
    pulled(files, *(subject(name) for name in names))
    assert sorted(path.parent.name for path in files.contracts.rglob("contract.yaml")) == sorted(folders)
    assert {path.parent.parent for path in files.contracts.rglob("contract.yaml")} == {files.contracts}


def test_a_contract_that_holds_the_subject(files: ProjectFiles) -> None:
    """Only what differs is written, and where it stands: comments stay."""
    folder = files.declare("pump")
    text = (
        "# the pumps of plant 1\nmqtt: pump/{device}\ntopic: pump   # as ever\ncompatibility: FULL  # agreed in May\n"
        "references:\n  - {name: U, subject: unit, version: 1}\n"
    )
    (folder / "contract.yaml").write_text(text)
    reference = ReferenceTo("U", "unit", 2)
    pull = pulled(files, subject("pump-value", READING, reference, level="BACKWARD"), subject("unit", UNIT, version=3))
    assert (folder / "contract.yaml").read_text() == text.replace("FULL", "BACKWARD").replace(
        "version: 1", "version: 2"
    )
    assert [file.path.name for file in pull.files if not file.is_new] == ["contract.yaml"]
    more = {**READING, "doc": "by hand"}
    pull = pulled(files, subject("pump-value", more, reference, level="BACKWARD"), subject("unit", UNIT, version=3))
    assert [file.path.name for file in pull.files] == ["schema.avsc"]
    assert json.loads((folder / "schema.avsc").read_text()) == more
    assert pull.remarks == []


def test_a_level_that_nobody_declares_is_left_alone(files: ProjectFiles) -> None:
    """Absent in the contract means so; absent in the registry is told."""
    files.declare("a")
    files.declare("b", compatibility="FULL")
    pull = pulled(files, subject("a-value", level="NONE"), subject("b-value"))
    assert pull.files == []
    [remark] = pull.remarks
    assert remark.startswith("b-value: has no level of its own in the registry, and FULL in ")


@pytest.mark.parametrize(
    ("contract", "references", "remark"),
    [
        ([], [ReferenceTo("U", "u", 1)], "refers to U (u version latest) in the registry; change references in"),
        ([{"name": "U", "subject": "u"}], [], "refers to nothing in the registry"),
        ([{"name": "U", "subject": "u"}], [ReferenceTo("U", "u", 0)], "refers to version 0 of u, and"),
    ],
)
def test_references_that_cannot_be_edited(
    files: ProjectFiles, contract: list[Any], references: list[ReferenceTo], remark: str
) -> None:
    """They are told, and left alone."""
    declared: dict[str, Any] = {"references": contract} if contract else {}
    files.declare("a", **declared)
    pull = pulled(files, subject("a-value", READING, *references), subject("u", UNIT))
    assert [file.path.parent.name for file in pull.files] == ["u", "u"]
    assert remark in pull.remarks[0]


def test_what_cannot_be_represented_is_told(files: ProjectFiles) -> None:
    """Other kinds of schemas, earlier versions, metadata; another kind than the folder's."""
    files.declare("a")
    pull = pulled(
        files,
        subject("a-value", {"type": "object"}),
        subject("b", earlier=2, extras=("metadata", "ruleSet")),
        PulledSubject("c", None, None, unreadable="it holds PROTOBUF"),
    )
    assert [remark.split(" in /")[0] for remark in pull.remarks] == [
        "a-value: left alone, because it is JSON in the registry and AVRO",
        "b: only the latest version is pulled, 2 earlier versions are in the registry alone",
        "b: metadata and ruleSet cannot be declared, and stay in the registry",
        "c: left out, it holds PROTOBUF",
    ]


def test_a_folder_that_is_taken(files: ProjectFiles) -> None:
    """Another contract's folder is not written into."""
    files.declare("pump", None, subject="other")
    pull = pulled(files, subject("pump-value"))
    assert pull.files == []
    assert "is another contract's; move that" in pull.remarks[0]


def declare_variants(files: ProjectFiles, **declared: Any) -> Path:
    return files.declare("pump", mqtt="p/{site}/{device}", topic="pump.{site}", where={"site": ["a", "b"]}, **declared)


REFERENCES = {"references": [{"name": "U", "subject": "u", "version": 1}]}


@pytest.mark.parametrize(
    ("schema", "version", "level", "differing"),
    [
        ({**READING, "doc": "b"}, 1, "FULL", "schema"),
        (READING, 1, "NONE", "level"),
        (READING, 1, None, "level"),
        (READING, 2, "FULL", "references"),
        ({"type": "object"}, 2, "NONE", "schema and references and level"),
    ],
)
def test_subjects_of_one_folder_that_differ(
    files: ProjectFiles, schema: Any, version: int, level: str | None, differing: str
) -> None:
    """One folder cannot say both: nothing is written, however often and in whatever order, and it is told."""
    folder = declare_variants(files, compatibility="BACKWARD", **REFERENCES)
    before = {file.name: file.read_text() for file in folder.iterdir()}
    first = subject("pump.a-value", READING, ReferenceTo("U", "u", 1), level="FULL")
    second = subject("pump.b-value", schema, ReferenceTo("U", "u", version), level=level)
    for subjects in ([first, second], [first, second], [second, first]):
        pull = pulled(files, *subjects)
        assert pull.files == []
        told = f'pump ("pump.a-value", "pump.b-value"): its subjects differ in {differing} in the registry'
        assert pull.remarks == [f"{told}, and the folder says the same of all; left alone"]
    assert {file.name: file.read_text() for file in folder.iterdir()} == before


def test_subjects_of_one_folder_that_agree(files: ProjectFiles) -> None:
    """What differs from the folder is written once, and then nothing changes."""
    folder = declare_variants(files, compatibility="BACKWARD", **REFERENCES)
    more, reference = {**READING, "doc": "by hand"}, ReferenceTo("U", "u", 2)
    spelled = dict(reversed(more.items()))
    subjects = [
        subject("pump.a-value", more, reference, level="FULL"),
        subject("pump.b-value", spelled, reference, level="FULL"),
    ]
    pull = pulled(files, *subjects)
    assert [file.path for file in pull.files] == [folder / "contract.yaml", folder / "schema.avsc"]
    declared = yaml.safe_load((folder / "contract.yaml").read_text())
    assert (declared["compatibility"], declared["references"][0]["version"]) == ("FULL", 2)
    assert json.loads((folder / "schema.avsc").read_text()) == more
    assert pulled(files, *subjects) == Pull()


def test_levels_that_nobody_declares_may_differ(files: ProjectFiles) -> None:
    declare_variants(files)
    assert pulled(files, subject("pump.a-value", level="FULL"), subject("pump.b-value")) == Pull()


def test_the_latest_of_what_is_not_pulled(files: ProjectFiles) -> None:
    """It is what a reference to the latest means, in new folders and in those that are there."""
    files.declare("held", references=[{"name": "U", "subject": "u"}])
    subjects = [subject(name, READING, ReferenceTo("U", "u", 2)) for name in ("held-value", "new")]
    pull = make_pull(files.contracts, load_existing(files.contracts, DEFAULT_DEAD_LETTERS), subjects, {"u": 2})
    assert pull.remarks == []
    [contract, _] = pull.files
    assert contract.text.endswith("- name: U\n  subject: u\n  version: latest\n")


@pytest.mark.parametrize("name", ["1e3", "0o17", "0x1F", "12", "true", "null", "1e999", "a: b", " x"])
def test_subjects_that_look_like_something_else(files: ProjectFiles, name: str) -> None:
    """They are read back as the text that they are, and so are the names of references."""
    pulled(files, subject(name, USER, ReferenceTo(name, "1e4", 1)), subject("1e4", UNIT))
    shared = {each.subject: each for each in load_contracts(files.contracts).shared_types}
    assert shared.keys() == {name, "1e4"}
    assert [(each.name, each.subject) for each in shared[name].references] == [(name, "1e4")]


def test_line_ends_stay(files: ProjectFiles) -> None:
    """Every byte but the level."""
    folder = files.declare("pump")
    text = b"mqtt: pump/{device}\r\ntopic: pump\r\ncompatibility: FULL  # agreed\r\n\r\n# end"
    (folder / "contract.yaml").write_bytes(text)
    pulled(files, subject("pump-value", level="NONE"))
    assert (folder / "contract.yaml").read_bytes() == text.replace(b"FULL", b"NONE")


def test_a_level_that_is_an_alias(files: ProjectFiles) -> None:
    """What it stands for belongs to another key: it is told, and nothing is written."""
    folder = files.declare("pump")
    text = "mqtt: pump/{device}\ntopic: pump\ndescription: &l BACKWARD\ncompatibility: *l\n"
    (folder / "contract.yaml").write_text(text)
    pull = pulled(files, subject("pump-value", level="FULL"))
    assert pull.files == []
    [remark] = pull.remarks
    told = "compatibility is FULL in the registry, and cannot be replaced where it stands; write it there"
    assert remark == f"{folder / 'contract.yaml'}: {told}"
    assert (folder / "contract.yaml").read_text() == text
