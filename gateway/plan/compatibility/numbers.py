"""Which numbers are left by schemas that all hold: between which limits, and multiples of what. Exact."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from gateway.compile.json_schema.dialect import DRAFT_4
from gateway.compile.json_schema.references import Place
from gateway.plan.compatibility.conjunction import Conjunction
from gateway.plan.compatibility.vocabularies import keywords_of


class Bound(NamedTuple):
    """A limit of a number."""

    value: Fraction
    is_open: bool
    """The limit itself is excluded."""


class Numbers(NamedTuple):
    """The multiples of ``step`` between two limits, or all numbers between them where there is no step.

    A limit of multiples is itself one of them.
    """

    lower: Bound | None
    upper: Bound | None
    step: Fraction | None

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        if self.lower is None or self.upper is None:
            return False
        is_open = self.lower.is_open or self.upper.is_open
        return self.lower.value > self.upper.value or (is_open and self.lower.value == self.upper.value)

    def few(self, most: int) -> list[Fraction] | None:
        """All of them, least first; None if they are more than ``most``."""
        if self.is_empty:
            return []
        if self.lower is None or self.upper is None:
            return None
        if self.lower.value == self.upper.value:
            return [self.lower.value] if most else None
        if self.step is None or (self.upper.value - self.lower.value) / self.step >= most:
            return None
        count = int((self.upper.value - self.lower.value) / self.step) + 1
        return [self.lower.value + n * self.step for n in range(count)]


def numbers_of(conjunction: Conjunction, *, are_whole: bool = False) -> Numbers:
    """The numbers that schemas leave, types and listed values apart; with ``are_whole`` the integers among them."""
    steps = [unit for place in conjunction if (unit := unit_of(place)) is not None]
    step = _common([*steps, Fraction(1)] if are_whole else steps)
    lower = max(_bounds(conjunction, 1), key=lambda bound: (bound.value, bound.is_open), default=None)
    upper = min(_bounds(conjunction, -1), key=lambda bound: (bound.value, not bound.is_open), default=None)
    if step is None:
        return Numbers(lower, upper, None)
    return Numbers(lower and _inward(lower, step, 1), upper and _inward(upper, step, -1), step)


def unit_of(place: Place) -> Fraction | None:
    """What a schema wants multiples of."""
    unit = keywords_of(place).get("multipleOf")
    return None if unit is None else exact(unit)


def lower_bound(place: Place) -> Bound | None:
    """The least number that a schema allows."""
    return _bound(place, "minimum", "exclusiveMinimum", 1)


def upper_bound(place: Place) -> Bound | None:
    """The greatest number that a schema allows."""
    return _bound(place, "maximum", "exclusiveMaximum", -1)


def exact(number: float) -> Fraction:
    """A number as it is written: 0.1 is a tenth."""
    return Fraction(str(number))


def _bounds(conjunction: Conjunction, sign: int) -> Iterator[Bound]:
    for place in conjunction:
        bound = lower_bound(place) if sign > 0 else upper_bound(place)
        if bound is not None:
            yield bound


def _bound(place: Place, inclusive: str, exclusive: str, sign: int) -> Bound | None:
    keywords, found = keywords_of(place), list[Bound]()
    if inclusive in keywords:
        is_open = place.draft == DRAFT_4 and keywords.get(exclusive) is True
        found.append(Bound(exact(keywords[inclusive]), is_open))
    if place.draft != DRAFT_4 and exclusive in keywords:
        found.append(Bound(exact(keywords[exclusive]), is_open=True))
    return max(found, key=lambda bound: (sign * bound.value, bound.is_open), default=None)


def _common(steps: list[Fraction]) -> Fraction | None:
    """The least number that is a multiple of all steps; None without any."""
    found: Fraction | None = None
    for step in steps:
        if found is None:
            found = step
        else:
            over = found.denominator * step.denominator
            found = Fraction(lcm(found.numerator * step.denominator, step.numerator * found.denominator), over)
    return found


def _inward(bound: Bound, step: Fraction, sign: int) -> Bound:
    """The first multiple of ``step`` within a limit; ``sign`` is 1 for a lower one, -1 for an upper one."""
    count = -(-sign * bound.value // step)  # rounded up
    if bound.is_open and count * step == sign * bound.value:
        count += 1
    return Bound(sign * count * step, is_open=False)
