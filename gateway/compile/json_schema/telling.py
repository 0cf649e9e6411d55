"""The validator's errors about a value, as far as they can be had soon and without filling the memory.

A verdict costs next to nothing. Errors do: all are made at once, in 20 microseconds and 2 KB each, and of alternatives
with the errors of every branch inside. Each also holds a copy of the value that it is about, 30 MB for a list of
500 000 numbers: fifty missing fields beside such a list would take 1.5 GB. So they are counted before, piece by piece.
Where they are too many, only the first error is told, or none where that one could hold all others.
"""

from __future__ import annotations

from enum import Enum, auto
from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs
import msgspec

from gateway.compile.json_schema.edits import value_at
from gateway.compile.json_schema.flaws import Flaw, flaws_of
from gateway.compile.json_schema.integers import BeyondError
from gateway.compile.json_schema.pieces import count_values, pieces_of
from gateway.compile.json_schema.repetition import Repetition
from gateway.compile.json_schema.validator import Validator

MOST_COPIED = 16_000_000
"""Bytes of JSON text that all errors together may hold copies of; in memory they take up to 30 times as much."""
MOST_FLAWS = 10_000
"""Errors that are looked at; more take seconds."""
MOST_ERRORS = 16_000
"""With those that they hold: why each alternative refused a value."""
_MOST_VALUES = 1_000_000
"""That all errors together hold copies of."""
_SMALL_WITH_NAMES = 500
"""Bytes of JSON text: one error about each name of it holds copies of ``MOST_COPIED`` bytes only if it is longer."""
_MOST_IN_PIECE = 4_000
"""Values: of a larger piece the errors alone may be too many."""

_encode = msgspec.json.Encoder().encode
_CONTAINERS = frozenset({dict, list})


class _Amount(Enum):
    """Of errors about one value."""

    FEW = auto()
    TOO_MANY = auto()
    TOO_MUCH = auto()
    """The first one may hold too many others."""


class Told(NamedTuple):
    """Errors about a value."""

    flaws: list[Flaw]
    """None if they cannot be told."""
    complete: bool
    """Whether these are all."""


class Teller:
    """Asks one validator for errors."""

    def __init__(self, validator: Validator, repetition: Repetition) -> None:
        self._validator = validator
        self._repetition = repetition
        few = MOST_ERRORS // (max(1, repetition.judgements) * repetition.errors)
        self._small = min(few, _SMALL_WITH_NAMES) if repetition.counts_names else few
        """Bytes of JSON text about which the errors cannot be too many, nor hold too much: nearly all payloads."""

    def tell(self, value: Any) -> Told:
        """The errors about an invalid value."""
        size = len(_encode(value))
        if size > self._small:
            amount = self._estimate(value, size)
            if amount is _Amount.TOO_MUCH:
                return Told([], complete=False)
            if amount is _Amount.TOO_MANY:
                try:
                    self._validator.validate(value)
                except (jsonschema_rs.ValidationError, BeyondError) as exc:
                    # Its frames hold what will hold it: a cycle.
                    return Told(flaws_of([exc.with_traceback(None)], value), complete=False)
        flaws = flaws_of(islice(self._validator.iter_errors(value), MOST_FLAWS + 1), value)
        return Told(flaws, complete=len(flaws) <= MOST_FLAWS)

    def _is_costly(self, value: Any, size: int) -> bool:
        """Whether the copies that the errors hold could become too large."""
        each = size * self._repetition.errors
        levels, names = _shape(value)
        if self._repetition.counts_names:
            each += size * names
        return each * levels > MOST_COPIED

    def _estimate(self, value: Any, size: int) -> _Amount:
        """How many errors there are about the value, found in one piece of it after the other."""
        if self._is_costly(value, size):
            return _Amount.TOO_MUCH if self._repetition.has_alternatives else _Amount.TOO_MANY
        judgements = max(1, self._repetition.judgements)
        errors = values = 0
        most = max(1, _MOST_IN_PIECE // judgements)
        for piece in pieces_of(value, most, self._repetition.missing):
            holds_too_much = False
            for flaw in flaws_of(self._validator.iter_errors(piece), piece):
                held, around = count_errors(flaw.error), count_values(value_at(piece, flaw.where), most)
                holds_too_much = holds_too_much or (held > 1 and around > most // 2)
                errors += held
                values += held * around
                if errors > MOST_ERRORS or values > _MOST_VALUES:
                    return _Amount.TOO_MUCH if holds_too_much else _Amount.TOO_MANY
        return _Amount.FEW


def count_errors(error: Any) -> int:
    """The error and those that it holds: of each branch, why it refused the value; one for a branch that did not."""
    branches = error.kind.as_dict().get("context", ())
    return 1 + sum(max(1, sum(map(count_errors, branch))) for branch in branches)


def _shape(value: Any) -> tuple[int, int]:
    """Levels of nesting, and keys of the largest object."""
    levels, names = 1, 0
    level = [value]
    while level:
        names = max(names, max((len(each) for each in level if type(each) is dict), default=0))
        level = [
            item
            for outer in level
            if type(outer) in _CONTAINERS
            for item in (outer.values() if type(outer) is dict else outer)
            if type(item) in _CONTAINERS
        ]
        levels += bool(level)
    return levels, names
