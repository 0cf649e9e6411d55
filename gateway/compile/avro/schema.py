"""Avro schemas as a typed tree, read as strictly as the specification asks (Avro 1.12).

Own reader, because the libraries' are laxer: ``fastavro.parse_schema`` takes bad names, duplicate
fields, nested unions and logical types on wrong bases. Whatever is refused here is refused when the
contract is loaded, with the place in the schema and the rule.

Named types of referenced schemas are read first, into the same scope. Recursive schemas are trees
with a cycle: a ``Record`` that contains itself is the same object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.compile.avro.logical_types import Logical, read_logical
from gateway.errors import SchemaError
from gateway.model import SchemaVersion

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_MOST_NESTING = 100
"""Levels of a schema's own text; deeper ones are refused before Python's recursion limit is met."""

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


def parse_schema(version: SchemaVersion) -> Type:
    """The tree of a schema and of everything it references. Raises SchemaError with place and rule."""
    scope: dict[str, Type] = {}
    _parse_into(version, scope, set())
    return _parse_text(version, scope)


def _parse_into(version: SchemaVersion, scope: dict[str, Type], seen: set[tuple[str, int]]) -> None:
    """Reads the named types of all references, innermost first, each version once."""
    for reference in version.references:
        inner = reference.schema
        if (inner.subject, inner.version) in seen:
            continue
        seen.add((inner.subject, inner.version))
        _parse_into(inner, scope, seen)
        try:
            _parse_text(inner, scope)
        except SchemaError as exc:
            raise SchemaError(f"reference {reference.name!r} (subject {inner.subject!r}): {exc}") from exc


def _parse_text(version: SchemaVersion, scope: dict[str, Type]) -> Type:
    try:
        source = json.loads(version.text)
    except (ValueError, RecursionError) as exc:
        raise SchemaError(f"the schema is not JSON: {exc}") from exc
    return _Reader(scope).read(source, "", "", 0)


@dataclass(slots=True)
class _Reader:
    """Reads one schema text into a scope of named types."""

    scope: dict[str, Type] = field(default_factory=dict)

    def read(self, source: Any, place: str, namespace: str, depth: int) -> Type:
        """The type that ``source`` describes at ``place``."""
        if depth > _MOST_NESTING:
            raise SchemaError(f"nested more than {_MOST_NESTING} levels deep", place)
        if isinstance(source, str):
            return self._named(source, place, namespace)
        if isinstance(source, list):
            return self._union(source, place, namespace, depth)
        if not isinstance(source, dict):
            raise SchemaError(f"a schema is a name, an object or a list, found {json.dumps(source)}", place)
        kind = source.get("type")
        if isinstance(kind, dict | list):
            raise SchemaError('a "type" inside a "type" belongs to a field only; leave the outer object out', place)
        if not isinstance(kind, str):
            raise SchemaError('an object needs a "type"', place)
        if kind in PRIMITIVES:
            return Primitive(kind, place, read_logical(source, kind, None, place))
        match kind:
            case "record" | "error":
                return self._record(source, place, namespace, depth)
            case "enum":
                return self._enum(source, place, namespace)
            case "fixed":
                return self._fixed(source, place, namespace)
            case "array":
                return Array(place, self.read(_need(source, "items", place), f"{place}/items", namespace, depth + 1))
            case "map":
                return Map(place, self.read(_need(source, "values", place), f"{place}/values", namespace, depth + 1))
            case _:
                return self._named(kind, f"{place}/type", namespace)

    def _named(self, name: str, place: str, namespace: str) -> Type:
        if name in PRIMITIVES:
            return Primitive(name, place)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        known = self.scope.get(full)
        if known is None:
            raise SchemaError(f"unknown type {name!r}: it is neither primitive nor defined before this place", place)
        return known

    def _define(self, source: Mapping[str, Any], place: str, namespace: str) -> tuple[str, str]:
        """``(full name, namespace)`` of the named type that ``source`` defines."""
        name = _need(source, "name", place)
        own = source.get("namespace", namespace)
        if not isinstance(name, str) or not isinstance(own, str):
            raise SchemaError("name and namespace are text", place)
        full = name if "." in name or not own else f"{own}.{name}"
        for part in full.split("."):
            if not _NAME(part):
                raise SchemaError(f"{full!r} is no Avro name: letters, digits and _, not starting with a digit", place)
        if full.rpartition(".")[2] in PRIMITIVES:
            raise SchemaError(f"{full!r} redefines a primitive type", place)
        if full in self.scope:
            raise SchemaError(f"{full!r} is defined twice", place)
        return full, full.rpartition(".")[0]

    def _record(self, source: Mapping[str, Any], place: str, namespace: str, depth: int) -> Record:
        full, inner = self._define(source, place, namespace)
        record = Record(full, place)
        self.scope[full] = record
        sources = _need(source, "fields", place)
        if not isinstance(sources, list):
            raise SchemaError('"fields" is a list', f"{place}/fields")
        fields = [self._field(item, f"{place}/fields/{n}", inner, depth) for n, item in enumerate(sources)]
        taken: set[str] = set()
        for each in fields:
            for name in (each.name, *each.aliases):
                if name in taken:
                    raise SchemaError(f"field name or alias {name!r} is used twice in {full!r}", each.place)
                taken.add(name)
        record.fields = tuple(fields)
        return record

    def _field(self, source: Any, place: str, namespace: str, depth: int) -> Field:
        if not isinstance(source, dict):
            raise SchemaError("a field is an object", place)
        name = _need(source, "name", place)
        if not isinstance(name, str) or not _NAME(name):
            raise SchemaError(
                f"{name!r} is no Avro field name (letters, digits and _, not starting with a digit); "
                "name the field otherwise and list the device's spelling under aliases in the contract",
                place,
            )
        aliases = source.get("aliases", [])
        if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
            raise SchemaError("aliases are a list of names", place)
        kind = self.read(_need(source, "type", place), f"{place}/type", namespace, depth + 1)
        return Field(name, place, kind, source.get("default", ABSENT), tuple(aliases))

    def _enum(self, source: Mapping[str, Any], place: str, namespace: str) -> EnumType:
        full, _ = self._define(source, place, namespace)
        symbols = _need(source, "symbols", place)
        if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
            raise SchemaError("symbols are a list of names", place)
        for n, symbol in enumerate(symbols):
            if not _NAME(symbol):
                raise SchemaError(f"{symbol!r} is no Avro symbol", f"{place}/symbols/{n}")
            if symbol in symbols[:n]:
                raise SchemaError(f"symbol {symbol!r} is listed twice", f"{place}/symbols/{n}")
        if "default" in source and source["default"] not in symbols:
            raise SchemaError(f"the default {source['default']!r} is no symbol of {full!r}", place)
        made = self.scope[full] = EnumType(full, place, tuple(symbols))
        return made

    def _fixed(self, source: Mapping[str, Any], place: str, namespace: str) -> Fixed:
        full, _ = self._define(source, place, namespace)
        size = _need(source, "size", place)
        if type(size) is not int or size < 0:
            raise SchemaError(f"size is a number of bytes, found {size!r}", place)
        made = self.scope[full] = Fixed(full, place, size, read_logical(source, "fixed", size, place))
        return made

    def _union(self, source: list[Any], place: str, namespace: str, depth: int) -> Union:
        if not source:
            raise SchemaError("a union needs a branch", place)
        branches = tuple(self.read(item, f"{place}/{n}", namespace, depth + 1) for n, item in enumerate(source))
        seen: set[str] = set()
        for branch in branches:
            if isinstance(branch, Union):
                raise SchemaError("a union may not contain a union", branch.place)
            name = name_of(branch)
            if name in seen:
                raise SchemaError(f"the union has two branches of type {name!r}", place)
            seen.add(name)
        return Union(place, branches)


def _need(source: Mapping[str, Any], key: str, place: str) -> Any:
    if key not in source:
        raise SchemaError(f'"{key}" is missing', place)
    return source[key]


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
