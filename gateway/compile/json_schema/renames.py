"""Other names of fields: a payload's keys under the names that the schema knows.

A contract declares them (``aliases``), and they hold in every mode. They are put right before the schema
judges: whether a payload would be valid under a wrong name too is an accident of open schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.compile.coercions import RENAMED
from gateway.compile.json_schema.flaws import Where, generic
from gateway.compile.json_schema.properties import declares
from gateway.compile.refusals import two_names
from gateway.compile.rules import RuleBook
from gateway.compile.verdict import Log, Refused
from gateway.errors import SchemaError
from gateway.model import Coercion
from gateway.notation.pointer import ANY, Pattern, Pointer


@dataclass(slots=True)
class _Names:
    """What is declared at one place and below."""

    fields: dict[str, str] = field(default_factory=dict)
    """Other name -> field of the object here."""
    below: dict[str, _Names] = field(default_factory=dict)
    """By field, ``*`` for any item or key."""


@dataclass(slots=True)
class Renaming:
    """What was found in one payload."""

    keys: dict[Where, str] = field(default_factory=dict)
    """Place of a renamed field -> the key that the payload has for it."""
    clashes: list[tuple[Where, Refused]] = field(default_factory=list)
    """Objects in which a field stands under two of its names."""


class Renames:
    """The other names that a contract declares."""

    def __init__(self, declared: Iterable[tuple[Pattern, tuple[str, ...]]], source: Any) -> None:
        """Raises SchemaError where a name is already another field's."""
        self._root = _Names()
        for pattern, names in declared:
            *parent, own = pattern.tokens
            here = self._root
            for token in parent:
                here = here.below.setdefault(token, _Names())
            for name in names:
                if here.fields.setdefault(name, own) != own:
                    raise SchemaError(f"aliases: {name!r} would be {pattern} and {here.fields[name]!r} beside it")
                if declares(source, Pointer((*parent, name))):
                    raise SchemaError(f"aliases: {name!r} cannot be {pattern}: the schema has a field of that name")

    def apply(self, value: Any, renaming: Renaming, log: Log) -> Any:
        """The payload under the schema's names, itself if it has none of the others."""
        return _apply([self._root], value, (), renaming, log)


def compile_renames(book: RuleBook, source: Any) -> Renames | None:
    """The renames of a contract, None where it declares none. Raises SchemaError."""
    declared = list(book.aliases())
    return Renames(declared, source) if declared else None


def _apply(nodes: list[_Names], value: Any, where: Where, renaming: Renaming, log: Log) -> Any:
    if type(value) is list:
        below = _below(nodes, ())
        items = [_apply(below, item, (*where, n), renaming, log) for n, item in enumerate(value)] if below else value
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if type(value) is not dict:
        return value
    names = {other: name for node in nodes for other, name in node.fields.items() if other in value}
    value = _under_own_names(value, names, where, renaming, log) if names else value
    changed: dict[str, Any] = {}
    for key, item in value.items():
        below = _below(nodes, (key,))
        if below and (new := _apply(below, item, (*where, key), renaming, log)) is not item:
            changed[key] = new
    return {**value, **changed} if changed else value


def _below(nodes: Iterable[_Names], names: tuple[str, ...]) -> list[_Names]:
    """What holds one level deeper, at a field's name or in an array."""
    return [node.below[name] for node in nodes for name in (*names, ANY) if name in node.below]


def _under_own_names(
    value: Mapping[str, Any], names: Mapping[str, str], where: Where, renaming: Renaming, log: Log
) -> dict[str, Any]:
    """The object with the keys of ``names`` put right, in their places; the first of two that mean one field stays."""
    made: dict[str, Any] = {}
    clashing: dict[str, None] = {}  # as a set in their order: a field may have three names, and is told once
    for key, item in value.items():
        name = names.get(key, key)
        if name in made:
            clashing[name] = None
            continue
        made[name] = item
        if name != key:
            renaming.keys[*where, name] = key
            log.append(Coercion(str(Pointer((*generic(where), name))), RENAMED))
    for name in clashing:
        same = sorted(each for each in value if names.get(each, each) == name)
        renaming.clashes.append((where, two_names(same)))
    return made
