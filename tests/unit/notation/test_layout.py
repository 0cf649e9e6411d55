"""JSON laid out for people."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.notation.layout import lay_out

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=20), inner, max_size=8),
    max_leaves=40,
)


@given(VALUES)
def test_it_is_the_same_value_on_lines_that_are_no_longer_than_needed(value: Any) -> None:
    text = lay_out(value)
    assert json.loads(text) == value
    for line in text.splitlines() if text.isprintable() else ():
        scalar = line.strip().rstrip(",").rpartition(": ")[2]
        assert len(line) <= 121 or scalar[:1] not in "[{" or scalar in {"[", "{"}


def test_what_fits_stays_on_one_line() -> None:
    fields = [{"name": f"field_{n}", "type": "string"} for n in range(3)]
    assert lay_out({"type": "record", "fields": fields, "empty": []}) == (
        "{\n"
        '  "type": "record",\n'
        '  "fields": [\n'
        '    {"name": "field_0", "type": "string"},\n'
        '    {"name": "field_1", "type": "string"},\n'
        '    {"name": "field_2", "type": "string"}\n'
        "  ],\n"
        '  "empty": []\n'
        "}\n"
    )
