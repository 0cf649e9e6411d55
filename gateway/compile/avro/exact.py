"""The targets decimal and uuid: numbers with all their digits, identifiers with all their bits.

A decimal is read from the exact token of the JSON text, never by way of a double. Routes whose schema
has decimals decode with ``Decimal`` for every number that has a point or an exponent (json_text.py).
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from gateway.compile import numbers, texts
from gateway.compile.avro import binary
from gateway.compile.avro.logical_types import Logical
from gateway.compile.avro.node import Clean, Scalar
from gateway.compile.avro.numeric import ROUNDINGS
from gateway.compile.coercions import ROUNDED, STRING_TO_UUID
from gateway.compile.leaf import Leaf, mismatch, refuse_null
from gateway.compile.verdict import NO_ADVICE, Advice, Log, Refused
from gateway.model import Code


def compile_decimal(leaf: Leaf, logical: Logical, size: int | None) -> Scalar:
    """``decimal`` on bytes or on a fixed of ``size``: the unscaled value as big-endian two's complement."""
    rules, precision, scale = leaf.rules, logical.precision, logical.scale
    wanted = f"a decimal of at most {precision} digits, {scale} of them after the point"
    limit = 10**precision

    def coerce(value: Any, log: Log) -> bytes:
        kind = type(value)
        if value is None:
            raise refuse_null(wanted)
        if kind in {dict, list, bool} or (kind is str and rules.strict):
            raise mismatch(wanted)
        if kind is str:
            return unscaled(numbers.decimal_of(leaf.number_text(value, wanted, log)), log)
        return unscaled(Decimal(repr(value)) if kind is float else Decimal(value), log)

    def unscaled(number: Decimal, log: Log) -> bytes:
        if numbers.exceeds(number, precision):
            raise out_of_range()
        shifted = number.scaleb(scale, numbers.EXACT)
        whole = shifted.to_integral_value(ROUNDINGS[rules.rounding] if rules.rounding else ROUND_DOWN)
        units = int(whole)
        if abs(units) >= limit:
            raise out_of_range()
        if whole != shifted:
            if not rules.rounding:
                raise too_fine(shifted)
            leaf.note(log, ROUNDED)
        return units.to_bytes(_least_bytes(units) if size is None else size, "big", signed=True)

    def out_of_range() -> Refused:
        return Refused(Code.OUT_OF_RANGE, wanted, _LESS_DIGITS, precision=precision, scale=scale)

    def too_fine(shifted: Decimal) -> Refused:
        units = shifted.to_integral_value(ROUND_HALF_EVEN)
        if abs(units) >= limit:
            units = shifted.to_integral_value(ROUND_DOWN)
        near = units.scaleb(-scale, numbers.EXACT)
        declare = "declare rounding (floor, trunc or half-even) in the contract" if rules.lenient else ""
        advice = Advice(declare=declare, propose=lambda value: _rounded(value, near))
        return Refused(Code.PRECISION_LOSS, wanted, advice, nearest=str(near), scale=scale)

    return Scalar(wanted, coerce, binary.encode_bytes if size is None else bytes)


def _least_bytes(units: int) -> int:
    """As few as hold the number with its sign, as Java's BigInteger writes it: -128 is one byte."""
    return (units if units >= 0 else ~units).bit_length() // 8 + 1


def _rounded(value: Any, near: Decimal) -> list[Any]:
    """The nearest decimal as a JSON number, or as text where the value was one or no double is exactly that."""
    number = float(near)
    return [str(near)] if type(value) is str or Decimal(repr(number)) != near else [number]


_LESS_DIGITS = Advice(declare="let the schema have a larger precision")


def compile_uuid_text(leaf: Leaf) -> Scalar:
    """``uuid`` on string: the canonical form, unchanged; lenient also other spellings."""
    wanted = "a UUID as 8-4-4-4-12 hexadecimal digits"

    def coerce(value: Any, log: Log) -> str:
        return _uuid_text(leaf, value, wanted, log)

    names = {"is_uuid": texts.is_uuid, "encode_string": binary.encode_string}
    return Scalar(
        wanted,
        coerce,
        binary.encode_string,
        Clean("type({x}) is str and {is_uuid}({x})", "{encode_string}({x})", names),
    )


def compile_uuid_fixed(leaf: Leaf) -> Scalar:
    """``uuid`` on fixed(16): the canonical text as 16 bytes, big-endian."""
    wanted = "a UUID as 8-4-4-4-12 hexadecimal digits"

    def coerce(value: Any, log: Log) -> bytes:
        if leaf.rules.strict and value is not None:
            raise mismatch(wanted)
        spelled: Log = []
        text = _uuid_text(leaf, value, wanted, spelled)
        leaf.note(log, STRING_TO_UUID)
        return UUID(text).bytes

    return Scalar(wanted, coerce, bytes)


def _uuid_text(leaf: Leaf, value: Any, wanted: str, log: Log) -> str:
    """A UUID's text as it is, or (lenient) in its canonical form, noted."""
    if value is None:
        raise refuse_null(wanted)
    if type(value) is not str:
        raise mismatch(wanted)
    if texts.is_uuid(value):
        return value
    canonical = texts.read_loose_uuid(value) if leaf.rules.lenient else None
    if canonical is None:
        raise Refused(Code.INVALID_FORMAT, wanted, NO_ADVICE, format="uuid")
    leaf.note(log, STRING_TO_UUID)
    return canonical
