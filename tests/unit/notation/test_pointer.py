"""JSON pointers and their patterns."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notation import NotationError
from gateway.notation.pointer import MISSING, Pattern, Pointer, escape

RFC_6901 = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}
"""The document of RFC 6901 section 5."""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", RFC_6901),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
        ("/foo/2", MISSING),
        ("/foo/-", MISSING),
        ("/foo/00", MISSING),
        ("/foo/01", MISSING),
        ("/foo/-1", MISSING),
        ("/foo/٠", MISSING),
        ("/foo/" + "9" * 5000, MISSING),
        ("/foo/0/x", MISSING),
        ("//x", MISSING),
        ("/nothing", MISSING),
    ],
)
def test_a_pointer_finds_what_the_rfc_says(text: str, value: Any) -> None:
    """The examples of RFC 6901 section 5, and places that do not exist."""
    assert Pointer.parse(text).get(RFC_6901) == value
    assert str(Pointer.parse(text)) == text


def test_null_is_found_and_is_not_missing() -> None:
    """None is a JSON value."""
    assert Pointer.parse("/a").get({"a": None}) is None
    assert Pointer.parse("/b").get({"a": None}) is MISSING
    assert repr(MISSING) == "MISSING"


@given(st.lists(st.text("a/~01", max_size=5), max_size=4))
def test_every_list_of_names_has_one_pointer(tokens: list[str]) -> None:
    """Writing and reading a pointer gives the same names, whatever is in them."""
    assert Pointer.parse(str(Pointer(tuple(tokens)))).tokens == tuple(tokens)
    assert "".join("/" + escape(token) for token in tokens) == str(Pointer(tuple(tokens)))


@pytest.mark.parametrize(
    ("text", "document", "result"),
    [
        ("/a", {}, {"a": 9}),
        ("/a", {"a": 1, "b": 2}, {"a": 9, "b": 2}),
        ("/a/b/c", {}, {"a": {"b": {"c": 9}}}),
        ("/a/b", {"a": {"c": 1}}, {"a": {"c": 1, "b": 9}}),
        ("/a/1", {"a": [1, 2]}, {"a": [1, 9]}),
        ("/a/0/b", {"a": [{}]}, {"a": [{"b": 9}]}),
        ("/a/2", {"a": [1, 2]}, None),
        ("/a/-", {"a": [1, 2]}, None),
        ("/a/5/b", {"a": []}, None),
        ("/a/b", {"a": 1}, None),
        ("/a/b/c", {"a": "text"}, None),
        ("/a/b", {"a": None}, None),
        ("/a", [1], None),
        ("/a", 5, None),
        ("", {"a": 1}, None),
    ],
)
def test_setting_makes_missing_objects_and_changes_nothing_where_it_cannot(
    text: str, document: Any, result: Any
) -> None:
    """True with the value in place, or False with the document as it was."""
    before = copy.deepcopy(document)
    done = Pointer.parse(text).set(document, 9)
    assert done == (result is not None)
    assert document == (before if result is None else result)


def test_a_place_is_within_itself_and_what_is_above() -> None:
    """Whole names count, not their letters."""
    place = Pointer.parse("/a/bc")
    assert all(place.within(Pointer.parse(text)) for text in ("", "/a", "/a/bc"))
    assert not any(place.within(Pointer.parse(text)) for text in ("/a/b", "/a/bc/d", "/bc"))


@pytest.mark.parametrize("text", ["a", "a/b", " /a"])
def test_a_pointer_begins_with_a_slash(text: str) -> None:
    """The message shows the pointer that was probably meant."""
    with pytest.raises(NotationError, match="must begin with /"):
        Pointer.parse(text)


@pytest.mark.parametrize("text", ["/~", "/a~2b", "/a~"])
def test_a_lone_tilde_is_refused(text: str) -> None:
    """~ is only ever part of ~0 and ~1."""
    with pytest.raises(NotationError, match="~0 for ~"):
        Pointer.parse(text)
    with pytest.raises(NotationError, match="~0 for ~"):
        Pattern.parse(text)


@pytest.mark.parametrize(
    ("pattern", "place", "covers"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b/c", True),
        ("/a", "/ab", False),
        ("/a/b", "/a", False),
        ("/a/*/t", "/a/0/t", True),
        ("/a/*/t", "/a/*/t", True),
        ("/a/*/t", "/a/x/t/deep", True),
        ("/a/*/t", "/a/0/u", False),
        ("/a/0", "/a/*", False),
        ("", "/a", True),
    ],
)
def test_a_pattern_covers_its_places_and_what_is_below(pattern: str, place: str, covers: bool) -> None:
    """* meets any item, key or field; an unknown item is met by * only."""
    assert Pattern.parse(pattern).covers(Pointer.parse(place).tokens) == covers
    assert len(Pattern.parse(pattern)) == pattern.count("/")
    assert str(Pattern.parse(pattern)) == pattern


def test_the_nearer_of_two_patterns() -> None:
    """More levels are nearer; of as many, a name before *, read from the top."""
    nearest_last = ["", "/*", "/a", "/*/*", "/*/b", "/a/*", "/a/b", "/*/*/*"]
    shuffled = list(reversed(nearest_last))
    assert sorted(shuffled, key=lambda text: Pattern.parse(text).nearness) == nearest_last
