"""What stands against reading one schema's data with another one, and by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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
    FIELD_WITHOUT_DEFAULT = "avro-field-without-default"
    TYPE_MISMATCH = "avro-type-mismatch"
    BRANCH_MISSING = "avro-branch-missing"
    SYMBOLS_MISSING = "avro-symbols-missing"
    NAME_MISMATCH = "avro-name-mismatch"
    SIZE_MISMATCH = "avro-size-mismatch"
    LOGICAL_TYPE = "avro-logical-type"
    BYTES_AS_TEXT = "avro-bytes-as-text"
    FORMAT_CHANGED = "format-changed"
    NOT_COVERED = "not-covered"


ADVICE: Final[Mapping[Rule, str]] = {
    Rule.TYPE_NARROWED: "keep the type, and describe the new form under another name",
    Rule.ENUM_NARROWED: "keep the values, even if nobody sends them any more",
    Rule.LIMIT_NARROWED: "keep the limit, or widen it",
    Rule.PATTERN_ADDED: "leave the pattern out, or describe the new form under another name",
    Rule.FORBIDDEN: "go on allowing it",
    Rule.REQUIRED_ADDED: "leave it optional",
    Rule.PROPERTY_ADDED: "allow any value for it, or use another name; in a closed model (additionalProperties: false) "
    "a new property would do no harm",
    Rule.PROPERTY_REMOVED: "keep it, perhaps with deprecated: true",
    Rule.MODEL_CLOSED: "leave other properties allowed as they were",
    Rule.ITEMS_RESTRICTED: "allow any item",
    Rule.ALTERNATIVE_REMOVED: "keep the alternative",
    Rule.FIELD_WITHOUT_DEFAULT: "give the field a default",
    Rule.TYPE_MISMATCH: "keep the type or only widen it, and add what is new as a field of its own with a default",
    Rule.BRANCH_MISSING: "keep the union's type",
    Rule.SYMBOLS_MISSING: "keep the symbols, or give the enum a default",
    Rule.NAME_MISMATCH: "keep the name",
    Rule.SIZE_MISMATCH: "keep the size, and add what is new as a field of its own with a default",
    Rule.LOGICAL_TYPE: "registries do not look at logical types and let it pass; keep the type as it was, and give "
    "what is new a field of its own with a default, or a new subject and topic",
    Rule.BYTES_AS_TEXT: "registries let it pass; keep bytes, unless all that was ever written is text",
    Rule.FORMAT_CHANGED: "use a new subject and a new topic",
    Rule.NOT_COVERED: "gateway schemas plan asks the registry",
}
"""What to do instead, by rule."""

UNSEEN: Final = frozenset({Rule.LOGICAL_TYPE, Rule.BYTES_AS_TEXT})
"""What no registry looks at: its word does not settle them."""


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
