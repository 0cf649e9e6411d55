"""One change between two versions of a schema, and how values in it are shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from gateway.notation.pointer import Pointer

Steps: TypeAlias = tuple[str, ...]
_MOST_SHOWN = 60
"""Characters of a value in a message."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One change."""

    path: str
    """Pointer into the newer schema; into the older one for what is gone."""
    message: str


def at(steps: Steps, message: str) -> Difference:
    """The difference that stands there."""
    return Difference(str(Pointer(steps)), message)


def shown(value: Any) -> str:
    """A value as JSON, short enough for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def listed(names: list[Any]) -> str:
    """Several values, each as JSON."""
    return ", ".join(shown(name) for name in names)
