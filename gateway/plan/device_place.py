"""Whether a payload can name its device where a contract says that it does.

A device ID is text or a whole number and is read before anything is converted. So the question is what a payload may
have at the place, not what it becomes: a boolean may be sent as text, and a list as its only item, where that is
converted. Whatever a schema leaves open is possible.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.compile.avro.places import branches_of, find
from gateway.compile.avro.schema import Array, Map, Primitive, Record, Type, name_of
from gateway.compile.json_schema.references import Documents, Place
from gateway.compile.route import Route
from gateway.compile.rules import RuleBook
from gateway.errors import SchemaError
from gateway.notation.pointer import Pointer
from gateway.plan.compatibility.json_documents import documents

_MOST_LEVELS: Final = 32
"""Of alternatives in alternatives; deeper ones are possible."""


def device_objection(route: Route, pointer: Pointer) -> str:
    """What the schema has at ``pointer`` where that can never be a device ID; empty where it can, or has nothing."""
    contract, codec = route.contract, route.codec
    book = RuleBook(contract.mode, contract.options, contract.overrides)
    if codec.avro is not None:
        found = find(codec.avro, pointer, book)
        if found is None or any(_avro(kind, found.path, book) for kind in branches_of(found.kind)):
            return ""
        return " or ".join(name_of(kind) for kind in branches_of(found.kind))
    try:
        known = documents(route.version)
    except SchemaError:
        return ""  # the validator takes it, and this reading knows less
    place = _json_place(known, pointer)
    if place is None or _json(known, place, pointer.tokens, book):
        return ""
    return " or ".join(sorted(_types(place.schema))) or "nothing that is text or a number"


def _avro(kind: Type, path: tuple[str, ...], book: RuleBook) -> bool:
    """Whether a payload may have text or a whole number where the schema has ``kind``."""
    rules = book.at(path)
    match kind:
        case Primitive(name="null"):
            return False
        case Primitive(name="boolean"):
            return not rules.strict
        case Array():
            items = branches_of(kind.items)
            return rules.parse_json or (rules.wrap_scalar and any(_avro(each, (*path, "*"), book) for each in items))
        case Record() | Map():
            return rules.parse_json
        case _:
            return True


def _json_place(known: Documents, pointer: Pointer) -> Place | None:
    """What the schema plainly says of the place; None where it does not."""
    place = known.followed(known.root)
    for token in pointer.tokens:
        properties = place.schema.get("properties") if place is not None and isinstance(place.schema, dict) else None
        if place is None or properties is None or token not in properties:
            return None
        place = known.followed(known.below(place, "properties", token))
    return place


def _json(known: Documents, place: Place | None, path: tuple[str, ...], book: RuleBook, levels: int = 0) -> bool:
    """Whether a payload may have text or a whole number there; true for what is not understood."""
    place = None if place is None else known.followed(place)
    if place is None or not isinstance(place.schema, dict) or levels > _MOST_LEVELS:
        return True
    types = _types(place.schema)
    if types and not any(_type(known, place, kind, path, book, levels) for kind in types):
        return False
    for keyword, holds in (("allOf", all), ("anyOf", any), ("oneOf", any)):
        branches = [known.below(place, keyword, n) for n in range(len(place.schema.get(keyword, ())))]
        if branches and not holds(_json(known, branch, path, book, levels + 1) for branch in branches):
            return False
    return True


def _type(known: Documents, place: Place, kind: str, path: tuple[str, ...], book: RuleBook, levels: int) -> bool:
    """Whether a value of a type that the schema names may be sent so."""
    rules = book.at(path)
    match kind:
        case "null":
            return False
        case "boolean":
            return not rules.strict
        case "array":
            items = place.schema.get("items")
            inner = known.below(place, "items") if isinstance(items, dict) else None
            return rules.wrap_scalar and _json(known, inner, (*path, "*"), book, levels + 1)
        case "object":
            return False
        case _:
            return True


def _types(schema: Any) -> set[str]:
    """The types that a schema names, none where it names none."""
    if not isinstance(schema, dict) or "type" not in schema:
        return set()
    return {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
