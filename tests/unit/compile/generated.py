"""Hypothesis strategies: Avro schemas, payloads that fit them strictly, payloads that fit them loosely, JSON texts.

A clean payload comes as a pair: the JSON value that strict mode takes, and the datum that fastavro writes
for it (unions as ``(branch, value)``), so that the expected bytes come from somebody else's encoder.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

BYTES_ENCODING = {"bytes_encoding": "hex"}
"""Options under which the clean payloads are written: without it bytes have no strict form."""

_NAMES = st.sampled_from(["a", "b", "temp", "deviceId", "x_1", "Type", "n"])
_KEYS = st.one_of(_NAMES, st.text(max_size=4), st.sampled_from(['":', "a/b", "~", "PM2.5", ""]))
_TEXTS = st.one_of(st.text(max_size=8), st.sampled_from(['{"a":1}', '":', "on", "NaN", "12", "2024-01-01", ""]))

_MS_WINDOW = (946_684_800_000, 4_102_444_799_999)
_LOGICAL: dict[str, tuple[str, tuple[int, int]]] = {
    "date": ("int", (-719162, 2932896)),
    "time-millis": ("int", (0, 86_399_999)),
    "time-micros": ("long", (0, 86_399_999_999)),
    "timestamp-millis": ("long", _MS_WINDOW),
    "timestamp-micros": ("long", (_MS_WINDOW[0] * 1000, _MS_WINDOW[1] * 1000)),
    "timestamp-nanos": ("long", (_MS_WINDOW[0] * 10**6, _MS_WINDOW[1] * 10**6)),
    "local-timestamp-millis": ("long", _MS_WINDOW),
}

_PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "string", "bytes"]
_KIND_OF = {"null": "null", "boolean": "boolean", "string": "string", "int": "number", "double": "number"}


@st.composite
def schemas(draw: st.DrawFn, depth: int = 3, *, loose: bool = False) -> Any:
    """An Avro schema with names that are unique in it; ``loose`` adds what strict mode has no form for."""
    numbers = iter(range(10_000))
    return _schema(draw, depth, lambda stem: f"{stem}{next(numbers)}", loose=loose)


def _schema(draw: st.DrawFn, depth: int, name: Callable[[str], str], *, loose: bool) -> Any:
    kinds = ["primitive", "primitive", "logical", "decimal", "uuid", "enum", "fixed", "nullable", "union"]
    if loose:
        kinds += ["duration", "uuid16"]
    if depth > 0:
        kinds += ["record", "record", "array", "map"]
    match draw(st.sampled_from(kinds)):
        case "primitive":
            return draw(st.sampled_from(_PRIMITIVES))
        case "logical":
            logical = draw(st.sampled_from(sorted(_LOGICAL)))
            return {"type": _LOGICAL[logical][0], "logicalType": logical}
        case "decimal":
            precision = draw(st.integers(1, 20))
            return _decimal(precision, draw(st.integers(0, precision)))
        case "uuid":
            return {"type": "string", "logicalType": "uuid"}
        case "uuid16":
            return {"type": "fixed", "name": name("U"), "size": 16, "logicalType": "uuid"}
        case "duration":
            return {"type": "fixed", "name": name("P"), "size": 12, "logicalType": "duration"}
        case "enum":
            return {"type": "enum", "name": name("E"), "symbols": ["IDLE", "RUN", "Stop"]}
        case "fixed":
            return {"type": "fixed", "name": name("F"), "size": draw(st.integers(0, 5))}
        case "nullable":
            inner = _schema(draw, depth - 1, name, loose=loose)
            if isinstance(inner, list) or inner == "null":
                return inner
            return draw(st.sampled_from([["null", inner], [inner, "null"]]))
        case "union" if loose and depth > 0 and draw(st.booleans()):
            shapes = [_schema(draw, depth - 1, name, loose=True) for _ in range(draw(st.integers(1, 3)))]
            scalars = draw(st.lists(st.sampled_from([*_PRIMITIVES]), max_size=3, unique=True))
            by_name = {_name_of(branch): branch for branch in [*scalars, *shapes] if not isinstance(branch, list)}
            return list(by_name.values()) or ["null", "int"]
        case "union":
            return draw(st.lists(st.sampled_from(sorted(_KIND_OF)), min_size=2, unique_by=_KIND_OF.__getitem__))
        case "array":
            return {"type": "array", "items": _schema(draw, depth - 1, name, loose=loose)}
        case "map":
            return {"type": "map", "values": _schema(draw, depth - 1, name, loose=loose)}
    names = draw(st.lists(st.sampled_from(["a", "b", "temp", "x_1", "Type"]), min_size=1, max_size=4, unique=True))
    fields = [{"name": field, "type": _schema(draw, depth - 1, name, loose=loose)} for field in names]
    if loose:
        for field in fields:
            default = _default_of(field["type"])
            if default is not _NO_DEFAULT and draw(st.booleans()):
                field["default"] = default
    return {"type": "record", "name": name("R"), "fields": fields}


_NO_DEFAULT = object()


def _default_of(kind: Any) -> Any:
    """A value that a field of this type may have as its default, in a schema."""
    if isinstance(kind, list):
        return _default_of(kind[0])
    bare = kind if isinstance(kind, str) else kind["type"]
    simple: dict[str, Any] = {
        "null": None,
        "boolean": True,
        "int": 3,
        "long": 4,
        "double": 0.5,
        "string": "x",
        "array": [],
        "map": {},
    }
    return kind["symbols"][0] if bare == "enum" else simple.get(bare, _NO_DEFAULT)


def _name_of(branch: Any) -> str:
    """What a union calls the branch."""
    return branch if isinstance(branch, str) else branch.get("name", branch["type"])


def _decimal(precision: int, scale: int) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def clean_values(schema: Any) -> st.SearchStrategy[tuple[Any, Any]]:
    """``(JSON value, fastavro datum)`` that strict mode takes at ``schema``."""
    if isinstance(schema, list):
        return st.one_of([_branch(branch) for branch in schema])
    if isinstance(schema, str):
        return _clean_primitive(schema)
    logical = schema.get("logicalType")
    if logical == "decimal":
        limit = 10 ** schema["precision"] - 1
        exact = st.integers(-limit, limit).map(lambda units: Decimal(units).scaleb(-schema["scale"]))
        return exact.map(lambda number: (number, number))
    if logical == "uuid":
        return st.uuids().map(str).map(_twice)
    if logical is not None:
        return st.integers(*_LOGICAL[logical][1]).map(_twice)
    match schema["type"]:
        case "enum":
            return st.sampled_from(schema["symbols"]).map(_twice)
        case "fixed":
            size = schema["size"]
            return st.binary(min_size=size, max_size=size).map(lambda data: (data.hex(), data))
        case "array":
            return st.lists(clean_values(schema["items"]), max_size=3).map(
                lambda pairs: ([value for value, _ in pairs], [datum for _, datum in pairs])
            )
        case "map":
            return st.dictionaries(_KEYS, clean_values(schema["values"]), max_size=3).map(_split)
        case "record":
            fields = {field["name"]: clean_values(field["type"]) for field in schema["fields"]}
            return st.fixed_dictionaries(fields).map(_split)
    return _clean_primitive(schema["type"])


def _twice(value: Any) -> tuple[Any, Any]:
    return value, value


def _split(pairs: dict[str, tuple[Any, Any]]) -> tuple[Any, Any]:
    return {key: pair[0] for key, pair in pairs.items()}, {key: pair[1] for key, pair in pairs.items()}


def _branch(branch: Any) -> st.SearchStrategy[tuple[Any, Any]]:
    name = _name_of(branch)
    return clean_values(branch).map(lambda pair: (pair[0], (name, pair[1])))


def _clean_primitive(name: str) -> st.SearchStrategy[tuple[Any, Any]]:
    match name:
        case "null":
            return st.just((None, None))
        case "boolean":
            return st.booleans().map(_twice)
        case "int":
            return st.integers(-(1 << 31), (1 << 31) - 1).map(_twice)
        case "long":
            return st.integers(-(1 << 63), (1 << 63) - 1).map(_twice)
        case "float":
            return st.floats(width=32, allow_nan=False, allow_infinity=False).map(_twice)
        case "double":
            return st.floats(allow_nan=False, allow_infinity=False).map(_twice)
        case "string":
            return _TEXTS.map(_twice)
        case _:
            return st.binary(max_size=6).map(lambda data: (data.hex(), data))


_STRAY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([2**31, 2**53 + 1, 2**63, 1_700_000_000, 1_700_000_000_000, 10**30, -1]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([3.0, 0.5, 1e22, 23.4, 1_700_000_000.5]),
    _TEXTS,
    st.sampled_from(
        ["1", "0", "007", "+5", " 5 ", "1e3", "3.7", "1,5", "1,234", "true", "off", "NaN", "null", "inf", "run", "٣"]
    ),
    st.sampled_from(
        [
            *("2024-01-01T00:00:00Z", "2024-01-01T12:00:00.1234567+02:00", "2024-01-01 12:00:00", "12:34:56", "12:34"),
            *("PT1.5S", "P1Y", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "3q2+7w==", "deadbeef", "1700000000"),
        ]
    ),
    st.just([]),
    st.just({}),
    st.lists(st.integers(0, 300), max_size=5),
)


def loose_values(schema: Any) -> st.SearchStrategy[Any]:
    """A JSON value as a careless device writes it: near ``schema``, mistyped here and there."""
    near = _near(schema)
    return st.integers(0, 11).flatmap(lambda dice: near if dice else _STRAY)


def _near(schema: Any) -> st.SearchStrategy[Any]:
    if isinstance(schema, list):
        return st.one_of([loose_values(branch) for branch in schema])
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "array":
        return st.lists(loose_values(schema["items"]), max_size=3)
    if kind == "map":
        return st.dictionaries(_KEYS, loose_values(schema["values"]), max_size=3)
    if kind == "record":
        known = {field["name"]: loose_values(field["type"]) for field in schema["fields"]}
        whole = st.fixed_dictionaries(known)
        unknown = st.dictionaries(st.sampled_from(["fw", "A", "tmp"]), _STRAY, max_size=1)
        odd = st.tuples(st.fixed_dictionaries({}, optional=known), unknown).map(lambda two: {**two[0], **two[1]})
        return st.one_of(whole, whole, odd)
    if isinstance(schema, dict) and schema.get("logicalType") in {"duration", "uuid"}:
        return _STRAY
    return clean_values(schema).flatmap(lambda pair: st.sampled_from(_disguises(pair[0])))


def _disguises(value: Any) -> list[Any]:
    """The value, and how else devices spell it."""
    match value:
        case bool():
            return [value, str(value), str(value).lower(), int(value), "on" if value else "off"]
        case int():
            return [value, str(value), float(value) if abs(value) < 10**300 else value, f"{value}.0", f" {value}"]
        case float() | Decimal():
            return [value, str(value), str(value).replace(".", ",")]
        case str():
            return [value, value.upper(), f" {value}", [value]]
        case _:
            return [value, "null", ""]


def text_of(value: Any) -> str:
    """JSON text; a Decimal with all its digits."""
    match value:
        case dict():
            return "{" + ",".join(f"{json.dumps(key)}:{text_of(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ",".join(map(text_of, value)) + "]"
        case Decimal():
            return format(value, "f")
        case _:
            return json.dumps(value)


def shuffled(value: Any, seed: random.Random) -> Any:
    """The same JSON value with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = list(value)
        seed.shuffle(keys)
        return {key: shuffled(value[key], seed) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, seed) for item in value]
    return value


@st.composite
def texts_with_keys(draw: st.DrawFn) -> tuple[str, int, bool]:
    """``(JSON text, object keys in it, whether one object has a key twice)``, spelled in every odd way."""
    keys = 0
    twice = False

    def space() -> str:
        return draw(st.sampled_from(["", "", " ", "\n\t", "\r "]))

    def spelled(text: str) -> str:
        if draw(st.booleans()):
            return '"' + "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else letter for letter in text) + '"'
        return json.dumps(text, ensure_ascii=draw(st.booleans()))

    def value(depth: int) -> str:
        nonlocal keys, twice
        shape = draw(st.sampled_from(["scalar", "text", "array", "object"] if depth else ["scalar", "text"]))
        if shape == "scalar":
            return draw(st.sampled_from(["1", "-1.5e3", "true", "null", '""']))
        if shape == "text":
            return spelled(draw(st.sampled_from(['":', 'a":1,"a', "\\", '\\":', ":::", '"', "a", "{", "]}", "x:y"])))
        if shape == "array":
            items = [value(depth - 1) for _ in range(draw(st.integers(0, 3)))]
            return f"[{space()}" + ",".join(f"{space()}{item}{space()}" for item in items) + "]"
        names = draw(st.lists(st.sampled_from(["a", "b", "", ":", '":', "é"]), max_size=4))
        keys += len(names)
        twice = twice or len(set(names)) < len(names)
        pairs = [f"{space()}{spelled(name)}{space()}:{space()}{value(depth - 1)}{space()}" for name in names]
        return "{" + ",".join(pairs) + "}"

    return space() + value(3) + space(), keys, twice
