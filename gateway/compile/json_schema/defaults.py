"""``defaults: fill``: what a missing property gets, where the schema plainly says so.

JSON Schema's ``default`` is an annotation; a contract must ask for it to be filled in. Filled is what stands
under ``properties``, also of array items, also by way of ``$ref`` and ``allOf``: there a property has its
default whatever else the payload holds. Not filled is what depends on the payload: ``anyOf``, ``oneOf``,
``if``, patterns and maps of properties.

A default is taken as it is written; nothing is filled inside it. An object of which the schema knows no
property at all stays as it is: a misspelled payload must not become one of defaults.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from gateway.compile.coercions import DEFAULT_FILLED
from gateway.compile.json_schema.references import Documents, Place
from gateway.compile.rules import Path, RuleBook
from gateway.compile.verdict import Log
from gateway.errors import SchemaError
from gateway.model import Coercion
from gateway.notation.pointer import ANY, Pointer

_MOST_PLACES = 10_000
"""Places of the payload that are looked at; named definitions count wherever they are used."""
_MOST_LEVELS = 100
"""Of places inside each other."""


@dataclass(slots=True)
class Filling:
    """What is filled in at one place of the payload and below."""

    known: frozenset[str] = frozenset()
    """The properties that the schema names here."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Property -> its default, where the contract wants it filled."""
    below: dict[str, Filling] = field(default_factory=dict)
    items: Filling | None = None

    def apply(self, value: Any, path: Path, log: Log) -> Any:
        """The value with its missing properties filled in, itself if none is missing."""
        if type(value) is list and self.items is not None:
            items = [self.items.apply(item, (*path, ANY), log) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        if type(value) is not dict or self.known.isdisjoint(value):
            return value
        made: dict[str, Any] = {}
        for name, below in self.below.items():
            if name in value and (new := below.apply(value[name], (*path, name), log)) is not value[name]:
                made[name] = new
        for name, default in self.defaults.items():
            if name not in value:
                made[name] = deepcopy(default)
                log.append(Coercion(str(Pointer((*path, name))), DEFAULT_FILLED))
        return {**value, **made} if made else value


def compile_defaults(documents: Documents, book: RuleBook) -> Filling | None:
    """What is filled in under a contract, None where it asks for nothing.

    Raises SchemaError where the schema gives one property two defaults.
    """
    return _Compiler(documents, book).filling() if book.asks_for_defaults() else None


class _Compiler:
    def __init__(self, documents: Documents, book: RuleBook) -> None:
        self._documents = documents
        self._book = book
        self._budget = _MOST_PLACES
        self._open: dict[tuple[int, ...], Filling] = {}
        """The places around the one at hand, by the identities of their schemas."""

    def filling(self) -> Filling:
        return self._filling([self._documents.root], ())

    def _filling(self, places: Iterable[Place], path: Path) -> Filling:
        """What a value gets of which all these schemas hold. Inside itself a definition is filled as at its outside."""
        parts = self._parts(places)
        identity = tuple(id(part.schema) for part in parts)
        if identity in self._open:
            return self._open[identity]
        self._budget -= 1
        if self._budget < 0 or len(path) > _MOST_LEVELS:
            raise SchemaError(f"defaults: fill: the schema is too large below {Pointer(path)}; declare it elsewhere")
        filling = self._open[identity] = Filling()
        properties: dict[str, list[Place]] = {}
        for part in parts:
            for name in _mapping(part.schema, "properties"):
                properties.setdefault(name, []).append(self._documents.below(part, "properties", name))
        filling.known = frozenset(properties)
        for name, inside in properties.items():
            below = (*path, name)
            filling.below[name] = self._filling(inside, below)
            defaults = self._defaults(inside, below) if self._book.at(below).fills_json_defaults else []
            if defaults:
                filling.defaults[name] = defaults[0]
        items = [self._documents.below(part, "items") for part in parts if isinstance(part.schema.get("items"), dict)]
        if items:
            filling.items = self._filling(items, (*path, ANY))
        del self._open[identity]
        return filling

    def _parts(self, places: Iterable[Place]) -> list[Place]:
        """The schemas that hold wherever ``places`` do: themselves, what they refer to or combine by ``allOf``."""
        found: dict[int, Place] = {}
        waiting = list(places)
        while waiting:
            place = waiting.pop(0)
            schema = place.schema
            if not isinstance(schema, dict) or id(schema) in found:
                continue
            if "$ref" in schema:
                target = self._documents.followed(place)
                waiting += [target] if target is not None else []
                if not place.siblings_count:
                    continue
            found[id(schema)] = place
            combined = schema.get("allOf")
            count = len(combined) if isinstance(combined, list) else 0
            waiting += [self._documents.below(place, "allOf", n) for n in range(count)]
        return list(found.values())

    def _defaults(self, places: Iterable[Place], path: Path) -> list[Any]:
        """The property's default, if it has one. Raises SchemaError for two."""
        parts = [part.schema for part in self._parts(places)]
        found = {json.dumps(part["default"], sort_keys=True): part["default"] for part in parts if "default" in part}
        if len(found) > 1:
            listed = " and ".join(text[:80] for text in found)
            raise SchemaError(f"defaults: fill: {Pointer(path)} has more than one default: {listed}")
        return list(found.values())


def _mapping(schema: Mapping[str, Any], keyword: str) -> Mapping[str, Any]:
    found = schema.get(keyword)
    return found if isinstance(found, dict) else {}
