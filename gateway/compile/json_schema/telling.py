"""The validator's errors about a value, as far as they can be had soon and without filling the memory.

A verdict costs next to nothing. Errors do: all are made at once, and each holds a copy of the value that it is
about, 30 MB for a list of 500 000 numbers. Fifty missing fields beside such a list would take 1.5 GB, and 60 000
bad property names of one object more than a machine has. And a million errors take ten seconds, only to be made.
Where it could come to that, only the first error is told, or none where that one could hold all others.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs
import msgspec

from gateway.compile.json_schema.flaws import Flaw, flaws_of
from gateway.compile.json_schema.integers import BeyondError
from gateway.compile.json_schema.repetition import Repetition
from gateway.compile.json_schema.validator import Validator

MOST_COPIED = 16_000_000
"""Bytes of JSON text that all errors together may hold copies of; in memory they take up to 30 times as much."""
MOST_FLAWS = 10_000
"""Errors that are looked at; more take seconds."""
_MOST_LEVELS = 64
_LARGE = 200_000
"""Bytes of JSON text that may bring about more errors than are looked at by far: seconds, and a gigabyte."""
_HEAD = 20_000
"""Values at the beginning of such a text, from which the number of errors is guessed."""

_encode = msgspec.json.Encoder().encode
_CONTAINERS = frozenset({dict, list})


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

    def tell(self, value: Any) -> Told:
        """The errors about an invalid value."""
        size = len(_encode(value))
        is_costly = self._is_costly(value, size)
        if is_costly and self._repetition.has_alternatives:
            return Told([], complete=False)
        if is_costly or (size > _LARGE and self._are_countless(value, size)):
            try:
                self._validator.validate(value)
            except (jsonschema_rs.ValidationError, BeyondError) as exc:
                return Told(flaws_of([exc], value), complete=False)
        flaws = flaws_of(islice(self._validator.iter_errors(value), MOST_FLAWS + 1), value)
        return Told(flaws, complete=len(flaws) <= MOST_FLAWS)

    def _is_costly(self, value: Any, size: int) -> bool:
        """Whether the copies that the errors hold could become too large; the longer it looks, the rarer it is."""
        each = size * self._repetition.errors
        if not self._repetition.counts_names and each * _MOST_LEVELS <= MOST_COPIED:
            return False
        levels, names = _shape(value)
        if self._repetition.counts_names:
            each += size * names
        return each * levels > MOST_COPIED

    def _are_countless(self, value: Any, size: int) -> bool:
        """Whether the value has more errors than are looked at, if it goes on as it begins."""
        head = _head(value, [_HEAD])
        return sum(1 for _ in self._validator.iter_errors(head)) * size > MOST_FLAWS * len(_encode(head))


def _head(value: Any, left: list[int]) -> Any:
    """The value as far as its first values reach; counts down how many are ``left``."""
    left[0] -= 1
    if type(value) is list:
        return [_head(item, left) for item in value if left[0] > 0]
    if type(value) is dict:
        return {key: _head(item, left) for key, item in value.items() if left[0] > 0}
    return value


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
