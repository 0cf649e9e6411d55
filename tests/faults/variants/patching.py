"""How a variant changes the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def replace(place: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Puts ``make(what is there)`` into its place."""
    setattr(place, name, make(getattr(place, name)))
