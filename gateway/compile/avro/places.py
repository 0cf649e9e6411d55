"""Where a pointer into the payload leads in an Avro schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.compile.avro.node import Scalar
from gateway.compile.avro.schema import Array, EnumType, Fixed, Map, Primitive, Record, Type, Union, name_of
from gateway.compile.avro.targets import compile_scalar
from gateway.compile.leaf import Leaf
from gateway.compile.lookup import Lookup, Step
from gateway.compile.rules import Path, RuleBook
from gateway.notation.pointer import ANY, Pointer


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


def kinds_at(root: Type, tokens: Iterable[str], *, any_field: bool = False) -> list[Type]:
    """What the schema may have at a place, unions taken apart; items and keys of maps are ``*`` only.

    ``any_field``: a ``*`` stands for the fields of a record, too, as in the pattern of an override.
    """
    kinds = branches_of(root)
    for token in tokens:
        kinds = [
            each for kind in kinds for below in _below(kind, token, any_field=any_field) for each in branches_of(below)
        ]
    return kinds


def branches_of(kind: Type) -> list[Type]:
    """The types that a value may have: those of a union, or the type itself."""
    return list(kind.branches) if isinstance(kind, Union) else [kind]


def _below(kind: Type, token: str, *, any_field: bool) -> list[Type]:
    match kind:
        case Record():
            return [field.type for field in kind.fields if token == field.name or (any_field and token == ANY)]
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
