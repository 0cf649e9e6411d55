"""Changes between two Avro schemas. Named types are compared where they are defined; elsewhere by their name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gateway.plan.differences.difference import Difference, Steps, at, listed, shown
from gateway.plan.unapplied import same_json

_WIDER: Final = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
"""Type -> the types that can read its data ("Schema Resolution")."""

_CHILDREN: Final = {"array": "items", "map": "values"}
_TOLD: Final = frozenset({"type", "name", "namespace", "fields", "symbols", "items", "values"})
"""Attributes that are compared by their own rules."""


def compare(old: Any, new: Any, steps: Steps) -> Iterator[Difference]:
    """Every change from ``old`` to ``new``, which stands at ``steps``."""
    old, new = _plain(old), _plain(new)
    if isinstance(old, list) or isinstance(new, list):
        yield from _union(old if isinstance(old, list) else [old], new if isinstance(new, list) else [new], steps)
        return
    was, now = _kind(old), _kind(new)
    if was != now:
        widened = "widened" if now in _WIDER.get(was, ()) else "changed"
        yield at(steps, f"type {widened} from {_called(old)} to {_called(new)}")
        return
    old, new = ({"type": each} if isinstance(each, str) else each for each in (old, new))
    if _full_name(old) != _full_name(new):
        yield at(steps, f"renamed from {_full_name(old)} to {_full_name(new)}")
    yield from _attributes(old, new, steps)
    if was in {"record", "error"}:
        yield from _fields(old["fields"], new["fields"], steps)
    elif was == "enum":
        yield from _symbols(old["symbols"], new["symbols"], steps)
    elif was in _CHILDREN:
        child = _CHILDREN[was]
        yield from compare(old[child], new[child], (*steps, child))


def _attributes(old: dict[str, Any], new: dict[str, Any], steps: Steps) -> Iterator[Difference]:
    """Documentation, defaults, logical types and whatever else stands beside a type or field."""
    for key in dict.fromkeys([*old, *new]):
        if key in _TOLD:
            continue
        if key not in old:
            yield at((*steps, key), f"{key} added: {shown(new[key])}")
        elif key not in new:
            yield at((*steps, key), f"{key} removed: {shown(old[key])}")
        elif not same_json(old[key], new[key]):
            told = "changed" if key == "doc" else f"changed from {shown(old[key])} to {shown(new[key])}"
            yield at((*steps, key), f"{key} {told}")


def _fields(old: list[dict[str, Any]], new: list[dict[str, Any]], steps: Steps) -> Iterator[Difference]:
    before, after = {field["name"]: field for field in old}, {field["name"]: field for field in new}
    for n, field in enumerate(old):
        if field["name"] not in after:
            yield at((*steps, "fields", str(n)), f"field {field['name']!r} removed")
    for n, field in enumerate(new):
        place = (*steps, "fields", str(n))
        earlier = before.get(field["name"])
        if earlier is None:
            default = f"with default {shown(field['default'])}" if "default" in field else "without a default"
            yield at(place, f"field {field['name']!r} added, {_called(field['type'])}, {default}")
        else:
            yield from _attributes(earlier, field, place)
            yield from compare(earlier["type"], field["type"], (*place, "type"))
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield at((*steps, "fields"), "fields in another order")


def _symbols(old: list[str], new: list[str], steps: Steps) -> Iterator[Difference]:
    place = (*steps, "symbols")
    added, removed = [each for each in new if each not in old], [each for each in old if each not in new]
    if added:
        yield at(place, f"added {listed(added)}")
    if removed:
        yield at(place, f"removed {listed(removed)}")
    if [each for each in old if each in new] != [each for each in new if each in old]:
        yield at(place, "symbols in another order")


def _union(old: list[Any], new: list[Any], steps: Steps) -> Iterator[Difference]:
    before, after = ({_branch(branch): branch for branch in branches} for branches in (old, new))
    added, removed = (
        [name for name in ours if name not in theirs] for ours, theirs in ((after, before), (before, after))
    )
    if len(added) == len(removed) == 1:
        place = (*steps, str(list(after).index(added[0]))) if len(new) > 1 else steps
        yield from compare(before[removed[0]], after[added[0]], place)
    else:
        if added:
            yield at(steps, f"{', '.join(added)} allowed, too")
        if removed:
            yield at(steps, f"{', '.join(removed)} not allowed any more")
    for n, name in enumerate(after):
        if name in before:
            yield from compare(before[name], after[name], (*steps, str(n)) if len(new) > 1 else steps)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield at(steps, "types of the union in another order")


def _plain(schema: Any) -> Any:
    """``{"type": "string"}`` is ``"string"``."""
    while isinstance(schema, dict) and isinstance(schema.get("type"), dict | list):
        schema = schema["type"]
    return schema["type"] if isinstance(schema, dict) and schema.keys() == {"type"} else schema


def _kind(schema: Any) -> str:
    return str(schema["type"]) if isinstance(schema, dict) else str(schema)


def _branch(schema: Any) -> str:
    """What tells a type from the others in a union."""
    schema = _plain(schema)
    return _full_name(schema) if isinstance(schema, dict) and "name" in schema else _kind(schema)


def _full_name(schema: dict[str, Any]) -> str:
    name, namespace = str(schema.get("name", "")), schema.get("namespace")
    return f"{namespace}.{name}" if namespace and "." not in name else name


def _called(schema: Any) -> str:
    """A type for a person."""
    schema = _plain(schema)
    if isinstance(schema, list):
        return " or ".join(_called(branch) for branch in schema)
    if not isinstance(schema, dict):
        return str(schema)
    if "logicalType" in schema:
        return f"{schema['logicalType']} ({_kind(schema)})"
    child = _CHILDREN.get(_kind(schema))
    if child is not None:
        return f"{_kind(schema)} of {_called(schema[child])}"
    return f"{_kind(schema)} {_full_name(schema)}" if "name" in schema else _kind(schema)
