"""Which numbers are left between limits, and of multiples."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from gateway.compile.json_schema.dialect import DRAFT_4
from gateway.compile.json_schema.references import Documents
from gateway.plan.compatibility.numbers import Bound, Numbers, lower_bound, numbers_of


def numbers(*schemas: Any, are_whole: bool = False) -> Numbers:
    return numbers_of(tuple(Documents(schema, {}).root for schema in schemas), are_whole=are_whole)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"minimum": 0.1}, Bound(Fraction(1, 10), is_open=False)),
        ({"minimum": 1, "exclusiveMinimum": 1}, Bound(Fraction(1), is_open=True)),
        ({"minimum": 2, "exclusiveMinimum": 1}, Bound(Fraction(2), is_open=False)),
        ({"$schema": DRAFT_4, "minimum": 2, "exclusiveMinimum": True}, Bound(Fraction(2), is_open=True)),
        ({"maximum": 2}, None),
    ],
)
def test_the_least_number_as_it_is_written(schema: Any, expected: Bound | None) -> None:
    """By the keywords of the draft; a tenth is a tenth."""
    assert lower_bound(Documents(schema, {}).root) == expected


def test_limits_of_multiples_are_multiples() -> None:
    """Rounded inwards, past what is excluded."""
    found = numbers({"multipleOf": 0.3, "minimum": 0.1}, {"exclusiveMaximum": 0.9})
    assert found == (Bound(Fraction(3, 10), is_open=False), Bound(Fraction(6, 10), is_open=False), Fraction(3, 10))
    found = numbers({"exclusiveMinimum": -1, "maximum": 1.5}, are_whole=True)
    assert found == (Bound(Fraction(0), is_open=False), Bound(Fraction(1), is_open=False), Fraction(1))
    assert numbers({"multipleOf": 1.5}, {"multipleOf": 1}).step == 3


def test_few_numbers_are_listed() -> None:
    """All of them, or none are told where they are too many."""
    some = numbers({"minimum": 1, "maximum": 3}, are_whole=True)
    assert some.few(3) == [Fraction(n) for n in (1, 2, 3)]
    assert some.few(2) is None
    assert numbers({"minimum": 1, "maximum": 1}).few(1) == [Fraction(1)]
    assert numbers({"minimum": 1, "maximum": 2}).few(9) is numbers({"minimum": 1}).few(9) is None
    for nothing in ({"minimum": 2, "maximum": 1}, {"minimum": 1, "exclusiveMaximum": 1}):
        assert numbers(nothing).is_empty
        assert numbers(nothing).few(0) == []
