"""What the validator found wrong with a value, and where, by its own names of places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.compile.rules import Path

Where = tuple[str | int, ...]
"""An instance path: names and indices."""


def generic(where: Where) -> Path:
    """The place with ``*`` for array indices, as rules and recorded conversions name it."""
    return tuple("*" if isinstance(step, int) else step for step in where)


class Flaw(NamedTuple):
    """One error of the validator, with what is asked of each."""

    name: str
    """The failing keyword."""
    where: Where
    error: Any

    @property
    def types(self) -> tuple[str, ...]:
        """The types that a ``type`` error wants."""
        return tuple(self.error.kind.as_dict()["types"])


def flaws_of(errors: Iterable[Any]) -> list[Flaw]:
    """The validator's errors."""
    return [Flaw(error.kind.name, tuple(error.instance_path), error) for error in errors]
