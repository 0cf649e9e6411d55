"""Foreign text in a comment of a pull request."""

from __future__ import annotations

import re

import pytest

from gateway.cli.renderings.markdown import code, escaped
from gateway.cli.renderings.plans import markdown
from gateway.plan.changes import Note, NoteKind, Plan

HOSTILE = "a|b`<img src=x>[y](z)_*\n# c"


@pytest.mark.parametrize("mark", "|`<>[]_*")
def test_marks_mean_nothing(mark: str) -> None:
    """Each stands behind a backslash."""
    assert escaped(f"a{mark}b") == f"a\\{mark}b"


def test_nobody_is_notified() -> None:
    """Device IDs and payloads may name people and issues; code hosts leave those between code marks alone."""
    assert escaped("@org/team a@b #12 # @") == "@\u200borg/team a@\u200bb \\#\u200b12 \\# @"


def test_code_ends_where_the_text_ends() -> None:
    """It has no code mark of its own, and ends no cell of a table."""
    assert code("a`b|c\n") == "`a'b\\|c\\n`"


@pytest.mark.parametrize("kind", NoteKind)
def test_names_from_a_registry_cannot_write_the_comment(kind: NoteKind) -> None:
    """Whatever somebody called a subject, the comment is made of the lines that we wrote."""
    written = markdown(Plan(("http://registry",), (), (Note(kind, HOSTILE, HOSTILE),)))
    harmless = markdown(Plan(("http://registry",), (), (Note(kind, "a", "a"),)))
    assert len(written.splitlines()) == len(harmless.splitlines())
    bare = re.sub(r"`[^`]*`|\\.", "", written)
    assert not {*"<[`"} & {*bare}
