"""Where a place of the schema stands in a payload as it came, which may call its fields otherwise.

For what is read beside the conversion, such as a record's timestamp: aliases and ``field_case`` count for it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.compile.rules import RuleBook
from gateway.notation.pointer import MISSING, Pointer


@dataclass(frozen=True, slots=True)
class Step:
    """One level down."""

    names: tuple[str, ...]
    """What the field may be called, its own name first; or an index, or a map's key."""
    folded: bool = False
    """Whether the names count in any case of letters."""

    def get(self, value: Any) -> Any:
        """What stands there in an object or array, or ``MISSING``."""
        name = self.name_in(value)
        return MISSING if name is None else Pointer((name,)).get(value)

    def name_in(self, value: Any) -> str | None:
        """What an object or array calls it, None where it has none."""
        if not isinstance(value, dict):
            return next((name for name in self.names if Pointer((name,)).get(value) is not MISSING), None)
        for name in self.names:
            if name in value:
                return name
        if self.folded:
            lowered = {name.lower() for name in self.names}
            return next((key for key in value if key.lower() in lowered), None)
        return None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The way to one place."""

    steps: Sequence[Step]

    def get(self, payload: Any) -> Any:
        """The value at the place, or ``MISSING``."""
        found = payload
        for step in self.steps:
            found = step.get(found)
        return found

    @property
    def has_other_names(self) -> bool:
        """Whether a payload may call any of it otherwise than by one name."""
        return any(step.folded or len(step.names) > 1 for step in self.steps)

    def names_in(self, payload: Any, pointer: Pointer) -> tuple[str, ...]:
        """The steps to the place by the names that the payload has; by those of ``pointer`` where it has none."""
        names: list[str] = []
        found = payload
        for step, token in zip(self.steps, pointer.tokens, strict=True):
            name = step.name_in(found)
            names.append(token if name is None else name)
            found = MISSING if name is None else Pointer((name,)).get(found)
        return tuple(names)


def by_declared_names(pointer: Pointer, book: RuleBook) -> Lookup:
    """The way to a place of which only the contract's own aliases are known."""
    tokens = pointer.tokens
    return Lookup([Step((token, *book.at(tokens[: n + 1]).aliases)) for n, token in enumerate(tokens)])
