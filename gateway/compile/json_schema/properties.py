"""Where a JSON Schema plainly has a property: by ``properties`` and local ``$ref``, no further reasoning."""

from __future__ import annotations

from typing import Any

from gateway.notation.pointer import MISSING, Pointer

_MOST_STEPS = 32
"""References followed from one place; a cycle of them describes nothing."""


def may_have(source: Any, pointer: Pointer) -> bool:
    """Whether a payload of this schema can have something at the pointer.

    False only where an object of plain ``properties`` is closed by ``additionalProperties: false``
    without the name; whatever is less plain may have it.
    """
    here = source
    for token in pointer.tokens:
        here = _followed(source, here)
        if not isinstance(here, dict):
            return here is not False
        properties = here.get("properties")
        if not isinstance(properties, dict) or token not in properties:
            return here.get("additionalProperties") is not False
        here = properties[token]
    return here is not False


def _followed(source: Any, here: Any) -> Any:
    """The schema that a chain of local references leads to; an open schema where it cannot be followed."""
    for _ in range(_MOST_STEPS):
        if not isinstance(here, dict) or not isinstance(here.get("$ref"), str):
            return here
        reference = here["$ref"]
        found = Pointer.parse(reference[1:]).get(source) if reference.startswith("#/") else MISSING
        if found is MISSING:
            return {}
        here = found
    return {}
