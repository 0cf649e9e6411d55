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
        for name in self.names:
            found = Pointer((name,)).get(value)
            if found is not MISSING:
                return found
        if self.folded and isinstance(value, dict):
            lowered = {name.lower() for name in self.names}
            return next((item for key, item in value.items() if key.lower() in lowered), MISSING)
        return MISSING


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


def by_declared_names(pointer: Pointer, book: RuleBook) -> Lookup:
    """The way to a place of which only the contract's own aliases are known."""
    tokens = pointer.tokens
    return Lookup([Step((token, *book.at(tokens[: n + 1]).aliases)) for n, token in enumerate(tokens)])
