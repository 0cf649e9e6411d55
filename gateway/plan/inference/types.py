"""Types of values as they are guessed, before they are written as a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

ONE_OF: Final = "one of"


class Kind(StrEnum):
    """What a value is."""

    BOOLEAN = "boolean"
    WHOLE = "whole number"
    NUMBER = "number"
    TEXT = "text"
    ENUM = "one of few words"
    UUID = "UUID"
    EPOCH = "time as a number"
    DATE_TIME = "time with an offset"
    LOCAL_DATE_TIME = "time without an offset"
    DATE = "date"
    TIME = "time of day"
    LIST = "list"
    MAP = "map"
    OBJECT = "object"
    UNION = "one of several"


@dataclass(frozen=True, slots=True)
class Guess:
    """The type of one place."""

    kind: Kind
    is_nullable: bool = False
    unit: str = "ms"
    """Of a time: the unit that it is kept in, s, ms, us or ns."""
    symbols: tuple[str, ...] = ()
    """Of few words."""
    inner: Guess | None = None
    """Of a list or map."""
    fields: Mapping[str, Field] = field(default_factory=dict)
    """Of an object, by their names in the schema."""
    branches: tuple[Guess, ...] = ()
    """Of a union."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object."""

    guess: Guess
    is_optional: bool
    """It was not always there."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What was guessed at one place, and from what."""

    path: str
    """Pointer, ``*`` for items and keys of maps."""
    seen: str
    guess: str
    note: str = ""
    """What a person should look at."""
    is_ambiguous: bool = False


@dataclass(slots=True)
class Guesses:
    """All that was guessed."""

    root: Guess
    overrides: dict[str, dict[str, Any]]
    """By pointer: the contract's options there."""
    remarks: list[Remark]
    """In the payload's order."""


def told(found: Guess) -> str:
    """A guess in few words."""
    match found.kind:
        case Kind.ENUM:
            words = f"{ONE_OF} {', '.join(found.symbols)}"
        case Kind.LIST | Kind.MAP if found.inner is not None:
            words = f"{found.kind} of {told(found.inner)}"
        case Kind.UNION:
            words = " or ".join(map(told, found.branches))
        case Kind.EPOCH | Kind.DATE_TIME | Kind.LOCAL_DATE_TIME:
            words = f"{found.kind}, in {found.unit}"
        case _:
            words = found.kind.value
    return f"{words}, or null" if found.is_nullable else words
