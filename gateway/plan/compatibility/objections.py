"""What stands against reading one schema's data with another one, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Why data of one schema may be refused by the other. Each is explained in docs/schemas.md."""

    TYPE_NARROWED = "type-narrowed"
    ENUM_NARROWED = "enum-narrowed"
    LIMIT_NARROWED = "limit-narrowed"
    PATTERN_ADDED = "pattern-added"
    FORBIDDEN = "value-forbidden"
    REQUIRED_ADDED = "required-added"
    PROPERTY_ADDED = "property-added-to-open-model"
    PROPERTY_REMOVED = "property-removed-from-closed-model"
    MODEL_CLOSED = "model-closed"
    ITEMS_RESTRICTED = "items-restricted"
    ALTERNATIVE_REMOVED = "alternative-removed"
    AVRO = "avro-resolution"
    FORMAT_CHANGED = "format-changed"
    NOT_COVERED = "not-covered"


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason against."""

    rule: Rule
    path: str
    """Pointer into the newer schema."""
    message: str
    """What changed, and what it does to the data."""
    is_certain: bool = True
    """False where the rules do not reach: a registry must be asked."""
