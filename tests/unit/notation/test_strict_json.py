"""What counts as JSON where another reader has to agree."""

from __future__ import annotations

import pytest

from gateway.notation.strict_json import read_strict_json


def test_what_the_specification_allows_is_read() -> None:
    """Text and bytes alike."""
    assert read_strict_json('{"a": [1, 2.5, "x", null]}') == {"a": [1, 2.5, "x", None]}
    assert read_strict_json(rb'"\ud83d\ude00"') == "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[NaN]", "NaN is no JSON number"),
        ("-Infinity", "-Infinity is no JSON number"),
        ("1e400", "the number 1e400 is one that no double holds"),
        (r'{"\ud800": 1}', "half a character"),
        ("{", "Expecting"),
    ],
)
def test_what_only_python_reads_is_refused(text: str, why: str) -> None:
    """Also half a character in the name of a field."""
    with pytest.raises(ValueError, match=why):
        read_strict_json(text)
