"""What a plain scalar means in YAML 1.2: the core schema, section 10.3.2 of YAML 1.2.2."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from gateway.notation import NotationError

ScalarValue: TypeAlias = str | int | float | bool | None

MAX_DIGITS: Final = 400
"""Longest number, in characters: ``int()`` is quadratic, and no double has more than 309 digits."""

_NULL: Final = re.compile(r"null|Null|NULL|~|")
_TRUE: Final = re.compile(r"true|True|TRUE")
_FALSE: Final = re.compile(r"false|False|FALSE")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_INFINITY: Final = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN: Final = re.compile(r"\.(nan|NaN|NAN)")


def resolve(text: str) -> ScalarValue:
    """What a plain scalar means by the core schema. Raises NotationError for a number out of range."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return _TRUE.fullmatch(text) is not None
    if _INFINITY.fullmatch(text) or _NAN.fullmatch(text):
        return float(text.lower().replace(".", ""))
    for number, base in ((_DECIMAL, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if number.fullmatch(text):
            _check_digits(text)
            return int(text, base)
    if _FLOAT.fullmatch(text):
        _check_digits(text)
        value = float(text)
        if value in {float("inf"), float("-inf")}:
            raise NotationError(f"{text} is larger than any double: quote it if it is meant as text")
        return value
    return text


def _check_digits(text: str) -> None:
    if len(text) > MAX_DIGITS:
        raise NotationError(f"a number of {len(text)} characters; quote it if it is meant as text")
