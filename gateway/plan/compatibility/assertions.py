"""What one JSON Schema asks of a single value beyond another one: types, listed values, limits, patterns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from gateway.compile.json_schema.references import Place
from gateway.plan.compatibility.conjunction import (
    Conjunction,
    is_among,
    kind_of,
    listed_values,
    lower_bound,
    matches,
    required_of,
    types_by_name,
    types_of,
    upper_bound,
    values_of,
)
from gateway.plan.compatibility.objections import Rule
from gateway.plan.compatibility.vocabularies import keywords_of

NUMBERS = frozenset({"integer", "number"})

_COUNTS = (
    ("minLength", "string", 1),
    ("maxLength", "string", -1),
    ("minItems", "array", 1),
    ("maxItems", "array", -1),
    ("minProperties", "object", 1),
    ("maxProperties", "object", -1),
)
"""Keyword, the type that it concerns, and 1 where a greater limit allows less."""


class Ask(NamedTuple):
    """What is asked now and was not before."""

    rule: Rule
    message: str
    is_certain: bool = True
    """Some value that was allowed is surely refused, if nothing else is asked of it."""


def added_asks(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    """What ``wide``, which has no reference, asks of a single value, and ``narrow`` does not."""
    yield from _types(narrow, wide)
    yield from _values(narrow, wide)
    types = types_of(narrow) & types_of((wide,))
    if types & NUMBERS:
        yield from _bounds(narrow, wide)
        yield from _multiples(narrow, wide)
    yield from _counts(narrow, wide, types)
    if "string" in types:
        yield from _pattern(narrow, wide)


def _types(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    lost = types_of(narrow) - types_by_name(wide)
    if lost:
        names = " or ".join(sorted("number with a fraction" if kind == "number" else kind for kind in lost))
        yield Ask(Rule.TYPE_NARROWED, f"a value of type {names} is not allowed any more")


def _values(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    allowed = values_of(wide)
    if allowed is None:
        return
    values = listed_values(narrow)
    if values is None:
        kinds = types_of(narrow)
        if not kinds <= {"null", "boolean"}:
            message = f"only {shown(allowed)} {'is' if len(allowed) == 1 else 'are'} allowed now"
            yield Ask(Rule.ENUM_NARROWED, message)
            return
        values = [value for value in (None, True, False) if kind_of(value) in kinds]
    lost = [value for value in values if not is_among(value, allowed)]
    if lost:
        yield Ask(Rule.ENUM_NARROWED, f"{shown(lost)} {'is' if len(lost) == 1 else 'are'} not allowed any more")


def _bounds(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    listed = listed_values(narrow)
    for read, word, sign in ((lower_bound, "least", 1), (upper_bound, "greatest", -1)):
        wanted = read(wide)
        if wanted is None:
            continue
        least = (sign * wanted.value, wanted.is_open)
        if listed is None:
            bounds = [bound for place in narrow if (bound := read(place)) is not None]
            fits = any((sign * bound.value, bound.is_open) >= least for bound in bounds)
        else:
            numbers = [Fraction(value) for value in listed if kind_of(value) in NUMBERS]
            fits = all((sign * number, False) >= least for number in numbers)
        if not fits:
            where = "beyond" if wanted.is_open else "at"
            message = f"the {word} number allowed is now {where} {_number(wanted.value)}"
            yield Ask(Rule.LIMIT_NARROWED, message, not any("multipleOf" in keywords_of(place) for place in narrow))


def _multiples(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    if "multipleOf" not in keywords_of(wide):
        return
    unit = Fraction(str(keywords_of(wide)["multipleOf"]))
    units = [Fraction(str(place.schema["multipleOf"])) for place in narrow if "multipleOf" in keywords_of(place)]
    if types_of(narrow) & NUMBERS == {"integer"}:
        units.append(Fraction(1))
    if not any((each / unit).denominator == 1 for each in units):
        listed = listed_values(narrow) is not None
        yield Ask(
            Rule.LIMIT_NARROWED, f"a number must be a multiple of {keywords_of(wide)['multipleOf']} now", not listed
        )


def _counts(narrow: Conjunction, wide: Place, types: frozenset[str]) -> Iterator[Ask]:
    listed = listed_values(narrow) is not None
    for keyword, kind, sign in _COUNTS:
        limit = keywords_of(wide).get(keyword)
        if limit is None or kind not in types or (sign > 0 and limit == 0):
            continue
        given = [place.schema[keyword] for place in narrow if keyword in keywords_of(place)]
        if keyword == "minProperties":
            given.append(len(required_of(narrow)))
        if not any(sign * each >= sign * limit for each in given):
            is_certain = not listed and not any("pattern" in keywords_of(place) for place in narrow)
            yield Ask(Rule.LIMIT_NARROWED, f"{keyword} is {limit} now", is_certain)
    is_new = not any(keywords_of(place).get("uniqueItems") for place in narrow)
    if "array" in types and keywords_of(wide).get("uniqueItems") and is_new:
        yield Ask(Rule.LIMIT_NARROWED, "items must all be different now", not listed)


def _pattern(narrow: Conjunction, wide: Place) -> Iterator[Ask]:
    pattern = keywords_of(wide).get("pattern")
    if pattern is None or any(keywords_of(place).get("pattern") == pattern for place in narrow):
        return
    values = listed_values(narrow)
    if values is not None and all(matches(pattern, value) for value in values if isinstance(value, str)):
        return
    is_new = values is None and not any("pattern" in keywords_of(place) for place in narrow)
    yield Ask(Rule.PATTERN_ADDED, f"text must match the pattern {json.dumps(pattern)} now", is_new)


def shown(values: list[Any]) -> str:
    """The first few values."""
    few = ", ".join(json.dumps(value) for value in values[:5])
    return few if len(values) <= 5 else f"{few} and {len(values) - 5} more"


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else str(float(value))
