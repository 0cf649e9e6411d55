"""The nearest known name to a misspelled one, for messages that say "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from typing import NamedTuple

_SIMILARITY = 0.6
"""difflib's own default: ``tmp`` finds ``temp``, ``fw`` does not find ``site``."""
_MOST_CHARACTERS = 64


class Near(NamedTuple):
    """A known name that is close to another one."""

    name: str
    is_only: bool
    """Whether no other is just as close: then it can be meant, else it can only be named."""


def find_nearest(name: str, known: Iterable[str]) -> Near | None:
    """The most similar of ``known``, in any case of letters; None if none is close."""
    names = list(known)
    lowered = {each.lower(): each for each in names}
    asked = name[:_MOST_CHARACTERS].lower()
    found = get_close_matches(asked, lowered, n=2, cutoff=_SIMILARITY)
    if not found:
        return None
    best = found[0]
    alike = sum(each.lower() == best for each in names) > 1
    tie = len(found) > 1 and _similarity(found[1], asked) == _similarity(best, asked)
    return Near(lowered[best], not alike and not tie)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar of ``known``, in any case of letters; None if none is close."""
    near = find_nearest(name, known)
    return None if near is None else near.name


def _similarity(known: str, asked: str) -> float:
    return SequenceMatcher(None, known, asked).ratio()
