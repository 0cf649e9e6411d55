"""JSON pointers (RFC 6901), and patterns of them.

Rules
- A pointer is empty, for the whole document, or begins with ``/``; ``~1`` stands for ``/``, ``~0`` for ``~``.
- In an array a token is a decimal index without leading zeros; ``-`` (the place behind the last
  item) never exists.
- A pattern is a pointer in which a token ``*`` stands for any item of an array or any key of a map.

Must not know: whose payload it points into.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from gateway.notation import NotationError


class Missing(Enum):
    """The type of ``MISSING``: an enum, so that type checkers can tell it from every JSON value."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
"""What a pointer finds where there is nothing; ``None`` is JSON's null."""

MissingType: TypeAlias = Literal[Missing.MISSING]

ANY: Final = "*"

_ITEM: Final = re.compile(r"/\d+(?=/|$)")
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")
_INDEX: Final = re.compile(r"0|[1-9][0-9]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pointer:
    """A place in a JSON document."""

    tokens: tuple[str, ...]
    """Unescaped; empty for the whole document."""

    @classmethod
    def parse(cls, text: str) -> Pointer:
        """The pointer that ``text`` writes down. Raises NotationError."""
        return cls(_tokens(text))

    def get(self, document: Any) -> Any:
        """The value at this place, or ``MISSING``. ``document`` is what a JSON decoder returns."""
        found = document
        for token in self.tokens:
            if isinstance(found, dict):
                found = found.get(token, MISSING)
            elif isinstance(found, list):
                position = _index(token, found)
                found = MISSING if position is None else found[position]
            else:
                return MISSING
        return found

    def set(self, document: Any, value: Any) -> bool:
        """Puts ``value`` at this place in ``document`` itself; missing objects on the way are made.

        False, with ``document`` unchanged, where that is impossible: a scalar stands in the way, an
        array has no such item, or the place is the whole document.
        """
        if not self.tokens:
            return False
        parent = document
        for depth, token in enumerate(self.tokens[:-1]):
            if isinstance(parent, dict) and token not in parent:
                parent[token] = _nested(self.tokens[depth + 1 :], value)
                return True
            parent = Pointer((token,)).get(parent)
        last = self.tokens[-1]
        if isinstance(parent, dict):
            parent[last] = value
            return True
        position = _index(last, parent) if isinstance(parent, list) else None
        if position is None:
            return False
        parent[position] = value
        return True

    def within(self, other: Pointer) -> bool:
        """Whether this place is ``other`` or lies below it."""
        return self.tokens[: len(other.tokens)] == other.tokens

    def __str__(self) -> str:
        return _text(self.tokens)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The places in JSON documents that a pointer with ``*`` stands for."""

    tokens: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """The pattern that ``text`` writes down. Raises NotationError."""
        return cls(_tokens(text))

    def covers(self, place: Sequence[str]) -> bool:
        """Whether ``place`` is one of these places or lies below one.

        A ``*`` in ``place`` itself (some item, it is not known which) is met by ``*`` only.
        """
        return len(place) >= len(self.tokens) and all(
            ours in {ANY, theirs} for ours, theirs in zip(self.tokens, place, strict=False)
        )

    def __len__(self) -> int:
        """Levels below the document."""
        return len(self.tokens)

    @property
    def nearness(self) -> tuple[int, tuple[bool, ...]]:
        """Greater for the nearer of two patterns that cover a place: more levels, or names for ``*``, from the top."""
        return len(self.tokens), tuple(token != ANY for token in self.tokens)

    def __str__(self) -> str:
        return _text(self.tokens)


def generic(pointer: str) -> str:
    """A pointer with ``*`` for the items of lists: the same for all of them."""
    return _ITEM.sub(f"/{ANY}", pointer)


def escape(token: str) -> str:
    """A token as it is written in a pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def _tokens(text: str) -> tuple[str, ...]:
    """The unescaped tokens of a pointer. Raises NotationError."""
    if not text:
        return ()
    if not text.startswith("/"):
        raise NotationError(f"{text!r} is no JSON pointer: it must begin with /, as in '/{text}'")
    bad = _BAD_ESCAPE.search(text)
    if bad is not None:
        raise NotationError(f"{text!r} is no JSON pointer: write ~0 for ~ and ~1 for / inside a name (RFC 6901)")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text[1:].split("/"))


def _text(tokens: Sequence[str]) -> str:
    """The escaped form."""
    return "".join("/" + escape(token) for token in tokens)


def _index(token: str, items: list[Any]) -> int | None:
    """The index that ``token`` names among ``items``, None if there is no such item."""
    # Longer than any list's length is not worth converting: int() is quadratic.
    if len(token) > 18 or _INDEX.fullmatch(token) is None:
        return None
    position = int(token)
    return position if position < len(items) else None


def _nested(tokens: Sequence[str], value: Any) -> Any:
    """``value`` wrapped into one new object per token."""
    for token in reversed(tokens):
        value = {token: value}
    return value
