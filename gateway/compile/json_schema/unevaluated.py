"""Errors of ``unevaluatedProperties`` and ``unevaluatedItems``, which may only follow from others.

A subschema that refuses a value evaluates none of its parts. So of ``allOf: [{properties: {a: {type: integer}}}]``
beside ``unevaluatedProperties: false`` the validator says of text at ``a`` not only that it is no integer, but that
``a`` is unknown, too. Nobody could mend the one without being told of the other.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from gateway.compile.json_schema.flaws import Flaw, Where

UNEVALUATED = frozenset({"unevaluatedProperties", "unevaluatedItems"})


def places_around(causes: Iterable[Flaw], flaws: Iterable[Flaw]) -> set[Where]:
    """Where ``causes`` stand, and everything around that; nothing where none of ``flaws`` could follow from them."""
    if UNEVALUATED.isdisjoint([flaw.name for flaw in flaws]):
        return set()
    return around(cause.where for cause in causes)


def around(places: Iterable[Where]) -> set[Where]:
    """The places and everything around them."""
    return {place[:length] for place in places for length in range(len(place) + 1)}


def may_follow(flaw: Flaw, places: Container[Where]) -> bool:
    """Whether a flaw may go away when those do whose ``places_around`` are given."""
    return flaw.name in UNEVALUATED and flaw.where in places
