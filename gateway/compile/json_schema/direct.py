"""The plainly typed part of a schema as a coercer of its own, compiled once.

Devices with loose types make the same mistakes in message after message: text for numbers, 1 for true. Where
the schema says plainly what stands at a place (``type``, ``properties``, ``items``, ``$ref``), the conversions
that the validator's errors would ask for are known beforehand, and asking costs many times more.

What comes out is never trusted: the validator judges it, and if it is not valid, or anything was unclear, the
value goes the way of the errors (mending.py) as if this had not been tried. So a place may be taken for plain
only if a valid outcome here is the outcome there, with the same conversions. That is so where

- no keyword around or at the place looks at a value that is converted (``enum`` of objects, ``uniqueItems``,
  ``if``, ``anyOf`` ...): it could be silenced by a conversion, and such errors refuse the payload;
- no keyword at the place speaks of another type than its ``type`` (``minimum`` beside ``string``), likewise.

Everything else is left as it is: what lies at such a place is valid already, or the payload goes the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gateway.compile.coercions import UNKNOWN_DROPPED
from gateway.compile.json_schema.conversion import CONVERSIONS, FROM_TEXT, convert
from gateway.compile.json_schema.mending import Mender
from gateway.compile.json_schema.references import Documents, Place
from gateway.compile.leaf import Leaf
from gateway.compile.rules import Path, RuleBook
from gateway.compile.verdict import Log, Refused
from gateway.model import Coercion
from gateway.notation.pointer import ANY, Pointer

_MOST_PLACES = 2_000
"""That are compiled; what lies beyond goes the way of the errors."""

_MOST_STEPS = 8
"""From one reference to the next."""

_KINDS: Mapping[str, frozenset[type]] = {
    "integer": frozenset({int}),  # and 3.0, which is looked at
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "string": frozenset({str}),
    "null": frozenset({type(None)}),
    "array": frozenset({list}),
    "object": frozenset({dict}),
}

_OF_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_OF_TEXT = frozenset({"minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"})
_OF_OBJECTS = frozenset({"properties", "required", "additionalProperties"})
_OF_VALUES = frozenset({"enum", "const"})
_INSIDE = frozenset({"properties", "items"})
"""By these something inside of a value is changed."""
_PLAIN = frozenset({"type"}) | _OF_NUMBERS | _OF_TEXT | _OF_OBJECTS | _OF_VALUES | _INSIDE
_NOT_PLAIN = frozenset(
    {
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies", "dependentSchemas"),
        *("dependentRequired", "patternProperties", "propertyNames", "minProperties", "maxProperties"),
        *("unevaluatedProperties", "unevaluatedItems", "contains", "minContains", "maxContains", "prefixItems"),
        *("additionalItems", "uniqueItems", "$dynamicRef", "$recursiveRef"),
    }
)
"""Keywords of any draft; what is in neither set says nothing about validity.

Or of lists how long they are, which no conversion changes: nothing else becomes of a list, whatever type is wanted.
"""


Change = Callable[[Any, Log, Log], Any]
"""A value -> what becomes of it, itself where nothing does. Raises Refused or _Unclear where it is not for us.

Conversions are noted in the first log, dropped properties in the second: they come behind, as mending notes them.
"""


class _Unclear(Exception):
    """An object has unknown fields that are not dropped, or no others."""


class _Part(NamedTuple):
    """One place."""

    settled: frozenset[type]
    """Types of values that need no change, nor a look inside."""
    change: Change


def compile_direct(
    documents: Documents, book: RuleBook, mender: Mender
) -> Callable[[Any], tuple[Any, Log] | None] | None:
    """The function that converts what is plainly typed, None where nothing is.

    It returns what it made and the conversions, None where nothing is to be converted or something is unclear.
    """
    part = _Compiler(documents, book, mender).part(documents.root, ()) if not book.at(()).strict else None
    if part is None:
        return None
    settled, change = part

    def convert_directly(value: Any) -> tuple[Any, Log] | None:
        converted: Log = []
        dropped: Log = []
        try:
            made = value if type(value) in settled else change(value, converted, dropped)
        except (Refused, _Unclear):
            return None
        return None if made is value else (made, converted + dropped)

    return convert_directly


class _Compiler:
    def __init__(self, documents: Documents, book: RuleBook, mender: Mender) -> None:
        self._documents = documents
        self._book = book
        self._leaves_at = mender.leaves
        self._budget = _MOST_PLACES
        self._open: set[int] = set()
        """Schemas around the place at hand, by identity."""

    def part(self, place: Place, path: Path) -> _Part | None:
        """What is done at ``path`` by the schema there, None where that is nothing or not plain."""
        target = self._plain_target(place)
        self._budget -= 1
        if target is None or self._budget < 0 or id(target.schema) in self._open:
            return None
        self._open.add(id(target.schema))
        inside: dict[type, Change | None] = {dict: self._of_object(target, path), list: self._of_array(target, path)}
        self._open.remove(id(target.schema))
        changes = {kind: change for kind, change in inside.items() if change is not None}
        types = _types_of(target.schema)
        if types is None:
            return _Part(_EVERY_KIND - changes.keys(), _by_kind(changes)) if changes else None
        settled = frozenset[type]().union(*(_KINDS[name] for name in types)) - changes.keys()
        leaf = _of_leaf(types, self._leaves_at(path))
        return _Part(settled, _by_kind(changes, leaf) if changes else leaf)

    def _plain_target(self, place: Place) -> Place | None:
        """Where ``place`` leads, if it is a plain schema in the end, and nothing else is said on the way."""
        for _ in range(_MOST_STEPS):
            schema = place.schema
            if not isinstance(schema, dict) or "$ref" not in schema:
                return place if isinstance(schema, dict) and _is_plain(schema) else None
            target = None if schema.keys() & (_PLAIN | _NOT_PLAIN) else self._documents.target(place)
            if target is None:
                return None
            place = target
        return None

    def _of_object(self, place: Place, path: Path) -> Change | None:
        """Changes an object, field by field."""
        properties = place.schema.get("properties", {})
        parts = {
            name: self.part(self._documents.below(place, "properties", name), (*path, name)) for name in properties
        }
        closed = place.schema.get("additionalProperties") is False
        if not closed and not any(parts.values()):
            return None
        settled = {name: _EVERY_KIND if part is None else part.settled for name, part in parts.items()}
        changes = {name: part.change for name, part in parts.items() if part is not None}
        drops = self._book.at(path).drops_unknown

        def change(value: Any, log: Log, dropped: Log) -> Any:
            made = value
            for key, item in value.items():
                try:
                    if type(item) in settled[key]:
                        continue
                except KeyError:
                    if closed and not drops:
                        raise _Unclear from None
                    if closed:
                        made = value.copy() if made is value else made
                        del made[key]
                        dropped.append(Coercion(str(Pointer((*path, key))), UNKNOWN_DROPPED))
                    continue
                new = changes[key](item, log, dropped)
                if new is not item:
                    made = value.copy() if made is value else made
                    made[key] = new
            if value and not made:
                raise _Unclear
            return made

        return change

    def _of_array(self, place: Place, path: Path) -> Change | None:
        """Changes an array, item by item."""
        part = self.part(self._documents.below(place, "items"), (*path, ANY)) if "items" in place.schema else None
        if part is None:
            return None
        settled, change_item = part

        def change(value: Any, log: Log, dropped: Log) -> Any:
            items = [item if type(item) in settled else change_item(item, log, dropped) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value

        return change


_EVERY_KIND = frozenset[type]().union(*_KINDS.values())


def _by_kind(changes: Mapping[type, Change], leaf: Change | None = None) -> Change:
    """Changes a value as its kind asks for, one of any other kind as a leaf."""

    def change(value: Any, log: Log, dropped: Log) -> Any:
        wanted = changes.get(type(value), leaf)
        assert wanted is not None, "a kind that needs no change is settled"
        return wanted(value, log, dropped)

    return change


def _of_leaf(types: tuple[str, ...], leaves: list[Leaf]) -> Change:
    """Changes a value that is of none of the types, by the conversions of every place; 3.0 is an integer already."""
    if len(types) > 1:
        is_integer = "integer" in types
        return lambda value, log, _: (
            value if is_integer and type(value) is float and value.is_integer() else convert(types, value, leaves, log)
        )
    # What a narrow mode reads a wider one reads alike, so for a single type the widest is asked at once.
    [name] = types
    conversion, leaf = CONVERSIONS[name], leaves[-1]
    if name in FROM_TEXT:
        return _of_number(name, leaf)
    return lambda value, log, _: conversion(value, leaf, log)


def _of_number(name: str, leaf: Leaf) -> Change:
    """As the conversion; asks itself what that asks first, because text for a number is the most frequent mistake."""
    kinds, convert_other, convert_text = _KINDS[name], CONVERSIONS[name], FROM_TEXT[name]
    short_number, from_text = leaf.short_number, leaf.from_text

    def change(value: Any, log: Log, _dropped: Log) -> Any:
        if type(value) is str:
            number = short_number(value)
            if type(number) not in kinds:
                return convert_text(value, leaf, log)
            log.append(from_text)
            return number
        if type(value) is float and value.is_integer():
            return value
        return convert_other(value, leaf, log)

    return change


def _types_of(schema: Mapping[str, Any]) -> tuple[str, ...] | None:
    declared = schema.get("type")
    return None if declared is None else tuple([declared] if isinstance(declared, str) else declared)


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether no keyword of the schema could be silenced by a conversion: see the top."""
    keywords = schema.keys()
    types = frozenset(_types_of(schema) or _KINDS)
    return not (
        keywords & _NOT_PLAIN
        or (
            keywords & _OF_NUMBERS
            and "number" not in types
            and not {"integer"} <= types <= {"integer", "boolean", "null"}
        )
        or (keywords & _OF_TEXT and "string" not in types)
        or (keywords & _OF_OBJECTS and "object" not in types)
        or (keywords & _OF_VALUES and keywords & _INSIDE)
    )
