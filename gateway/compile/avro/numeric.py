"""The targets int, long, float and double: one function each, which reads like its row of docs/coercion.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from math import inf, isfinite, isinf, nan
from typing import Any, NamedTuple

from gateway.compile import numbers
from gateway.compile.avro import binary
from gateway.compile.avro.node import Clean, Scalar
from gateway.compile.coercions import BOOLEAN_TO_NUMBER, INTEGRAL_FLOAT_TO_INT, ROUNDED, STRING_TO_NUMBER
from gateway.compile.leaf import Leaf, mismatch, plain_number, refuse_null
from gateway.compile.refusals import NO_NUMBER, beyond_double, not_a_double
from gateway.compile.sentence import listed
from gateway.compile.verdict import NO_ADVICE, Advice, Log, Refused
from gateway.model import Code

ROUNDINGS = {"floor": ROUND_FLOOR, "trunc": ROUND_DOWN, "half-even": ROUND_HALF_EVEN}
"""The values of the option ``rounding``."""


_WIDER = Advice(declare="let it be a long in the schema")
_MAKE_DOUBLE = Advice(declare="let it be a double in the schema")
_MAKE_LONG = Advice("above 2^53 not every integer is a double", declare="let it be a long in the schema")
_TOO_SMALL = Advice("the nearest 32-bit float is 0", declare="let it be a double in the schema")
_FRACTION = Advice(publish="publish a whole number", declare="let it be a double in the schema")
_FRACTION_LENIENT = Advice(
    publish="publish a whole number", declare="declare rounding (floor, trunc or half-even) in the contract"
)
_NON_FINITE = Advice(
    "JSON has no such number", declare="declare non_finite: keep in the contract", tried={"non_finite": "keep"}
)
_NON_FINITE_NULLABLE = Advice("JSON has no such number", "publish null", "declare non_finite: null in the contract")
SEVERAL_INTEGERS = Advice(
    "above 2^53-1 a number with a decimal point stands for several integers", "publish it without the point"
)


class _Range(NamedTuple):
    """The integers that a type holds."""

    low: int
    high: int
    wanted: str
    advice: Advice

    def checked(self, number: int) -> int:
        """The number. Raises Refused where it is outside."""
        if self.low <= number <= self.high:
            return number
        raise self.exceeded()

    def exceeded(self) -> Refused:
        return Refused(Code.OUT_OF_RANGE, self.wanted, self.advice, minimum=self.low, maximum=self.high)


def compile_integer(leaf: Leaf, low: int, high: int) -> Scalar:
    """``int`` and ``long``: integers in range; lossless also integral floats and exact numeric text."""
    rules, wanted = leaf.rules, f"a whole number from {low} to {high}"
    span = _Range(low, high, wanted, _WIDER if high == binary.INT_MAX else NO_ADVICE)

    def coerce(value: Any, log: Log) -> int:
        kind = type(value)
        if kind is int:
            return span.checked(value)
        if value is None:
            raise refuse_null(wanted)
        if rules.strict or kind in {dict, list}:
            raise mismatch(wanted)
        if kind is str:
            short = leaf.short_number(value)
            if type(short) is int:
                log.append(leaf.from_text)
                return span.checked(short)
            text = leaf.number_text(value, wanted, log)
            plain = numbers.plain_integer(text)
            if plain is not None:
                return span.checked(plain)
            return _integer_from_decimal(leaf, numbers.decimal_of(text), span, log)
        if kind is bool:
            if not rules.lenient:
                raise mismatch(wanted, NO_NUMBER)
            leaf.note(log, BOOLEAN_TO_NUMBER)
            return int(value)
        return _integer_from_float(leaf, plain_number(value), span, log)

    names = {"encode_long": binary.encode_long, "small": binary.SMALL_LONGS}
    encoded = f"{{small}}[{{x}}] if 0 <= {{x}} < {binary.SMALL} else {{encode_long}}({{x}})"
    clean = Clean(f"type({{x}}) is int and {low} <= {{x}} <= {high}", encoded, names)
    return Scalar(wanted, coerce, binary.encode_long, clean)


def _integer_from_float(leaf: Leaf, number: float, span: _Range, log: Log) -> int:
    if isinf(number):
        raise span.exceeded()
    if not number.is_integer():
        return _integer_from_decimal(leaf, Decimal(number), span, log)
    whole = span.checked(int(number))
    if abs(number) > numbers.EXACT_INTEGERS:
        raise Refused(Code.PRECISION_LOSS, span.wanted, SEVERAL_INTEGERS, nearest=whole)
    leaf.note(log, INTEGRAL_FLOAT_TO_INT)
    return whole


def _integer_from_decimal(leaf: Leaf, number: Decimal, span: _Range, log: Log) -> int:
    if numbers.exceeds(number, numbers.MOST_INTEGER_EXPONENT):
        raise span.exceeded()
    rounding = leaf.rules.rounding
    nearest = number.to_integral_value(ROUNDINGS[rounding] if rounding else ROUND_DOWN)
    whole = span.checked(int(nearest))
    if nearest != number:
        if not rounding:
            raise Refused(Code.FRACTIONAL_PART, span.wanted, _FRACTION_LENIENT if leaf.rules.lenient else _FRACTION)
        leaf.note(log, ROUNDED)
    return whole


def compile_double(leaf: Leaf) -> Scalar:
    """``double``: floats; integers that a double holds exactly; numeric text by its shortest decimal form."""
    rules, wanted = leaf.rules, "a number"

    def coerce(value: Any, log: Log) -> float:
        kind = type(value)
        if kind is float:
            return float(value)
        if kind is int:
            return settled(_integer_to_double(value, wanted, may_round=rules.lenient), log)
        if value is None:
            raise refuse_null(wanted)
        if kind is Decimal:
            return finite(float(value), wanted)
        if rules.strict or kind in {dict, list}:
            raise mismatch(wanted)
        if kind is str:
            return settled(_double_from_text(leaf, value, wanted, log, lambda number: finite(number, wanted)), log)
        if not rules.lenient:
            raise mismatch(wanted, NO_NUMBER)
        leaf.note(log, BOOLEAN_TO_NUMBER)
        return float(value)

    def settled(read: _Read, log: Log) -> float:
        if not read.exact:
            leaf.note(log, ROUNDED)
        return read.number

    clean = Clean("type({x}) is float", "{encode_double}({x})", {"encode_double": binary.encode_double})
    return Scalar(wanted, coerce, binary.encode_double, clean)


def compile_float(leaf: Leaf) -> Scalar:
    """``float``: what a 32-bit float holds exactly, or whose shortest decimal form it is (23.4)."""
    rules = leaf.rules
    wanted = "a number that a 32-bit float holds"

    def coerce(value: Any, log: Log) -> float:
        kind = type(value)
        if value is None:
            raise refuse_null(wanted)
        if kind is float or kind is Decimal:
            return narrow(_Read(in_range(float(value))), log)
        if kind is int:
            in_range(value)
            return narrow(_integer_to_double(value, wanted, may_round=rules.narrow), log)
        if rules.strict or kind in {dict, list}:
            raise mismatch(wanted)
        if kind is str:
            read = _double_from_text(leaf, value, wanted, log, in_range)
            return narrow(read, log) if isfinite(read.number) else read.number  # where non_finite: keep let it through
        if not rules.lenient:
            raise mismatch(wanted, NO_NUMBER)
        leaf.note(log, BOOLEAN_TO_NUMBER)
        return float(value)

    def in_range(number: float) -> float:
        if abs(number) > numbers.FLT_MAX:
            raise Refused(Code.OUT_OF_RANGE, wanted, _MAKE_DOUBLE, minimum=-numbers.FLT_MAX, maximum=numbers.FLT_MAX)
        return number

    def narrow(read: _Read, log: Log) -> float:
        number = read.number
        fits = numbers.fits_float32(number)
        if fits and read.exact:
            return number
        if not numbers.to_float32(number):
            raise Refused(Code.PRECISION_LOSS, wanted, _TOO_SMALL, nearest=0.0)
        if not fits and not rules.narrow:
            near = numbers.shortest_float32(numbers.to_float32(number))
            declare = "let it be a double in the schema"
            if not rules.strict:
                declare += ", or declare float_narrowing: round in the contract"
            raise Refused(Code.PRECISION_LOSS, wanted, Advice(declare=declare, propose=lambda _: [near]), nearest=near)
        leaf.note(log, ROUNDED)
        return number

    return Scalar(wanted, coerce, binary.encode_float)


def finite(number: float, wanted: str) -> float:
    """A JSON number as a double; a token such as 1e999 has none."""
    if isinf(number):
        raise beyond_double(wanted)
    return number


class _Read(NamedTuple):
    """A number on its way into a double."""

    number: float
    exact: bool = True
    """Whether the number written is the double, or its shortest form."""


def _integer_to_double(number: int, wanted: str, *, may_round: bool) -> _Read:
    try:
        nearest_double = float(number)
    except OverflowError:
        raise beyond_double(wanted) from None
    exact = nearest_double == number
    if not exact and not may_round:
        near = int(nearest_double)
        advice = _MAKE_LONG._replace(propose=lambda _: [near])
        raise Refused(Code.PRECISION_LOSS, wanted, advice, nearest=near)
    return _Read(nearest_double, exact)


def _double_from_text(leaf: Leaf, text: str, wanted: str, log: Log, in_range: Callable[[float], float]) -> _Read:
    short = leaf.short_number(text)
    if short is not None:
        log.append(leaf.from_text)
        return _Read(float(short))
    written = leaf.read_number(text, log)
    if written is None:
        if not numbers.is_non_finite(text):
            raise leaf.no_number(text, wanted)
        return _Read(_non_finite(leaf, text, wanted, log))
    number, exact = numbers.float_of(written)
    in_range(number)
    if not exact and (not leaf.rules.lenient or number == 0):
        raise not_a_double(wanted, number)
    return _Read(number, exact)


def _non_finite(leaf: Leaf, text: str, wanted: str, log: Log) -> float:
    """NaN or an infinity, where the contract keeps them."""
    spelled, tokens = (text.lower(), _LENIENT_NON_FINITE) if leaf.rules.lenient else (text, _NON_FINITE_TOKENS)
    if leaf.rules.non_finite != "keep" or spelled not in tokens:
        raise Refused(Code.NON_FINITE, wanted, _non_finite_advice(leaf, tokens), token=text)
    leaf.note(log, STRING_TO_NUMBER)
    return tokens[spelled]


def _non_finite_advice(leaf: Leaf, tokens: Mapping[str, float]) -> Advice:
    if leaf.rules.non_finite == "keep":
        return Advice(f"kept are {listed(tokens)}", propose=_respelled)
    return _NON_FINITE_NULLABLE if leaf.nullable else _NON_FINITE


def _respelled(text: str) -> list[str]:
    """The token in the spelling that is kept."""
    bare = text.lower().lstrip("+-")
    sign = "-" if text.startswith("-") else ""
    return ["NaN"] if bare == "nan" else [f"{sign}Infinity"]


_NON_FINITE_TOKENS = {"NaN": nan, "Infinity": inf, "-Infinity": -inf}
_LENIENT_NON_FINITE = {token.lower(): value for token, value in _NON_FINITE_TOKENS.items()}
