"""Plans as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config.contract import Compatibility
from gateway.errors import ConfigError
from gateway.model import Format
from gateway.plan.changes import Base, Delete, Note, NoteKind, Outlook, Plan, PlannedReference, Register, SetLevel
from gateway.plan.differences import Difference
from gateway.plan.document import PlanDocument, read_plan, write_plan

PLAN = Plan(
    ("http://a",),
    (
        SetLevel("s", None, Compatibility.FULL),
        SetLevel("s", Compatibility.NONE, Compatibility.FULL),
        Register(
            "s",
            Base(1, 2),
            Format.AVRO,
            '"ö"',
            (PlannedReference("n", "t", None), PlannedReference("m", "u", 3)),
            "f",
            (Difference("/a", "b"),),
            Outlook.UNDECIDED,
            ("why",),
        ),
        Register("new", None, Format.JSON, "true", (), "g"),
        Delete("old", Base(3, 4), permanent=False),
        Delete("old", None, permanent=True),
    ),
    (Note(NoteKind.DRIFT, "s", "m"),),
    3,
)
DOCUMENT = PlanDocument(1, "0.1.0", "2026-01-01T00:00:00+00:00", PLAN)


def test_a_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every kind of change, with text that is not ASCII."""
    path = tmp_path / "plan.json"
    path.write_text(write_plan(DOCUMENT))
    assert read_plan(path) == DOCUMENT


def spoiled(change: Any) -> str:
    content = json.loads(write_plan(DOCUMENT))
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no plan"),
        ("[" * 100_000, "maximum recursion depth"),
        ("[]", "v is None, wanted 1"),
        ('{"v": 2}', "v is 2, wanted 1"),
        (spoiled(lambda each: each["plan"]["changes"][0].pop("subject")), "plan.changes.0.set-level.subject"),
        (spoiled(lambda each: each["plan"]["changes"][0].update(do="drop")), "plan.changes.0"),
        (spoiled(lambda each: each["plan"]["changes"][2].update(format="PROTOBUF")), "plan.changes.2.register.format"),
        (spoiled(lambda each: each["plan"]["changes"][4].update(base={"version": "x"})), "plan.changes.4.delete.base"),
        (spoiled(lambda each: each["plan"].update(changez=[])), "holds what no plan has"),
    ],
)
def test_what_is_no_plan(tmp_path: Path, text: str, message: str) -> None:
    """The file is named, and the place in it."""
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_plan(path)
    assert str(raised.value).startswith(f"{path}: is no plan")
    assert message in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(ConfigError, match=r"none\.json: is missing"):
        read_plan(tmp_path / "none.json")
