"""Folders of contracts held against what they were."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import load_contracts
from gateway.plan.findings import Check, Finding, Grade
from gateway.plan.past import regressions
from tests.parts.projects import READING, ProjectFiles

MORE = copy.deepcopy(READING)
MORE["fields"].append({"name": "unit", "type": "string"})  # type: ignore[attr-defined]
TIMED = {**READING, "fields": [{"name": "t", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}
FINER = {**READING, "fields": [{"name": "t", "type": {"type": "long", "logicalType": "timestamp-micros"}}]}
RAW = {**READING, "fields": [{"name": "t", "type": "long"}]}
OPEN = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.fixture
def both(tmp_path: Path) -> tuple[ProjectFiles, ProjectFiles]:
    """What was, and what is."""
    return ProjectFiles(tmp_path / "past"), ProjectFiles(tmp_path / "now")


def found(both: tuple[ProjectFiles, ProjectFiles]) -> list[Finding]:
    past, now = (load_contracts(each.contracts) for each in both)
    return list(regressions(now, past, "main"))


@pytest.mark.parametrize(
    ("old", "new", "level", "grade"),
    [
        (READING, READING, "FULL", None),
        (READING, MORE, "NONE", None),
        (READING, MORE, "FORWARD", None),
        (READING, MORE, "BACKWARD", Grade.PROBLEM),
        (READING, MORE, None, Grade.PROBLEM),
        (MORE, READING, "FORWARD_TRANSITIVE", Grade.PROBLEM),
        (OPEN, OPEN | {"required": ["n"]}, None, Grade.PROBLEM),
        (OPEN, OPEN | {"not": {"required": ["x"]}}, None, Grade.UNKNOWN),
        (READING, OPEN, "BACKWARD", Grade.PROBLEM),
        (TIMED, FINER, None, Grade.PROBLEM),
        (TIMED, FINER, "NONE", None),
        (TIMED, RAW, "BACKWARD_TRANSITIVE", Grade.UNKNOWN),
    ],
)
def test_a_changed_schema(both: Any, old: Any, new: Any, level: str | None, grade: Grade | None) -> None:
    """By the contract's level, BACKWARD where it declares none; what no rule covers is unknown."""
    both[0].declare("pump", old)
    both[1].declare("pump", new, **({} if level is None else {"compatibility": level}))
    findings = found(both)
    assert [each.grade for each in findings] == ([] if grade is None else [grade])
    assert all(each.check is Check.COMPATIBILITY for each in findings)


def test_what_is_told(both: Any) -> None:
    """Level, reference point, rule, reason and what to do instead, at the line of the new schema."""
    for files, kind in zip(both, ("number", "integer"), strict=True):
        folder = files.declare("pump", None)
        text = f'{{\n "type": "object",\n "properties": {{\n  "n": {{"type": "{kind}"}}\n }}\n}}'
        (folder / "schema.json").write_text(text)
    [finding] = found(both)
    assert (finding.file, finding.line, finding.column, finding.path) == (
        str(folder / "schema.json"),
        4,
        8,
        "/properties/n",
    )
    assert finding.message == (
        "breaks BACKWARD since main (type-narrowed): a value of type number with a fraction is not allowed any more; "
        "keep the type, and describe the new form under another name"
    )


def test_the_subject_decides_not_the_folder(both: Any) -> None:
    """A folder may move."""
    past, now = both
    past.declare("pump", READING, subject="pumps")
    now.declare("plant/pump", MORE, subject="pumps")
    [finding] = found(both)
    assert (finding.about, finding.contract) == ("pumps", "plant/pump")


def test_a_shared_type_changes_those_that_refer_to_it(both: Any) -> None:
    """Both are told: each is a subject of its own."""
    reference = {"name": "U", "subject": "unit-value"}
    for files, symbols in zip(both, (["C", "F"], ["C"]), strict=True):
        files.share("unit", "unit-value", {"type": "enum", "name": "U", "symbols": symbols})
        schema = {"type": "record", "name": "R", "fields": [{"name": "u", "type": "U"}]}
        files.declare("pump", schema, references=[reference])
    assert [finding.about for finding in found(both)] == ["unit-value", "pump-value"]


def test_a_subject_that_is_gone(both: Any) -> None:
    """A notice: a registry keeps it."""
    both[0].declare("pump")
    both[0].declare("valve")
    both[1].declare("pump")
    [finding] = found(both)
    assert (finding.grade, finding.check, finding.about) == (Grade.NOTICE, Check.HISTORY, "valve-value")


@pytest.mark.parametrize("pin", [1, None])
def test_what_did_not_change_is_not_told(both: Any, pin: int | None) -> None:
    """Whatever it refers to is elsewhere, or has a number that never changes, though the folder's file did."""
    reference = {"name": "U", "subject": "unit-value"} | ({} if pin is None else {"version": pin})
    for files, symbols in zip(both, (["C"], ["C", "F"]), strict=True):
        if pin is not None:
            files.share("unit", "unit-value", {"type": "enum", "name": "U", "symbols": symbols})
        schema = {"type": "record", "name": "R", "fields": [{"name": "u", "type": "U"}]}
        files.declare("pump", schema, references=[reference])
    assert found(both) == []


def test_another_version_that_is_referred_to(both: Any) -> None:
    """Is asked of the registry."""
    for files, pin in zip(both, (1, 2), strict=True):
        files.share("unit", "unit-value", {"type": "enum", "name": "U", "symbols": ["C"]})
        schema = {"type": "record", "name": "R", "fields": [{"name": "u", "type": "U"}]}
        files.declare("pump", schema, references=[{"name": "U", "subject": "unit-value", "version": pin}])
    [finding] = found(both)
    assert (finding.grade, finding.about) == (Grade.UNKNOWN, "pump-value")
    assert "version 2 of subject 'unit-value'" in finding.message


def test_a_reference_that_no_folder_holds(both: Any) -> None:
    """Unknown: the registry has it."""
    for files, name in zip(both, "ab", strict=True):
        schema = {"type": "record", "name": "R", "fields": [{"name": name, "type": "U"}]}
        files.declare("pump", schema, references=[{"name": "U", "subject": "unit-value"}])
    [finding] = found(both)
    assert finding.grade is Grade.UNKNOWN
    assert "'unit-value'" in finding.message
