"""docs/operations.md against the code: whatever an operator can be told stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.kafka import reasons
from gateway.kafka.reasons import Reason

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "operations.md").read_text()
SOURCE = "\n".join(path.read_text() for path in sorted((PROJECT / "gateway").rglob("*.py")))

KAFKA = {each.name for each in vars(reasons).values() if isinstance(each, Reason)}
CODES = set(re.findall(r'(?:Reason|SinkFailure)\(\s*"([a-z_0-9]+)"', SOURCE))
EVENTS = set(re.findall(r'_log\.(?:warning|error|critical)\(\s*"([a-z_0-9]+)"', SOURCE))
EVENTS |= set(re.findall(r'"(library_message)"', SOURCE))
EVENTS |= set(re.findall(r'_note_failure\(\s*"([a-z_0-9]+)"', SOURCE))


def test_the_code_is_searched_for_what_it_tells() -> None:
    """Some of each kind that are known to be there."""
    assert {"topic_missing", "not_authorized"} <= KAFKA
    assert {"mqtt_disconnected", "schema_held_back", "dead_letter_too_large"} | KAFKA <= CODES
    assert {"session_lost", "holding", "mqtt_connect_failed"} <= EVENTS


@pytest.mark.parametrize("name", sorted(CODES | EVENTS))
def test_what_an_operator_is_told_is_explained(name: str) -> None:
    """In the first column of a table."""
    assert re.search(rf"^\|[^|]*`{name}`", PAGE, re.MULTILINE)


def test_nothing_else_is_explained() -> None:
    """What is gone from the code goes from the page."""
    named = {name for row in re.findall(r"^\| (`[^|]*)\|", PAGE, re.MULTILINE) for name in re.findall("`([^`]+)`", row)}
    assert named - CODES - EVENTS == set()
