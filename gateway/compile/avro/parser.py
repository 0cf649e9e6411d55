"""Avro schemas read as strictly as the specification asks (Avro 1.12, "Schema Declaration" to "Aliases").

Own reader, because the libraries' are laxer: ``fastavro.parse_schema`` takes bad names, duplicate
fields, nested unions and logical types on wrong bases. Whatever is refused here is refused when the
contract is loaded, with the place in the schema and the rule.

Named types of referenced schemas are read first, into the same scope.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.compile.avro.logical_types import read_logical
from gateway.compile.avro.schema import (
    ABSENT,
    PRIMITIVES,
    Array,
    EnumType,
    Field,
    Fixed,
    Map,
    Primitive,
    Record,
    Type,
    Union,
    find_endless,
    name_of,
    walk,
)
from gateway.errors import SchemaError
from gateway.model import SchemaVersion
from gateway.notation.strict_json import refuse_constant

is_name = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
"""Whether Avro takes a text for the name of a type, field or symbol, without its namespace."""
_ORDERS = ("ascending", "descending", "ignore")
_MOST_NESTING = 100
"""Levels of a schema's own text; deeper ones are refused before Python's recursion limit is met."""


def parse_schema(version: SchemaVersion) -> Type:
    """The tree of a schema and of everything it references. Raises SchemaError with place and rule."""
    parser = _Parser()
    parser.read_references(version, set())
    tree = parser.read_text(version)
    endless = find_endless(walk(tree))
    if endless is not None:
        raise SchemaError(f"{endless.name!r} always contains itself, so none of its values ever ends", endless.place)
    return tree


class _Parser:
    """Reads the texts of one schema, and of those that it references, into one scope of names."""

    def __init__(self) -> None:
        self._types: dict[str, Type] = {}
        """Full name -> named type."""
        self._aliases: dict[str, str] = {}
        """Other full name of a type -> its own. No other type may have it ("Aliases"), and no type is found by it."""

    def read_references(self, version: SchemaVersion, seen: set[tuple[str, int]]) -> None:
        """Reads the named types of all references, innermost first, each version once."""
        for reference in version.references:
            inner = reference.schema
            if (inner.subject, inner.version) in seen:
                continue
            seen.add((inner.subject, inner.version))
            self.read_references(inner, seen)
            try:
                self.read_text(inner)
            except SchemaError as exc:
                raise SchemaError(f"reference {reference.name!r} (subject {inner.subject!r}): {exc}") from exc

    def read_text(self, version: SchemaVersion) -> Type:
        """The type that one schema's own text describes."""
        try:
            source = json.loads(version.text, parse_constant=refuse_constant)
        except (ValueError, RecursionError) as exc:
            raise SchemaError(f"the schema is not JSON: {exc}") from exc
        return self._read(source, "", "", 0)

    def _read(self, source: Any, place: str, namespace: str, depth: int) -> Type:
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
        if kind == "fixed":
            return self._fixed(source, place, namespace)
        logical = read_logical(source, kind, None, place)
        if kind in PRIMITIVES:
            return Primitive(kind, place, logical)
        match kind:
            case "record" | "error":
                return self._record(source, place, namespace, depth)
            case "enum":
                return self._enum(source, place, namespace)
            case "array":
                return Array(place, self._read(_need(source, "items", place), f"{place}/items", namespace, depth + 1))
            case "map":
                return Map(place, self._read(_need(source, "values", place), f"{place}/values", namespace, depth + 1))
            case _:
                return self._named(kind, f"{place}/type", namespace)

    def _named(self, name: str, place: str, namespace: str) -> Type:
        """The type of a name: without a dot it is in the namespace around it, or primitive."""
        if name in PRIMITIVES:
            return Primitive(name, place)
        known = self._types.get(full_name(name, namespace))
        if known is None:
            raise SchemaError(f"unknown type {name!r}: it is neither primitive nor defined before this place", place)
        return known

    def _define(self, source: Mapping[str, Any], place: str, namespace: str) -> tuple[str, str]:
        """``(full name, namespace)`` of the named type that ``source`` defines."""
        name, own = _need(source, "name", place), source.get("namespace", namespace)
        if not isinstance(name, str) or not isinstance(own, str):
            raise SchemaError("name and namespace are text", place)
        full = full_name(name, own)
        if not all(map(is_name, full.split("."))):
            raise SchemaError(f"{full!r} is no Avro name: letters, digits and _, not starting with a digit", place)
        inner, _, last = full.rpartition(".")
        if last in PRIMITIVES:
            raise SchemaError(f"{full!r} redefines a primitive type", place)
        if full in self._types:
            raise SchemaError(f"{full!r} is defined twice", place)
        if full in self._aliases:
            raise SchemaError(f"{full!r} is an alias of {self._aliases[full]!r} already", place)
        for alias in _aliases(source, place):
            other = full_name(alias, inner)
            owner = other if other in self._types else self._aliases.setdefault(other, full)
            if owner != full:
                raise SchemaError(f"the alias {other!r} is a name or alias of {owner!r} already", place)
        return full, inner

    def _record(self, source: Mapping[str, Any], place: str, namespace: str, depth: int) -> Record:
        full, inner = self._define(source, place, namespace)
        _check_doc(source, place)
        record = self._types[full] = Record(full, place)
        sources = _list_of(dict, source, "fields", place)
        fields = [self._field(item, f"{place}/fields/{n}", inner, depth) for n, item in enumerate(sources)]
        owners: dict[str, Field] = {}
        for each in fields:
            if each.name in owners:
                raise SchemaError(f"field {each.name!r} of {full!r} is defined twice", each.place)
            owners[each.name] = each
        for each in fields:
            for alias in each.aliases:
                owner = owners.setdefault(alias, each)
                if owner is not each:
                    raise SchemaError(f"the alias {alias!r} is a name or alias of field {owner.name!r}", each.place)
        record.fields = tuple(fields)
        return record

    def _field(self, source: Mapping[str, Any], place: str, namespace: str, depth: int) -> Field:
        name = _need(source, "name", place)
        if not isinstance(name, str) or not is_name(name):
            raise SchemaError(
                f"{name!r} is no Avro field name (letters, digits and _, not starting with a digit); "
                "name the field otherwise and list the device's spelling under aliases in the contract",
                place,
            )
        _check_doc(source, place)
        if source.get("order", _ORDERS[0]) not in _ORDERS:
            raise SchemaError(f"order is one of {', '.join(_ORDERS)}, found {source['order']!r}", place)
        kind = self._read(_need(source, "type", place), f"{place}/type", namespace, depth + 1)
        return Field(name, place, kind, source.get("default", ABSENT), tuple(_aliases(source, place)))

    def _enum(self, source: Mapping[str, Any], place: str, namespace: str) -> EnumType:
        full, _ = self._define(source, place, namespace)
        _check_doc(source, place)
        symbols = _list_of(str, source, "symbols", place)
        taken: set[str] = set()
        for n, symbol in enumerate(symbols):
            if not is_name(symbol):
                raise SchemaError(f"{symbol!r} is no Avro symbol", f"{place}/symbols/{n}")
            if symbol in taken:
                raise SchemaError(f"symbol {symbol!r} is listed twice", f"{place}/symbols/{n}")
            taken.add(symbol)
        if "default" in source and source["default"] not in symbols:
            raise SchemaError(f"the default {source['default']!r} is no symbol of {full!r}", place)
        made = self._types[full] = EnumType(full, place, tuple(symbols))
        return made

    def _fixed(self, source: Mapping[str, Any], place: str, namespace: str) -> Fixed:
        full, _ = self._define(source, place, namespace)
        size = _need(source, "size", place)
        if type(size) is not int or size < 0:
            raise SchemaError(f"size is a number of bytes, found {size!r}", place)
        made = self._types[full] = Fixed(full, place, size, read_logical(source, "fixed", size, place))
        return made

    def _union(self, source: Sequence[Any], place: str, namespace: str, depth: int) -> Union:
        if not source:
            raise SchemaError("a union needs a branch", place)
        branches = tuple(self._read(item, f"{place}/{n}", namespace, depth + 1) for n, item in enumerate(source))
        seen: set[str] = set()
        for n, branch in enumerate(branches):
            if isinstance(branch, Union):
                raise SchemaError("a union may not contain a union", branch.place)
            name = name_of(branch)
            if name in seen:
                raise SchemaError(f"the union has two branches of type {name!r}", f"{place}/{n}")
            seen.add(name)
        return Union(place, branches)


def full_name(name: str, namespace: str | None) -> str:
    """The full name: a name with a dot is one already."""
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _need(source: Mapping[str, Any], key: str, place: str) -> Any:
    if key not in source:
        raise SchemaError(f'"{key}" is missing', place)
    return source[key]


def _list_of(kind: type, source: Mapping[str, Any], key: str, place: str) -> list[Any]:
    found = _need(source, key, place)
    if not isinstance(found, list):
        raise SchemaError(f'"{key}" is a list', f"{place}/{key}")
    for n, item in enumerate(found):
        if not isinstance(item, kind):
            wanted = "text" if kind is str else "an object"
            raise SchemaError(f'each of "{key}" is {wanted}, found {json.dumps(item)[:80]}', f"{place}/{key}/{n}")
    return found


def _aliases(source: Mapping[str, Any], place: str) -> list[str]:
    """Other names: any text, for they are there to correct names that are illegal."""
    return _list_of(str, source, "aliases", place) if "aliases" in source else []


def _check_doc(source: Mapping[str, Any], place: str) -> None:
    if not isinstance(source.get("doc", ""), str):
        raise SchemaError(f'"doc" is text, found {json.dumps(source["doc"])[:80]}', f"{place}/doc")
