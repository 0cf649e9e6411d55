"""The deletion of subjects that no folder names."""

from __future__ import annotations

import pytest

from gateway.plan.changes import Base, Delete, Note, NoteKind, Plan
from gateway.plan.deletions import Orphan, with_deletions

NOTES = tuple(Note(NoteKind.ORPHAN, subject, "told") for subject in ("old", "older", "other"))
PLAN = Plan(("r",), (), (*NOTES, Note(NoteKind.DRIFT, "old", "told")), 1)
BASE = Base(2, 5)


def deleted(plan: Plan) -> list[tuple[str, bool]]:
    return [(each.subject, each.permanent) for each in plan.changes if isinstance(each, Delete)]


def test_softly_and_for_good() -> None:
    """One that was deleted softly before only for good; what is planned is no note any more."""
    orphans = {"old": Orphan(BASE), "older": Orphan(None)}
    soft = with_deletions(PLAN, orphans, permanent=False)
    assert soft.changes == (Delete("old", BASE, permanent=False),)
    assert [(note.kind, note.subject) for note in soft.notes] == [
        (NoteKind.ORPHAN, "other"),
        (NoteKind.DRIFT, "old"),
    ]
    hard = with_deletions(PLAN, orphans, permanent=True)
    assert hard.changes == (
        Delete("old", BASE, permanent=False),
        Delete("old", None, permanent=True),
        Delete("older", None, permanent=True),
    )


def refers(**referrers: str) -> dict[str, Orphan]:
    """Subject -> the letters of those that refer to it."""
    return {subject: Orphan(BASE, frozenset(by)) for subject, by in referrers.items()}


@pytest.mark.parametrize(
    ("orphans", "order"),
    [
        (refers(a="b", b="c", c=""), "cba"),
        (refers(a="bc", b="c", c=""), "cba"),
        (refers(a="", b="a", c="a"), "abc"),
        (refers(a="b", b="a"), "ba"),
    ],
)
def test_what_is_referred_to_comes_later(orphans: dict[str, Orphan], order: str) -> None:
    """Versions of two subjects may refer to each other: then in any order, and the registry says no."""
    assert deleted(with_deletions(PLAN, orphans, permanent=False)) == [(subject, False) for subject in order]


def test_what_is_needed_stays() -> None:
    """And what that refers to, in turn; the note says who needs it."""
    plan = with_deletions(PLAN, refers(a="b", b="cx", c="", d=""), permanent=True)
    assert deleted(plan) == [("c", False), ("c", True), ("d", False), ("d", True)]
    told = {note.subject: note.message for note in plan.notes if note.subject in "ab"}
    assert told == {
        "b": 'no folder names it, and it is not deleted, because what stays refers to it: "x"',
        "a": 'no folder names it, and it is not deleted, because what stays refers to it: "b"',
    }
