"""Why a text is no JSON: what holds beyond the vectors of tests/vectors/payload_text.yaml."""

from __future__ import annotations

from tests.unit.compile.compiled import json_version, refused


def test_where_nothing_more_is_known_no_hint_is_given():
    """Rather than an empty one."""
    [violation] = refused(json_version({}), "[x]").violations
    assert violation.params == {"offset": 1}
