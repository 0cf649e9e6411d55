"""Logical types: which there are, what they stand on, and their parameters (Avro 1.12, "Logical Types").

An unknown logical type is its base type, as the specification says. A known one on a base or with
parameters that the specification forbids is to be ignored, says the specification, and most libraries
silently do; a contract with such a schema means something else than what it says, so it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import SchemaError

_BASES: Mapping[str, frozenset[str]] = {
    "date": frozenset({"int"}),
    "time-millis": frozenset({"int"}),
    "time-micros": frozenset({"long"}),
    "timestamp-millis": frozenset({"long"}),
    "timestamp-micros": frozenset({"long"}),
    "timestamp-nanos": frozenset({"long"}),
    "local-timestamp-millis": frozenset({"long"}),
    "local-timestamp-micros": frozenset({"long"}),
    "local-timestamp-nanos": frozenset({"long"}),
    "decimal": frozenset({"bytes", "fixed"}),
    "uuid": frozenset({"string", "fixed"}),
    "duration": frozenset({"fixed"}),
}
_SIZES: Mapping[str, int] = {"uuid": 16, "duration": 12}
MOST_PRECISION = 4_000
"""Digits of a decimal. The specification has no limit, but a payload's numbers have (compile/numbers.py), and a
schema that asks for a billion digits would keep the compiler busy for hours."""
UNIT_OF: Mapping[str, str] = {"millis": "ms", "micros": "us", "nanos": "ns"}
"""Suffix of a time type -> epoch unit."""


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical type and, for decimals, its parameters."""

    name: str
    precision: int = 0
    scale: int = 0

    @property
    def unit(self) -> str:
        """The epoch unit of a time or timestamp type: ``ms``, ``us`` or ``ns``."""
        return UNIT_OF[self.name.rpartition("-")[2]]


def read_logical(source: Mapping[str, Any], base: str, size: int | None, place: str) -> Logical | None:
    """The logical type that ``source`` declares on ``base``, None for none or an unknown one. Raises SchemaError."""
    name = source.get("logicalType", "")
    if not isinstance(name, str):
        raise SchemaError(f"logicalType is text, found {json.dumps(name)[:80]}", place)
    if name == "big-decimal":
        raise SchemaError("big-decimal is not supported: its scale travels in the value; use decimal", place)
    if name not in _BASES:
        return None
    if base not in _BASES[name]:
        allowed = " or ".join(sorted(_BASES[name]))
        raise SchemaError(f"logical type {name!r} stands on {allowed}, not on {base}", place)
    if base == "fixed" and name in _SIZES and size != _SIZES[name]:
        raise SchemaError(f"logical type {name!r} needs a fixed of {_SIZES[name]} bytes, found {size}", place)
    if name != "decimal":
        return Logical(name)
    return _read_decimal(source, size, place)


def _read_decimal(source: Mapping[str, Any], size: int | None, place: str) -> Logical:
    precision, scale = source.get("precision"), source.get("scale", 0)
    if type(precision) is not int or not 1 <= precision <= MOST_PRECISION:
        raise SchemaError(f"decimal needs a precision from 1 to {MOST_PRECISION}, found {precision!r}", place)
    if type(scale) is not int or not 0 <= scale <= precision:
        raise SchemaError(f"decimal needs a scale from 0 to its precision {precision}, found {scale!r}", place)
    if size is not None and precision > (most := _digits_in(size)):
        raise SchemaError(f"a fixed of {size} bytes holds {most} digits, not {precision}", place)
    return Logical("decimal", precision, scale)


def _digits_in(size: int) -> int:
    """Digits that a signed number of so many bytes always has room for; 1700 bytes have it for MOST_PRECISION."""
    return len(str((1 << 8 * min(size, 1_700) - 1) - 1)) - 1 if size else 0
