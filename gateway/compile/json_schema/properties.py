"""Where a JSON Schema plainly has a property: by ``properties`` and local ``$ref``, no further reasoning."""

from __future__ import annotations

from typing import Any

from gateway.notation.pointer import ANY, MISSING, Pointer

_MOST_STEPS = 32
"""References followed from one place; a cycle of them describes nothing."""


def may_have(source: Any, pointer: Pointer) -> bool:
    """Whether a payload of this schema can have something at the pointer.

    False only where an object of plain ``properties`` is closed by ``additionalProperties: false``
    without the name, or where nothing at all is allowed; whatever is less plain may have it.
    """
    here = source
    for token in pointer.tokens:
        here = _followed(source, here)
        if not isinstance(here, dict):
            return here is not False
        properties = here.get("properties")
        if not isinstance(properties, dict) or token not in properties:
            return here.get("additionalProperties") is not False or bool(here.get("patternProperties"))
        here = properties[token]
    return _followed(source, here) is not False


def declares(source: Any, pointer: Pointer) -> bool:
    """Whether the schema plainly names the field at the pointer; ``*`` in it stands for the items of an array."""
    here = source
    for token in pointer.tokens:
        found = _property(source, here, token)
        if found is MISSING and token == ANY:
            around = _followed(source, here)
            found = around.get("items", MISSING) if isinstance(around, dict) else MISSING
        if found is MISSING:
            return False
        here = found
    return True


def types_at(source: Any, pointer: Pointer) -> frozenset[str] | None:
    """The types that the schema plainly names for the field at the pointer; None where it names none."""
    here = source
    for token in pointer.tokens:
        here = _property(source, here, token)
    here = _followed(source, here)
    named = here.get("type") if isinstance(here, dict) else None
    return None if named is None else frozenset([named] if isinstance(named, str) else named)


def _property(source: Any, here: Any, name: str) -> Any:
    """The schema that the one ``here`` plainly names for a property; MISSING where it names none."""
    here = _followed(source, here)
    properties = here.get("properties") if isinstance(here, dict) else None
    return properties.get(name, MISSING) if isinstance(properties, dict) else MISSING


def _followed(source: Any, here: Any) -> Any:
    """The schema that a chain of local references leads to; an open schema where it cannot be followed."""
    for _ in range(_MOST_STEPS):
        if not isinstance(here, dict) or not isinstance(here.get("$ref"), str):
            return here
        reference = here["$ref"]
        is_local = reference == "#" or reference.startswith("#/")
        found = Pointer.parse(reference[1:]).get(source) if is_local else MISSING
        if found is MISSING:
            return {}
        here = found
    return {}
