"""Whether an example of examples.yaml holds: what it says against what became of its payload.

What an example leaves out is not judged. ``becomes`` is compared with the form that ``readback`` gives:
numbers by value, never a boolean with a number; a value for a field of Avro's float may be written as
people write it (23.4), although the reader gets the nearest float32.

Pure: who runs the example, and on which routes, is not known here.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from gateway.compile import wire
from gateway.compile.avro.schema import Array, Map, Primitive, Type, Union
from gateway.compile.avro.schema import Record as AvroRecord
from gateway.compile.readback import ReadBack
from gateway.compile.route import Route
from gateway.compile.verdict import kind_of
from gateway.config.examples import AcceptedExample, RejectedExample
from gateway.model import Record, Rejection
from gateway.notation.pointer import MISSING, escape

MOST_DISAGREEMENTS = 10
"""Of one example; more help nobody."""
_MOST_TEXT = 200
"""Characters of a value that a disagreement shows."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Aspect(StrEnum):
    """What an example can be wrong about."""

    OUTCOME = "outcome"
    BECOMES = "becomes"
    KEY = "key"
    COERCIONS = "coercions"
    CODE = "code"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing in which an example and its outcome differ."""

    aspect: Aspect
    path: str
    """Pointer into the payload or record; empty for the whole."""
    expected: str
    """By the example, for a person."""
    found: str
    """What became of the payload, for a person."""


def body_of(record: Record, route: Route) -> bytes:
    """What stands behind the wire prefix of a record that ``route`` made."""
    return wire.split(record.value)[1] if route.contract.framing == "prefix" else record.value


def judge_accepted(
    example: AcceptedExample, outcome: Record | Rejection, route: Route | None, read: ReadBack | None
) -> list[Disagreement]:
    """In what an accepted example does not hold. ``route`` made the record and ``read`` reads it back."""
    if isinstance(outcome, Rejection):
        first = outcome.violations[0]
        return [Disagreement(Aspect.OUTCOME, first.path, "accepted", f"rejected with {first.code}: {first.message}")]
    found: list[Disagreement] = []
    if example.becomes is not MISSING:
        assert route is not None, "a record is made by a route"
        assert read is not None
        found += differences(example.becomes, read(body_of(outcome, route)), route.codec.avro)
    if example.key is not None:
        key = (outcome.key or b"").decode()
        if key != example.key:
            found.append(Disagreement(Aspect.KEY, "", repr(example.key), repr(key)))
    if example.coercions is not None:
        found += _judge_coercions(example, outcome)
    return found[:MOST_DISAGREEMENTS]


def judge_rejected(example: RejectedExample, outcome: Record | Rejection) -> list[Disagreement]:
    """In what a rejected example does not hold: only the first violation counts, as in ``gw-reason``."""
    if isinstance(outcome, Record):
        accepted = f"accepted for Kafka topic {outcome.topic}"
        if outcome.coercions:
            accepted += f" after {', '.join(f'{each.path} {each.code}' for each in outcome.coercions[:5])}"
        return [Disagreement(Aspect.OUTCOME, "", f"rejected with {example.code}", accepted)]
    first = outcome.violations[0]
    if first.code != example.code:
        return [Disagreement(Aspect.CODE, first.path, str(example.code), f"{first.code}: {first.message}")]
    if example.path is not None and first.path != example.path:
        return [Disagreement(Aspect.PATH, first.path, repr(example.path), f"{first.path!r}: {first.message}")]
    return []


def differences(expected: Any, found: Any, avro: Type | None = None) -> list[Disagreement]:
    """Where two JSON values differ, from the top down. ``avro`` is the type that ``found`` was read with."""
    return list(_differences(expected, found, avro, ""))


def _judge_coercions(example: AcceptedExample, record: Record) -> Iterator[Disagreement]:
    """All coercions of a path must be named, in any order and each once: an array converts item by item."""
    found: dict[str, set[str]] = {}
    for coercion in record.coercions:
        found.setdefault(coercion.path, set()).add(coercion.code)
    expected = example.coercions or {}
    for path in sorted({*expected, *found}):
        wanted, made = sorted(expected.get(path, ())), sorted(found.get(path, ()))
        if set(wanted) != set(made):
            yield Disagreement(Aspect.COERCIONS, path, _listed(wanted), _listed(made))


def _listed(codes: Sequence[str]) -> str:
    return ", ".join(codes) or "no coercion"


def _differences(expected: Any, found: Any, kind: Type | None, path: str) -> Iterator[Disagreement]:
    if isinstance(kind, Union):
        # Which branch was written is not known any more; the one that fits best explains best.
        attempts = [list(_differences(expected, found, branch, path)) for branch in kind.branches]
        yield from min(attempts, key=len)
    elif isinstance(expected, dict) and isinstance(found, dict):
        yield from _object_differences(expected, found, kind, path)
    elif isinstance(expected, list) and isinstance(found, list):
        items = kind.items if isinstance(kind, Array) else None
        for n, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from _differences(one, other, items, f"{path}/{n}")
        if len(expected) != len(found):
            yield _difference(path, f"{len(expected)} items", f"{len(found)} items")
    elif not _same_scalar(expected, found, kind):
        yield _difference(path, _shown(expected), _shown(found))


def _object_differences(
    expected: dict[str, Any], found: dict[str, Any], kind: Type | None, path: str
) -> Iterator[Disagreement]:
    types: dict[str, Type] = {}
    if isinstance(kind, AvroRecord):
        types = {field.name: field.type for field in kind.fields}
    for name in [*expected, *(name for name in found if name not in expected)]:
        below = f"{path}/{escape(name)}"
        if name not in found:
            yield _difference(below, _shown(expected[name]), "nothing")
        elif name not in expected:
            yield _difference(below, "nothing", _shown(found[name]))
        else:
            inner = kind.values if isinstance(kind, Map) else types.get(name)
            yield from _differences(expected[name], found[name], inner, below)


def _same_scalar(expected: Any, found: Any, kind: Type | None) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if _is_number(expected) and _is_number(found):
        single = isinstance(kind, Primitive) and kind.name == "float"
        return bool(expected == found) or (single and _as_float32(expected) == found)
    if isinstance(expected, float) and not math.isfinite(expected):  # YAML's .nan and .inf
        return bool(found == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(expected)])
    return type(expected) is type(found) and bool(expected == found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)


def _as_float32(number: Any) -> float:
    try:
        single: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except (OverflowError, struct.error):
        return math.nan
    return single


def _difference(path: str, expected: str, found: str) -> Disagreement:
    return Disagreement(Aspect.BECOMES, path, expected, found)


def _shown(value: Any) -> str:
    """A value as JSON, cut; with its kind where two of them could look the same."""
    text = value if isinstance(value, float) and not math.isfinite(value) else _encode(value).decode()
    shown = str(text)
    if len(shown) > _MOST_TEXT:
        shown = f"{shown[:_MOST_TEXT]}..."
    return f"{kind_of(value)} {shown}" if type(value) in {bool, int, float, str} else shown
