"""Of which types the values are that schemas leave, limits counted: a type without a value is none."""

from __future__ import annotations

from typing import Final

from gateway.compile.json_schema.dialect import DRAFT_7, ROOT
from gateway.compile.json_schema.references import Place
from gateway.plan.compatibility.conjunction import TYPES, Conjunction, kind_of, types_of
from gateway.plan.compatibility.counts import (
    characters_of,
    closed_names,
    forbidden_names,
    items_of,
    properties_of,
    required_of,
)
from gateway.plan.compatibility.numbers import numbers_of
from gateway.plan.compatibility.values import listed_values

NUMBERS: Final = frozenset({"integer", "number"})

_KINDS: Final = (NUMBERS, *(frozenset({kind}) for kind in TYPES))
ONLY: Final = {kinds: Place({"type": sorted(kinds)}, ROOT, {}, DRAFT_7) for kinds in _KINDS}
"""Schemas for one type, or for numbers."""


def kinds_of(conjunction: Conjunction) -> frozenset[str]:
    """The types of the values that are left, ``number`` being for those that are no integers.

    Parts of lists and objects are not looked into: what is left of these may be less.
    """
    listed = listed_values(conjunction)
    if listed is not None:
        return frozenset(kind_of(value) for value in listed)
    return frozenset(kind for kind in types_of(conjunction) if _is_there(conjunction, kind))


def _is_there(conjunction: Conjunction, kind: str) -> bool:
    match kind:
        case "integer":
            return not numbers_of(conjunction, are_whole=True).is_empty
        case "number":
            numbers = numbers_of(conjunction)
            only = numbers.few(1)
            is_whole = numbers.step is not None and numbers.step.denominator == 1
            return not is_whole if only is None else any(number.denominator != 1 for number in only)
        case "string":
            return not characters_of(conjunction).is_empty
        case "array":
            return not items_of(conjunction).is_empty
        case "object":
            names, required = closed_names(conjunction), required_of(conjunction)
            is_possible = (names is None or required <= names) and not required & forbidden_names(conjunction)
            return is_possible and not properties_of(conjunction).is_empty
        case _:
            return True
