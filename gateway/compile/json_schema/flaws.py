"""What the validator found wrong with a value, and where, by its own names of places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from gateway.compile.rules import Path

_NUMBER = re.compile(r"\+?0*[0-9]{1,20}", re.ASCII).fullmatch
"""A name that is told as a number: below 2 ** 64."""
_encode = msgspec.json.Encoder().encode
_MOST_DIGITS = 20
_MOST_WAYS = 16
"""Of places that are told alike; of more the first is taken."""
_MOST_STEPS = 200_000
"""Looked at for all errors of one value, where there is more than one."""

Where = tuple[str | int, ...]
"""An instance path: names and indices."""


def generic(where: Where) -> Path:
    """The place with ``*`` for array indices, as rules and recorded conversions name it."""
    if int not in map(type, where):
        return where  # type: ignore[return-value]
    return tuple("*" if isinstance(step, int) else step for step in where)


class Flaw(msgspec.Struct, frozen=True):
    """One error of the validator, with what is asked of each."""

    name: str
    """The failing keyword."""
    where: Where
    error: Any

    @property
    def types(self) -> tuple[str, ...]:
        """The types that a ``type`` error wants."""
        return tuple(self.error.kind.as_dict()["types"])

    @property
    def unexpected(self) -> Sequence[str]:
        """The fields that an error about unknown ones names."""
        return self.error.kind.as_dict()["unexpected"]  # type: ignore[no-any-return]


def flaws_of(errors: Iterable[Any], value: Any) -> list[Flaw]:
    """The validator's errors about a value."""
    return Places(value).flaws_of(errors)


class Places:
    """The places of errors in one value.

    The validator tells the property ``"21"`` as the number 21, and ``"021"`` and ``"+21"`` as well; and it leaves the
    property ``""`` out.
    """

    def __init__(self, value: Any) -> None:
        self._value = value
        self._known: dict[int, dict[int, list[str]]] = {}
        """Of an object, by its identity: the names that are told as a number."""
        self._steps_left = _MOST_STEPS
        self._may_have_empty = b'"":' in _encode(value)
        """Whether a property may have the name of no characters; so it looks where a name ends with a quote, too."""

    def flaws_of(self, errors: Iterable[Any]) -> list[Flaw]:
        """The validator's errors about the value, or about parts of it: those that an error holds."""
        found = [Flaw(error.kind.name, tuple(error.instance_path), error) for error in errors]
        if not self._may_have_empty and not any(int in map(type, flaw.where) for flaw in found):
            return found
        return [Flaw(flaw.name, self._place_of(flaw), flaw.error) for flaw in found]

    def _place_of(self, flaw: Flaw) -> Where:
        """Where the error stands; of places that are told alike, the one whose value the error is about.

        The whole value, where looking for it would take too long: nobody names properties so but to do harm.
        """
        ways = list(islice(self._ways(self._value, flaw.where), _MOST_WAYS))
        if len(ways) > 1:
            ways = [(way, value) for way, value in ways if value == flaw.error.instance] or ways
        return ways[0][0] if ways else ()

    def _ways(self, here: Any, told: Where) -> Iterator[tuple[Where, Any]]:
        """Each place that may be meant, and what stands there."""
        if self._steps_left < 0:
            return
        if not told:
            yield (), here
        if type(here) is dict and "" in here:
            self._steps_left -= 1
            for way, value in self._ways(here[""], told):
                yield ("", *way), value
        steps = self._steps(here, told[0]) if told else ()
        if len(steps) > 1:
            self._steps_left -= len(steps)
        for each in steps:
            for way, value in self._ways(here[each], told[1:]):
                yield (each, *way), value

    def _steps(self, here: Any, told: str | int) -> Sequence[str | int]:
        """What a step may be."""
        if type(here) is dict:
            return self._names_of(here).get(told, ()) if isinstance(told, int) else (told,) if told in here else ()
        return (told,) if type(here) is list and isinstance(told, int) and told < len(here) else ()

    def _names_of(self, here: dict[str, Any]) -> dict[int, list[str]]:
        known = self._known.get(id(here))
        if known is None:
            known = self._known[id(here)] = {}
            for name in here:
                if _NUMBER(name):
                    known.setdefault(int(name[-_MOST_DIGITS:]), []).append(name)
        return known
