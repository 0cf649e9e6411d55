"""Avro schemas as a typed tree: what ``parser.py`` reads and everything else works with.

A recursive schema is a tree with a cycle: a ``Record`` that contains itself is the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.compile.avro.logical_types import Logical

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})

ABSENT: Any = object()
"""Marks a field without default: ``null`` is a default too."""


@dataclass(frozen=True, slots=True)
class Primitive:
    """One of the eight primitive types, perhaps with a logical type."""

    name: str
    place: str
    """Pointer into the schema text, for error messages."""
    logical: Logical | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """A named type of exactly ``size`` bytes."""

    name: str
    place: str
    size: int
    logical: Logical | None = None


@dataclass(frozen=True, slots=True)
class EnumType:
    """A named list of symbols."""

    name: str
    place: str
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """A list of items of one type."""

    place: str
    items: Type


@dataclass(frozen=True, slots=True)
class Map:
    """Text keys to values of one type."""

    place: str
    values: Type


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types, no two of a kind, none a union."""

    place: str
    branches: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A record's field."""

    name: str
    place: str
    type: Type
    default: Any = ABSENT
    """The default as the schema's JSON spells it, or ABSENT."""
    aliases: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class Record:
    """A named list of fields; compared by identity, because it may contain itself."""

    name: str
    place: str
    fields: tuple[Field, ...] = ()


Type = Primitive | Fixed | EnumType | Array | Map | Union | Record


def name_of(kind: Type) -> str:
    """The type's name as Avro's JSON encoding tags a union's branch with it."""
    match kind:
        case Array():
            return "array"
        case Map():
            return "map"
        case Union():
            return "union"
        case _:
            return kind.name


def walk(kind: Type) -> Iterator[Type]:
    """Every type of the tree once, the outermost first."""
    seen: set[int] = set()
    waiting: list[Type] = [kind]
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        match each:
            case Record():
                waiting.extend(part.type for part in each.fields)
            case Array():
                waiting.append(each.items)
            case Map():
                waiting.append(each.values)
            case Union():
                waiting.extend(each.branches)


def find_endless(kinds: Iterable[Type]) -> Record | None:
    """The first record of which no value ever ends, because it always contains itself; None if there is none.

    Found from the other side: what is known to end makes more end, until nothing is added.
    """
    records = [kind for kind in kinds if isinstance(kind, Record)]
    ending: set[int] = set()

    def ends(kind: Type) -> bool:
        match kind:
            case Record():
                return id(kind) in ending
            case Union():
                return any(map(ends, kind.branches))
            case _:
                return True  # an array or a map may be empty

    found = records
    while found:
        found = [each for each in records if id(each) not in ending and all(ends(part.type) for part in each.fields)]
        ending |= set(map(id, found))
    return next((each for each in records if id(each) not in ending), None)
