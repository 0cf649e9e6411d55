"""The nearest known name to a misspelled one, for messages that say "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SIMILARITY = 0.6
"""difflib's own default: ``tmp`` finds ``temp``, ``fw`` does not find ``site``."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar of ``known``, in any case of letters; None if none is close."""
    lowered = {each.lower(): each for each in known}
    found = get_close_matches(name[:64].lower(), lowered, n=1, cutoff=_SIMILARITY)
    return lowered[found[0]] if found else None
