"""A pointer leads to the characters of its value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notation.spans import find

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def places(value: Any, tokens: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield tokens, value
    inner = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for step, item in inner:
        yield from places(item, (*tokens, str(step)))


@given(value=_VALUES, indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
def test_every_place_of_every_value(value: Any, indent: int | None, ascii_only: bool) -> None:
    """The span holds the value's own JSON, the key's span its name; however it is written."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    for tokens, item in places(value):
        found = find(text, tokens)
        assert found is not None
        assert found.depth == len(tokens)
        assert json.loads(text[found.value.start : found.value.end]) == item
        if found.key is not None:
            assert json.loads(text[found.key.start : found.key.end]) == tokens[-1]


@given(text=st.text() | st.text(alphabet='[]{}:,"\\ a1'), tokens=st.lists(st.text(max_size=2), max_size=3))
def test_text_that_is_no_json(text: str, tokens: list[str]) -> None:
    """Whatever it is, a span lies inside of it."""
    found = find(text, tokens)
    if found is not None:
        assert 0 <= found.value.start < found.value.end <= len(text)


def shown(text: str, *tokens: str) -> tuple[str, str | None, int]:
    found = find(text, tokens)
    assert found is not None
    key = None if found.key is None else text[found.key.start : found.key.end]
    return text[found.value.start : found.value.end], key, found.depth


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        ('{"a": {"b": 1}}', ["a", "x"], ('{"b": 1}', '"a"', 1)),
        ('{"a": [1, 2]}', ["a", "7"], ("[1, 2]", '"a"', 1)),
        ('{"a": 1}', ["a", "b", "c"], ("1", '"a"', 1)),
        ('{"a": 1, "a": 2}', ["a"], ("2", '"a"', 1)),
        ('{"a": {"b": 1}, "a": 2}', ["a"], ("2", '"a"', 1)),
        ('{"a": 1, "\\u0061": 2}', ["a"], ("2", '"\\u0061"', 1)),
        ('{"a": nan}', ["a"], ("nan", '"a"', 1)),
        ('{"a": {"b": [1, "x', ["a", "b", "1"], ('"x', None, 3)),
        ('{"a": {"b": [1, ', ["a", "b"], ("[1,", '"b"', 2)),
        ('\ufeff {"a": "{\\"b\\": 1}"}', ["a", "b"], ('"{\\"b\\": 1}"', '"a"', 1)),
    ],
)
def test_what_is_not_there_or_not_whole(text: str, tokens: list[str], expected: tuple[str, str | None, int]) -> None:
    """The nearest value around it, the last of equal keys, and text that ends early as far as it goes."""
    assert shown(text, *tokens) == expected


def test_nothing_is_nowhere() -> None:
    """Text without a value has no place."""
    assert find("  \n", []) is None


def test_depth_costs_nothing_but_its_characters() -> None:
    """A hundred thousand levels are passed without a call inside a call."""
    deep = 100_000
    found = find("[" * deep + "1" + "]" * deep, ["0"] * deep)
    assert found is not None
    assert (found.value, found.depth) == ((deep, deep + 1), deep)
