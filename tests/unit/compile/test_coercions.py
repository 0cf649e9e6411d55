"""The codes of conversions against the list that docs/coercion.md gives of them."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.compile import coercions

PAGE = (Path(__file__).parents[3] / "docs" / "coercion.md").read_text("utf-8")
CODES = {value for name, value in vars(coercions).items() if name.isupper() and isinstance(value, str)}


def _listed() -> dict[str, str]:
    """Code -> its mark on the page, empty where it has none."""
    section = PAGE.partition("## What is recorded")[2]
    paragraph = section.partition("filled-in values `+`:")[2].strip().partition("\n\n")[0]
    return dict(re.findall(r"([a-z-]+)(\\\*|\+)?(?:,\s|\.$)", paragraph))


def test_every_code_is_listed():
    """And nothing else is."""
    assert _listed().keys() == CODES


def test_lossy_are_those_that_are_marked_so():
    """An operator reads in the record's header how many there were."""
    assert {code for code, mark in _listed().items() if mark == r"\*"} == coercions.LOSSY
