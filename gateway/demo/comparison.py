"""A record beside the payload that it was made from, field by field: what was converted first, then the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

from gateway.notation.pointer import ANY, MISSING, Pointer


class Line(NamedTuple):
    """One field."""

    path: str
    """As a JSON pointer."""
    before: str
    """In the payload, as it was written; empty where it is not there or the payload is not known."""
    after: str
    """In the record; empty where it is not there."""
    code: str
    """Of the conversion; empty where there was none."""


def compare(payload: bytes | None, value: Mapping[str, Any], coercions: Mapping[str, str]) -> list[Line]:
    """A line for each conversion, then for each further field at the top of the record, in its order."""
    document = _read(payload)
    converted = [path for path in coercions if path]
    lines = [_line(path, document, value, coercions[path]) for path in converted]
    tops = {_tokens(path)[0] for path in converted if _tokens(path)}
    return lines + [_line(f"/{_escape(name)}", document, value, "") for name in value if name not in tops]


def _line(path: str, document: Any, value: Mapping[str, Any], code: str) -> Line:
    tokens = _tokens(path)
    return Line(path, write(_find(document, tokens)), write(_find(value, tokens)), code)


def write(value: Any) -> str:
    """The value as JSON writes it; what JSON has no type for as Python prints it."""
    match value:
        case _ if value is MISSING:
            return ""
        case datetime():
            return value.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case bytes():
            return f"bytes {value.hex()}"
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def _read(payload: bytes | None) -> Any:
    """The payload's document; MISSING where it is not known, or only the gateway can read it."""
    try:
        return MISSING if payload is None else json.loads(payload.rstrip(b"\0").decode("utf-8-sig"))
    except ValueError:
        return MISSING


def _find(document: Any, tokens: tuple[str, ...]) -> Any:
    """The value at the place; where the place is any item, that of the first."""
    found = document
    for token in tokens:
        first = token == ANY and isinstance(found, (list, dict))
        found = next(_items(found), MISSING) if first else Pointer((token,)).get(found)
    return found


def _items(container: list[Any] | dict[str, Any]) -> Iterator[Any]:
    return iter(container.values() if isinstance(container, dict) else container)


def _tokens(path: str) -> tuple[str, ...]:
    return Pointer.parse(path).tokens


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
