"""What is wrong, as one sentence for a person: the same for every code and every target.

``/temp: found string "21,5", wanted a number; publish 21.5 instead of "21,5", or declare decimal_separator: "," in the
contract``: the place, what was found and what is wanted, why (where that is not plain), then the smallest change on
the device's side and the smallest on the contract's. Values stand as JSON writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.compile.verdict import MOST_VALUE, Advice, kind_of
from gateway.model import Mode
from gateway.notation.pointer import MISSING

_encode = msgspec.json.Encoder(decimal_format="number").encode
_MOST_NAMES = 20
"""Names that a sentence lists."""


def in_json(value: Any) -> str:
    """A value as JSON text, cut behind ``MOST_VALUE`` characters."""
    if isinstance(value, str):
        start = _encode(value[:MOST_VALUE]).decode()
        return start if len(value) <= MOST_VALUE else f'{start[:-1]}..."'
    text = str(value) if type(value) is int else _encode(value).decode()
    return text if len(text) <= MOST_VALUE else f"{text[:MOST_VALUE]}..."


def listed(values: Iterable[Any]) -> str:
    """Values as JSON, one behind the other, at most 20 of them."""
    texts = [in_json(value) for value in values]
    return ", ".join([*texts[:_MOST_NAMES], "..."] if len(texts) > _MOST_NAMES else texts)


def compose(
    path: str, value: Any, expected: str, advice: Advice, *, fix: Any = MISSING, mode: Mode | None = None
) -> str:
    """The sentence on a value at ``path``. ``fix`` is what would pass in its place, ``mode`` one that would take it."""
    kind = kind_of(value)
    shown = "" if kind in {"object", "array", "absent"} else in_json(value)
    found = _WORDS.get(kind) or f"{kind} {shown}"
    parts = [f"{path or 'the payload'}: found {found}, wanted {expected}"]
    if advice.why:
        parts.append(advice.why)
    publish = advice.publish if fix is MISSING else f"publish {in_json(fix)} instead of {shown or 'the ' + kind}"
    declare = advice.declare or (f"declare mode: {mode} in the contract" if mode is not None else "")
    if publish or declare:
        parts.append(f"{publish}, or {declare}" if publish and declare else publish or declare)
    return "; ".join(parts)


_WORDS = {"absent": "nothing", "null": "null", "object": "an object", "array": "a list"}
"""Kinds whose value is not shown."""


def counted(number: int, noun: str, several: str = "") -> str:
    """``1 contract``, ``2 contracts``; ``several`` where an s does not do."""
    return f"{number} {noun}" if number == 1 else f"{number} {several or noun + 's'}"
