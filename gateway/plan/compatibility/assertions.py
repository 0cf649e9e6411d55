"""What one JSON Schema asks of a single value beyond another one: types, listed values, limits, patterns.

Listed values are held against it one by one. Of others it is reckoned which there are; an ask is certain only where
one of them is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from gateway.compile.json_schema.references import Place
from gateway.plan.compatibility.conjunction import (
    Conjunction,
    matches,
    positions_of,
    types_by_name,
    types_of,
    values_of,
)
from gateway.plan.compatibility.counts import Count, are_unique, characters_of, items_of, properties_of
from gateway.plan.compatibility.kinds import NUMBERS, kinds_of
from gateway.plan.compatibility.numbers import Numbers, lower_bound, numbers_of, unit_of, upper_bound
from gateway.plan.compatibility.objections import Rule
from gateway.plan.compatibility.values import accepted, describes_parts, listed_values
from gateway.plan.compatibility.vocabularies import keywords_of

_RULES = (
    (Rule.ENUM_NARROWED, ("enum", "const")),
    *((Rule.LIMIT_NARROWED, (limit, f"exclusive{limit.capitalize()}")) for limit in ("minimum", "maximum")),
    *((Rule.LIMIT_NARROWED, (limit,)) for limit in ("multipleOf", "uniqueItems", "minLength", "maxLength")),
    *((Rule.LIMIT_NARROWED, (limit,)) for limit in ("minItems", "maxItems", "minProperties", "maxProperties")),
    (Rule.PATTERN_ADDED, ("pattern",)),
)
"""Keywords that ask something of a whole value, each with those that belong to it."""
_MOST_CHARACTERS = 1000
"""Of texts that are made up, to see whether a pattern refuses one."""


class Ask(NamedTuple):
    """What is asked now and was not before."""

    rule: Rule
    message: str
    is_certain: bool = True
    """Some value that was allowed is surely refused, if nothing else is asked of it."""


def added_asks(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    """What ``wide``, which has no reference, asks of a single value, and ``narrow`` does not."""
    yield from _types(narrow, wide)
    listed = listed_values(narrow)
    if listed is not None:
        yield from _asks_of_listed(narrow, listed, wide)
        return
    yield from _values(narrow, wide)
    kinds = kinds_of(narrow) & types_of((wide,))
    if kinds & NUMBERS:
        numbers = numbers_of(narrow, are_whole="number" not in kinds)
        yield from _bounds(numbers, wide)
        yield from _multiples(numbers, wide)
    if "string" in kinds:
        yield from _counts(characters_of(narrow), wide, "minLength", "maxLength", is_certain=not _has_pattern(narrow))
        yield from _pattern(narrow, wide)
    if "array" in kinds:
        yield from _counts(items_of(narrow), wide, "minItems", "maxItems", is_certain=not are_unique(narrow))
        yield from _uniqueness(narrow, wide)
    if "object" in kinds:
        yield from _counts(properties_of(narrow), wide, "minProperties", "maxProperties", is_certain=True)


def _types(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    lost = kinds_of(narrow) - types_by_name(wide)
    if lost:
        names = " or ".join(sorted("number with a fraction" if kind == "number" else kind for kind in lost))
        yield Ask(Rule.TYPE_NARROWED, f"a value of type {names} is not allowed any more")


def _asks_of_listed(narrow: Conjunction, listed: list[Any], wide: Place) -> Iterator[Ask]:
    known = keywords_of(wide)
    for rule, keywords in _RULES:
        left = {id(value) for value in accepted(wide, listed, keywords)}
        lost = [value for value in listed if id(value) not in left]
        if not lost:
            continue
        message = f"{shown(lost)} {'is' if len(lost) == 1 else 'are'} not allowed any more"
        if rule is not Rule.ENUM_NARROWED:
            words = (f"{keyword} is {json.dumps(known[keyword])}" for keyword in keywords if keyword in known)
            message += f": {' and '.join(words)} now"
        is_certain = not describes_parts(narrow) or any(not isinstance(value, dict | list) for value in lost)
        yield Ask(rule, message, is_certain)


def _values(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    allowed = values_of(wide)
    if allowed is None:
        return
    kinds = kinds_of(narrow)
    known = {kind: _values_of_kind(narrow, kind, len(allowed)) for kind in kinds}
    values = [value for each in known.values() for value in each or ()]
    left = accepted(wide, values, ("enum", "const"))
    if None not in known.values() and len(left) == len(values):
        return
    message = f"only {shown(allowed)} {'is' if len(allowed) == 1 else 'are'} allowed now"
    is_endless = any(each is None and _is_endless(narrow, kind) for kind, each in known.items())
    yield Ask(Rule.ENUM_NARROWED, message, is_endless or len(left) < len(values))


def _values_of_kind(narrow: Conjunction, kind: str, most: int) -> list[Any] | None:
    """All values of a type; None where they are more than ``most``, or not known."""
    match kind:
        case "null":
            return [None]
        case "boolean":
            return [True, False]
        case "string":
            return [""] if characters_of(narrow).most == 0 and not _has_pattern(narrow) else None
        case "array":
            return [[]] if items_of(narrow).most == 0 else None
        case "object":
            return [{}] if properties_of(narrow).most == 0 else None
        case _:
            numbers = numbers_of(narrow, are_whole=kind == "integer").few(most)
            return None if numbers is None else [_json_number(number) for number in numbers]


def _is_endless(narrow: Conjunction, kind: str) -> bool:
    """Whether a type has more values than a list, where they are not known."""
    match kind:
        case "string":
            return not _has_pattern(narrow)
        case "array":
            return items_of(narrow).most is None and not are_unique(narrow)
        case "object":
            return properties_of(narrow).most is None
        case _:
            return True


def _bounds(numbers: Numbers, wide: Place) -> Iterator[Ask]:
    for wanted, given, word, sign in (
        (lower_bound(wide), numbers.lower, "least", 1),
        (upper_bound(wide), numbers.upper, "greatest", -1),
    ):
        if wanted is None or numbers.is_empty:
            continue
        if given is None or (sign * given.value, given.is_open) < (sign * wanted.value, wanted.is_open):
            where = "beyond" if wanted.is_open else "at"
            yield Ask(Rule.LIMIT_NARROWED, f"the {word} number allowed is now {where} {_number(wanted.value)}")


def _multiples(numbers: Numbers, wide: Place) -> Iterator[Ask]:
    unit = unit_of(wide)
    if unit is None or (numbers.step is not None and (numbers.step / unit).denominator == 1):
        return
    only = numbers.few(1)  # of two that follow each other one is refused, or the step were a multiple, too
    if only is None or any((number / unit).denominator != 1 for number in only):
        yield Ask(Rule.LIMIT_NARROWED, f"a number must be a multiple of {_number(unit)} now")


def _counts(count: Count, wide: Place, least: str, most: str, *, is_certain: bool) -> Iterator[Ask]:
    known = keywords_of(wide)
    if least in known and count.least < known[least]:
        yield Ask(Rule.LIMIT_NARROWED, f"{least} is {known[least]} now", is_certain)
    if most in known and (count.most is None or count.most > known[most]):
        yield Ask(Rule.LIMIT_NARROWED, f"{most} is {known[most]} now", is_certain)


def _uniqueness(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    if not keywords_of(wide).get("uniqueItems") or are_unique(narrow):
        return
    most = items_of(narrow).most
    if most is None or most > 1:  # items that are described by position may be different anyway
        yield Ask(Rule.LIMIT_NARROWED, "items must all be different now", positions_of(narrow) == 0)


def _pattern(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    pattern = keywords_of(wide).get("pattern")
    if pattern is None or any(keywords_of(place).get("pattern") == pattern for place in narrow):
        return
    is_certain = not _has_pattern(narrow) and not all(matches(pattern, text) for text in _texts(characters_of(narrow)))
    yield Ask(Rule.PATTERN_ADDED, f"text must match the pattern {json.dumps(pattern)} now", is_certain)


def _has_pattern(narrow: Conjunction) -> bool:
    """Which texts match one is not reckoned."""
    return any("pattern" in keywords_of(place) for place in narrow)


def _texts(count: Count) -> Iterator[str]:
    """Some texts of a length that is allowed."""
    for length in (count.least, count.least + 1, count.least + 2):
        if length <= _MOST_CHARACTERS and (count.most is None or length <= count.most):
            yield from (character * length for character in "a0 -Z_./\u00e9")


def shown(values: list[Any]) -> str:
    """The first few values."""
    few = ", ".join(json.dumps(value) for value in values[:5])
    return few if len(values) <= 5 else f"{few} and {len(values) - 5} more"


def _json_number(number: Fraction) -> int | float:
    return number.numerator if number.denominator == 1 else float(number)


def _number(value: Fraction) -> str:
    return str(_json_number(value))
