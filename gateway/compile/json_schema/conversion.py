"""One JSON value towards a type that a schema wanted: the JSON Schema rows of docs/coercion.md.

The result is again a JSON value; the schema then judges it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isinf
from typing import Any

from gateway.compile import numbers
from gateway.compile.coercions import (
    BOOLEAN_TO_NUMBER,
    BOOLEAN_TO_STRING,
    INTEGER_TO_STRING,
    NUMBER_TO_BOOLEAN,
    NUMBER_TO_STRING,
    ROUNDED,
    STRING_TO_BOOLEAN,
    TOKEN_TO_NULL,
    WRAPPED_IN_ARRAY,
)
from gateway.compile.leaf import Leaf, mismatch
from gateway.compile.refusals import (
    BOOLEAN_NUMBERS,
    CHOICE_OF_SPELLING,
    TOO_MANY_DIGITS,
    WRAP,
    beyond_double,
    not_a_double,
    refuse_boolean_text,
)
from gateway.compile.sentence import in_json
from gateway.compile.tokens import (
    FALSE_TEXTS,
    LENIENT_FALSE,
    LENIENT_TRUE,
    TRUE_TEXTS,
    is_declared_null,
    is_lenient_null,
)
from gateway.compile.verdict import NO_ADVICE, Advice, Log, Refused
from gateway.model import Code


def convert(types: Sequence[str], value: Any, leaves: Sequence[Leaf], log: Log) -> Any:
    """``value`` as the one of ``types`` that accepts it. Raises Refused where none or several do.

    ``leaves`` are the same place under the modes up to the contract's own, the narrowest first: what a lower mode
    reads, a wider one does not read otherwise. Called only where the value is of none of the types.
    """
    if len(types) == 1:  # what a narrower mode reads, the widest reads alike
        notes: Log = []
        made = CONVERSIONS[types[0]](value, leaves[-1], notes)
        log += notes
        return made
    if "number" in types:
        types = [name for name in types if name != "integer"]  # every integer is a number: "7" is 7, "7.0" is 7.0
    for leaf in leaves[:-1]:
        accepted = _accepted(types, value, leaf, [])
        if len(accepted) == 1:
            return _chosen(accepted, log)
    refusals: list[Refused] = []
    accepted = _accepted(types, value, leaves[-1], refusals)
    if len(accepted) == 1:
        return _chosen(accepted, log)
    wanted = wanted_of(types)
    if accepted:
        candidates = [name for name, _, _ in accepted]
        advice = Advice(f"it could become {' or '.join(candidates)}", "publish a value that only one of them takes")
        raise Refused(Code.UNION_AMBIGUOUS, wanted, advice, candidates=candidates)
    if len(refusals) == 1:
        raise refusals.pop()  # none is left behind: held by the frame that it passes, it would make a cycle
    raise mismatch(wanted, advice_on_null(types, value))


_LIKE_NULL = frozenset({"", "null", "NaN", "nan"})


def advice_on_null(types: Iterable[str], value: Any) -> Advice:
    """What to do about a text that looks as if it stood for null, where null may be; nothing otherwise."""
    if "null" not in types or type(value) is not str or value not in _LIKE_NULL:
        return NO_ADVICE
    declare = f"declare null_tokens: [{in_json(value)}] in the contract"
    return Advice(publish="publish null", declare=declare, tried={"null_tokens": frozenset({value})})


def _accepted(types: Sequence[str], value: Any, leaf: Leaf, refusals: list[Refused]) -> list[tuple[str, Any, Log]]:
    """The types that accept the value under one mode; ``refusals`` gets those of the others."""
    found: list[tuple[str, Any, Log]] = []
    for name in types:
        tried: Log = []
        try:
            found.append((name, CONVERSIONS[name](value, leaf, tried), tried))
        except Refused as refused:
            refusals.append(refused.stored())
    return found


def _chosen(accepted: Sequence[tuple[str, Any, Log]], log: Log) -> Any:
    [(_, converted, notes)] = accepted
    log.extend(notes)
    return converted


def _to_integer(value: Any, leaf: Leaf, log: Log) -> int:
    if type(value) is str and not leaf.rules.strict:
        short = leaf.short_number(value)
        if type(short) is int:
            log.append(leaf.from_text)
            return short
        return _integer_from_text(value, leaf, log)
    if type(value) is bool and leaf.rules.lenient:
        leaf.note(log, BOOLEAN_TO_NUMBER)
        return int(value)
    raise mismatch(_WANTED["integer"])


def _integer_from_text(value: str, leaf: Leaf, log: Log) -> int:
    wanted = _WANTED["integer"]
    text = leaf.number_text(value, wanted, log)
    plain = numbers.plain_integer(text)
    if plain is not None:
        return plain
    number = numbers.decimal_of(text)
    if numbers.exceeds(number, numbers.MOST_INTEGER_EXPONENT):
        advice = Advice(f"text of more than {numbers.MOST_INTEGER_EXPONENT} digits is not turned into a number")
        raise Refused(Code.OUT_OF_RANGE, wanted, advice)
    if number != number.to_integral_value():
        raise Refused(Code.FRACTIONAL_PART, wanted, _FRACTION)
    return int(number)


def _to_number(value: Any, leaf: Leaf, log: Log) -> int | float:
    if type(value) is str and not leaf.rules.strict:
        short = leaf.short_number(value)
        if short is not None:
            log.append(leaf.from_text)
            return short
        return _number_from_text(value, leaf, log)
    if type(value) is bool and leaf.rules.lenient:
        leaf.note(log, BOOLEAN_TO_NUMBER)
        return int(value)
    raise mismatch(_WANTED["number"])


def _number_from_text(value: str, leaf: Leaf, log: Log) -> int | float:
    wanted = _WANTED["number"]
    text = leaf.read_number(value, log)
    if text is None:
        if numbers.is_non_finite(value):
            raise Refused(Code.NON_FINITE, wanted, _NON_FINITE, token=value)
        raise leaf.no_number(value, wanted)
    plain = None if "." in text else numbers.plain_integer(text)
    if plain is not None:
        return plain
    number, exact = numbers.float_of(text)
    if exact:
        return number
    if isinf(number):
        raise beyond_double(wanted)
    if not leaf.rules.lenient or not number:
        raise not_a_double(wanted, number)
    leaf.note(log, ROUNDED)
    return number


def _to_boolean(value: Any, leaf: Leaf, log: Log) -> bool:
    kind, wanted = type(value), _WANTED["boolean"]
    if leaf.rules.strict or (kind is not int and kind is not str):
        raise mismatch(wanted)
    if kind is int:
        if value not in {0, 1}:
            raise Refused(Code.INVALID_BOOLEAN, wanted, BOOLEAN_NUMBERS, accepted=[0, 1])
        leaf.note(log, NUMBER_TO_BOOLEAN)
        return bool(value)
    lowered = value.lower() if leaf.rules.lenient and value.isascii() else ""
    is_true = value in TRUE_TEXTS or lowered in LENIENT_TRUE
    if not (is_true or value in FALSE_TEXTS or lowered in LENIENT_FALSE):
        raise refuse_boolean_text(leaf.rules, wanted)
    leaf.note(log, STRING_TO_BOOLEAN)
    return is_true


def _to_string(value: Any, leaf: Leaf, log: Log) -> str:
    wanted = _WANTED["string"]
    if leaf.rules.strict or type(value) not in {int, float, bool}:
        raise mismatch(wanted)
    if type(value) is int:
        if value.bit_length() > numbers.MOST_TEXT_BITS:
            raise Refused(Code.OUT_OF_RANGE, wanted, TOO_MANY_DIGITS)
        leaf.note(log, INTEGER_TO_STRING)
        return str(value)
    if not leaf.rules.lenient:
        raise mismatch(wanted, CHOICE_OF_SPELLING)
    if type(value) is bool:
        leaf.note(log, BOOLEAN_TO_STRING)
        return "true" if value else "false"
    leaf.note(log, NUMBER_TO_STRING)
    return repr(value)


def _to_null(value: Any, leaf: Leaf, log: Log) -> None:
    if type(value) is str and (is_declared_null(value, leaf.rules) or is_lenient_null(value, leaf.rules)):
        leaf.note(log, TOKEN_TO_NULL)
        return
    raise mismatch(_WANTED["null"])


def _to_array(value: Any, leaf: Leaf, log: Log) -> list[Any]:
    if value is None or not leaf.rules.wrap_scalar:
        raise mismatch(_WANTED["array"], NO_ADVICE if value is None else WRAP)
    leaf.note(log, WRAPPED_IN_ARRAY)
    return [value]


def _to_object(_value: Any, _leaf: Leaf, _log: Log) -> dict[str, Any]:
    raise mismatch(_WANTED["object"])


def wanted_of(types: Iterable[str]) -> str:
    """What a schema that lists these types wants, for a person."""
    return " or ".join(_WANTED.get(name, name) for name in types)


_FRACTION = Advice(publish="publish a whole number", declare="let the schema take any number")
_NON_FINITE = Advice("JSON has no such number", "publish null where the schema allows it")
_WANTED: Mapping[str, str] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
CONVERSIONS: Mapping[str, Callable[[Any, Leaf, Log], Any]] = {
    "integer": _to_integer,
    "number": _to_number,
    "boolean": _to_boolean,
    "string": _to_string,
    "null": _to_null,
    "array": _to_array,
    "object": _to_object,
}
FROM_TEXT: Mapping[str, Callable[[str, Leaf, Log], Any]] = {
    "integer": _integer_from_text,
    "number": _number_from_text,
}
"""What ``CONVERSIONS`` make of text that is no ``short_number``."""
