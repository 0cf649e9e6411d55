"""Where a pointer into the payload leads in an Avro schema."""

from __future__ import annotations

from typing import NamedTuple

from gateway.compile.avro.node import Scalar
from gateway.compile.avro.schema import Array, EnumType, Fixed, Map, Primitive, Record, Type, Union, name_of
from gateway.compile.avro.targets import compile_scalar
from gateway.compile.leaf import Leaf
from gateway.compile.lookup import Lookup, Step
from gateway.compile.rules import Path, RuleBook
from gateway.notation.pointer import ANY, Pattern, Pointer


class Found(NamedTuple):
    """What the schema has at a pointer into the payload, null branches aside."""

    kind: Type
    path: Path
    """By the fields' own names, whatever the pointer calls them."""
    lookup: Lookup


def find(root: Type, pointer: Pointer, book: RuleBook) -> Found | None:
    """What the schema has at a pointer into the payload; None if nothing."""
    kind = _beside_null(root)
    path: Path = ()
    steps: list[Step] = []
    for token in pointer.tokens:
        match kind:
            case Record():
                field = next((field for field in kind.fields if token in (field.name, *field.aliases)), None)
                if field is None:
                    return None
                folded, path = book.at(path).fold_case, (*path, field.name)
                steps.append(Step((field.name, *field.aliases, *book.at(path).aliases), folded))
                kind = field.type
            case Map():
                kind, path = kind.values, (*path, ANY)
                steps.append(Step((token,)))
            case Array() if token.isdecimal():
                kind, path = kind.items, (*path, ANY)
                steps.append(Step((token,)))
            case _:
                return None
        kind = _beside_null(kind)
    return Found(kind, path, Lookup(steps))


def has_places(root: Type, pattern: Pattern) -> bool:
    """Whether the schema has a place that a pattern stands for; items and keys of maps are ``*`` only."""
    kinds = [root]
    for token in pattern.tokens:
        kinds = [inner for kind in kinds for inner in _below(kind, token)]
    return bool(kinds)


def _below(kind: Type, token: str) -> list[Type]:
    match kind:
        case Union():
            return [inner for branch in kind.branches for inner in _below(branch, token)]
        case Record():
            return [field.type for field in kind.fields if token in {ANY, field.name}]
        case Map() if token == ANY:
            return [kind.values]
        case Array() if token == ANY:
            return [kind.items]
        case _:
            return []


def scalar_at(found: Found, book: RuleBook) -> Scalar | None:
    """The rules of the scalar that was found, None if it is none."""
    if not isinstance(found.kind, Primitive | Fixed | EnumType):
        return None
    return compile_scalar(found.kind, Leaf(book.at(found.path), found.path))


def _beside_null(kind: Type) -> Type:
    """The only other branch of a union with null; any other type as it is."""
    if isinstance(kind, Union):
        others = [branch for branch in kind.branches if name_of(branch) != "null"]
        return others[0] if len(others) == 1 else kind
    return kind
