"""What the folders want against what a registry holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config.contract import Compatibility
from gateway.config.load import load_contracts
from gateway.model import Format, ReferenceTo, Registered
from gateway.plan.changes import Base, Plan, PlannedReference, Register, SetLevel
from gateway.plan.desired import desired_subjects
from gateway.plan.planning import make_plan
from gateway.plan.state import HeldSubject, RegistryState
from tests.parts.projects import READING, ProjectFiles

UNIT = {"type": "enum", "name": "U", "symbols": ["C"]}
USER = {"type": "record", "name": "R", "fields": [{"name": "u", "type": "U"}]}
REFERENCE = {"name": "U", "subject": "unit-value"}


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path)


def held(schema: Any, version: int = 1, *references: ReferenceTo, **others: Any) -> HeldSubject:
    """A subject with this latest version."""
    latest = Registered("s", version, 10 + version, Format.AVRO, json.dumps(schema), references=references)
    return HeldSubject(latest, **others)


def planned(files: ProjectFiles, *others: str, **subjects: HeldSubject) -> Plan:
    """The plan for what a registry holds; ``_`` in names stands for ``-``."""
    state = RegistryState(("r",), None, {name.replace("_", "-"): each for name, each in subjects.items()}, others)
    return make_plan(desired_subjects(load_contracts(files.contracts)), state)


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(note.kind.value, note.subject) for note in plan.notes]


def test_a_new_subject(files: ProjectFiles) -> None:
    """Registered, and then its level."""
    folder = files.declare("pump", compatibility="FULL")
    [register, level] = planned(files).changes
    assert isinstance(register, Register)
    assert register == Register(
        "pump-value", None, Format.AVRO, json.dumps(READING), (), str(folder / "schema.avsc"), outlook=register.outlook
    )
    assert level == SetLevel("pump-value", None, Compatibility.FULL)


def test_a_new_version(files: ProjectFiles) -> None:
    """Under the new level, after the latest version, with what changes."""
    files.declare("pump", compatibility="NONE")
    old = {**READING, "fields": READING["fields"][:1]}
    [level, register] = planned(files, pump_value=held(old, 3, level=Compatibility.FULL)).changes
    assert level == SetLevel("pump-value", Compatibility.FULL, Compatibility.NONE)
    assert isinstance(register, Register)
    assert register.base == Base(3, 13)
    assert [each.message for each in register.differences] == ["field 'temp' added, double, without a default"]


@pytest.mark.parametrize("text", [READING, {"fields": READING["fields"], "name": "Reading", "type": "record"}])
def test_nothing_to_do(files: ProjectFiles, text: Any) -> None:
    """However the registry spells it; a level that is not declared is left alone."""
    files.declare("pump")
    plan = planned(files, pump_value=held(text, level=Compatibility.NONE))
    assert (plan.changes, plan.notes, plan.subjects) == ((), (), 1)


def test_references_come_first(files: ProjectFiles) -> None:
    """And what refers to a new version is registered anew, with the version that the plan makes."""
    files.declare("a", USER, references=[REFERENCE])
    files.share("z", "unit-value", UNIT)
    [unit, user] = planned(files).changes
    assert isinstance(user, Register)
    assert (unit.subject, user.subject) == ("unit-value", "a-value")
    assert user.references == (PlannedReference("U", "unit-value", None),)
    older = {**UNIT, "symbols": []}
    reference = ReferenceTo("U", "unit-value", 1)
    [_, user] = planned(files, unit_value=held(older), a_value=held(USER, 1, reference)).changes
    assert isinstance(user, Register)
    assert [each.message for each in user.differences] == [
        "reference 'U': unit-value version 1 becomes the new version of unit-value"
    ]


def test_references_to_the_latest_and_to_a_number(files: ProjectFiles) -> None:
    """The latest is the one that the registry has; a number is itself."""
    files.declare("a", USER, references=[REFERENCE])
    files.declare("b", {**USER, "name": "S"}, references=[{**REFERENCE, "version": 2}])
    files.share("z", "unit-value", UNIT)
    [a, b] = planned(files, unit_value=held(UNIT, 7)).changes
    assert isinstance(a, Register)
    assert isinstance(b, Register)
    assert [each.version for each in (*a.references, *b.references)] == [7, 2]


@pytest.mark.parametrize(("latest", "pin", "planned_as"), [(None, 1, None), (3, 4, None), (3, 3, 3), (3, 1, 1)])
def test_a_number_that_the_plan_makes(
    files: ProjectFiles, latest: int | None, pin: int, planned_as: int | None
) -> None:
    """Is the new version: the registry does not have it when it is asked about the one that refers to it."""
    files.declare("a", USER, references=[{**REFERENCE, "version": pin}])
    files.share("z", "unit-value", {**UNIT, "symbols": ["C", "F"]})
    has = {} if latest is None else {"unit_value": held(UNIT, latest)}
    [_, a] = planned(files, **has).changes
    assert isinstance(a, Register)
    assert [each.version for each in a.references] == [planned_as]


def test_a_reference_that_nobody_has(files: ProjectFiles) -> None:
    """A conflict: it cannot be registered."""
    files.declare("a", USER, references=[REFERENCE])
    plan = planned(files)
    assert (plan.changes, told(plan)) == ((), [("conflict", "a-value")])
    assert plan.conflicts == plan.notes


def test_an_earlier_version_is_a_conflict(files: ProjectFiles) -> None:
    """Registering it again would change nothing."""
    files.declare("pump")
    plan = planned(files, pump_value=held({**READING, "doc": "by hand"}, 4, same=3))
    assert (plan.changes, told(plan)) == ((), [("conflict", "pump-value")])
    assert "is version 3 of the registry, whose latest is version 4" in plan.notes[0].message


def test_what_the_registry_does_not_tell_apart_is_no_change(files: ProjectFiles) -> None:
    """Registering it would give the same version again, for ever."""
    files.declare("pump")
    plan = planned(files, pump_value=held({**READING, "doc": "by hand"}, 4, same=4))
    assert (plan.changes, told(plan)) == ((), [("drift", "pump-value")])
    assert "differs from version 4 only in what this registry does not tell apart" in plan.notes[0].message


@pytest.mark.parametrize(
    ("pin", "latest", "pinned", "expected"),
    [
        (1, None, None, "register"),
        (2, 1, None, "register"),
        (1, 1, READING, "nothing"),
        (1, 3, READING, "nothing"),
        (1, 3, {**READING, "doc": "x"}, "conflict"),
        (3, 1, None, "conflict"),
        (3, None, None, "conflict"),
    ],
)
def test_a_pinned_version(files: ProjectFiles, pin: int, latest: int | None, pinned: Any, expected: str) -> None:
    """Must be the folder's schema; it can be registered only where it would get that number."""
    files.declare("pump", version=pin)
    subject = HeldSubject()
    if latest is not None:
        other = held({**READING, "doc": "other"} if latest != pin else pinned, latest)
        subject = HeldSubject(other.latest, pinned=None if pinned is None else held(pinned, pin).latest)
    plan = planned(files, pump_value=subject)
    kind = [each.do for each in plan.changes] + [note.kind.value for note in plan.notes]
    assert kind == ([] if expected == "nothing" else [expected])


def test_a_subject_that_is_kept_elsewhere(files: ProjectFiles) -> None:
    """It must be there; its level may be wanted all the same."""
    files.declare("pump", None, compatibility="FULL")
    plan = planned(files)
    assert told(plan) == [("conflict", "pump-value")]
    plan = planned(files, pump_value=held(READING))
    assert plan.changes == (SetLevel("pump-value", None, Compatibility.FULL),)


def test_a_subject_of_another_kind(files: ProjectFiles) -> None:
    """What cannot be read is not overwritten."""
    files.declare("pump")
    plan = planned(files, pump_value=HeldSubject(unreadable="a schema of type PROTOBUF"))
    assert (plan.changes, told(plan)) == ((), [("unknown", "pump-value")])


def test_orphans_are_told(files: ProjectFiles) -> None:
    """And left alone: plan/deletions.py is for who asks."""
    files.declare("pump")
    plan = planned(files, "old", "older", pump_value=held(READING))
    assert (plan.changes, told(plan)) == ((), [("orphan", "old"), ("orphan", "older")])
