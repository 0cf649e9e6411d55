"""JSON as its specification has it: what Python's own reader takes beyond that, nobody else reads."""

from __future__ import annotations

import json
from math import isinf
from typing import Any, NoReturn


def read_strict_json(text: str | bytes) -> Any:
    """The value. Raises ValueError, also for NaN, for a number that no double holds, and for half a character."""
    value = json.loads(text, parse_constant=refuse_constant, parse_float=_read_float)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise ValueError(r"a text has half a character, such as \ud800; write the whole one") from exc
    return value


def refuse_constant(token: str) -> NoReturn:
    """For ``json.loads``: NaN and the infinities, which Python reads, are no JSON."""
    raise ValueError(f"{token} is no JSON number")


def _read_float(token: str) -> float:
    number = float(token)
    if isinf(number):
        raise ValueError(f"the number {token[:40]} is one that no double holds")
    return number
