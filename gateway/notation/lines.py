"""Where in a text a character stands, as people and editors count."""

from __future__ import annotations

from typing import NamedTuple

from gateway.notation import NotationError
from gateway.notation.pointer import Pointer
from gateway.notation.spans import find


class LinePlace(NamedTuple):
    """Line and column, both 1-based; columns count characters. None where it is not known."""

    line: int | None = None
    column: int | None = None


def line_place(text: str, offset: int) -> LinePlace:
    """The place of the character at ``offset``."""
    before = text[:offset]
    return LinePlace(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def json_place(text: str, pointer: str, *, key: bool = False) -> LinePlace:
    """Where a JSON text has the value at ``pointer``, or the nearest one around it; ``key``: the key that names it.

    It is not known where the text has no value, or the pointer is none.
    """
    try:
        found = find(text, Pointer.parse(pointer).tokens)
    except NotationError:
        return LinePlace()
    if found is None:
        return LinePlace()
    return line_place(text, found.key.start if key and found.key is not None else found.value.start)
