"""Where in a JSON text a value stands: pointer -> the span of its characters.

For showing a place to a person, so it never fails: text that is no JSON is read as far as it makes sense. The work
grows with the text, not with its depth, and no call goes deeper than the last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[][{}:,]|[^][{}:,"\s]+', re.DOTALL).finditer


class Span(NamedTuple):
    """A place in a text, in characters; the end is the first one behind it."""

    start: int
    end: int


class Found(NamedTuple):
    """A value of a JSON text."""

    value: Span
    key: Span | None
    """The key that names it, with its quotes; None in a list and at the top."""
    depth: int
    """How many tokens of the pointer lead to it: all of them, or it is the value nearest to the one that is missing."""


class _Open:
    """A list or object that is being read."""

    __slots__ = ("at", "index", "is_key_next", "is_object", "key", "on_the_way", "step")

    def __init__(self, at: int, *, is_object: bool, on_the_way: bool, key: Span | None) -> None:
        self.at = at
        self.key = key
        """The key that names this one."""
        self.is_object = is_object
        self.on_the_way = on_the_way
        """Whether the pointer leads here, or through here."""
        self.is_key_next = is_object
        self.index = 0
        self.step: Span | None = None
        """The key of the member at hand."""


def find(text: str, tokens: Sequence[str]) -> Found | None:
    """The value at a pointer's tokens, of equal keys the last one's; else the nearest one around it.

    None where the text holds no value.
    """
    found: Found | None = None
    opened: list[_Open] = []
    end = 0
    for match in _TOKENS(text):
        mark, end = match.group(), match.end()
        inner = opened[-1] if opened else None
        if mark in ",:":
            if mark == "," and inner is not None:
                inner.index, inner.is_key_next = inner.index + 1, inner.is_object
        elif mark in "]}":
            if opened:
                found = _better(found, _closed(opened.pop(), len(opened), end))
        elif inner is not None and inner.is_key_next and mark[0] == '"':
            inner.step, inner.is_key_next = Span(match.start(), end), False
        else:
            on_the_way = inner is None or (inner.on_the_way and _leads_to(text, inner, len(opened), tokens))
            key = inner.step if inner is not None and inner.is_object else None
            if mark in "[{":
                opened.append(_Open(match.start(), is_object=mark == "{", on_the_way=on_the_way, key=key))
            elif on_the_way:
                found = _better(found, Found(Span(match.start(), end), key, len(opened)))
    for depth, left in reversed(list(enumerate(opened))):
        found = _better(found, _closed(left, depth, end))
    return found


def _closed(container: _Open, depth: int, end: int) -> Found | None:
    return Found(Span(container.at, end), container.key, depth) if container.on_the_way else None


def _leads_to(text: str, container: _Open, depth: int, tokens: Sequence[str]) -> bool:
    """Whether the value at hand in the container is the next one on the pointer's way."""
    if depth > len(tokens):
        return False
    if not container.is_object:
        return tokens[depth - 1] == str(container.index)
    return container.step is not None and _name(text[container.step.start : container.step.end]) == tokens[depth - 1]


def _name(key: str) -> str | None:
    """What a key's JSON text says, None where it is broken."""
    if "\\" not in key:
        return key[1:-1] if key[-1:] == '"' and len(key) > 1 else None
    try:
        return str(json.loads(key, strict=False))
    except ValueError:
        return None


def _better(found: Found | None, other: Found | None) -> Found | None:
    """The deeper one; of equally deep ones the later, which is the one that counts."""
    if other is None or (found is not None and found.depth > other.depth):
        return found
    return other
