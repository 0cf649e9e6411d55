"""What would make a refused value pass: found by trying, never by reasoning alone, and never by guessing.

``params.fix`` is a JSON value that means the same as the refused one and that the contract's own mode takes at the
same place, without losing anything. Where a text can be read in two ways there is none. All of this is on the reject
path only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any, Protocol

import msgspec

from gateway.compile import datetimes, numbers
from gateway.compile.sentence import compose
from gateway.compile.verdict import MOST_VALUE, Refused, kind_of, quote
from gateway.model import Code, Mode, Violation
from gateway.notation.pointer import MISSING

_encode = msgspec.json.encode


class Trials(Protocol):
    """One place of a schema, to try out what else it takes."""

    def widen(self, value: Any) -> tuple[Mode | None, Any]:
        """The lowest wider mode that takes the value, and what it makes of it.

        The second is MISSING where that is no value of JSON, or means something else.
        """

    def takes(self, value: Any) -> bool:
        """Whether the contract's own mode takes the value, without losing anything."""

    def takes_with(self, changes: Mapping[str, Any], value: Any) -> bool:
        """Whether it would, were these of its rules changed."""


def violation(
    refused: Refused,
    value: Any,
    path: str,
    schema_path: str,
    trials: Trials | None = None,
    *,
    coercible_in: Mode | None = None,
    fix: Any = MISSING,
    keyword: str | None = None,
) -> Violation:
    """The error object of a value that was refused at ``path``.

    What would make it pass is found by ``trials``, or known: ``coercible_in`` and ``fix``.
    """
    refused = refused.told()
    advice, params = refused.advice, refused.params
    if trials is not None:
        coercible_in, made = trials.widen(value)
        fix = find_fix(refused, value, made, trials)
        if advice.tried is not None and not trials.takes_with(advice.tried, value):
            advice = advice._replace(declare="")
    found = kind_of(value)
    if refused.code is Code.TYPE_MISMATCH:
        params = {**params, "expected": refused.expected, "found": found, "coercible_in": coercible_in}
    if fix is not MISSING:
        params = {**params, "fix": fix}
    return Violation(
        refused.code,
        compose(path, value, refused.expected, advice, fix=fix, mode=coercible_in),
        path,
        schema_path,
        keyword,
        refused.expected,
        found,
        quote(value),
        coercible_in,
        params,
    )


def find_fix(refused: Refused, value: Any, made: Any, trials: Trials) -> Any:
    """The first candidate that the place takes, MISSING if none does; ``made`` is what a wider mode makes of it."""
    for candidate in candidates(refused, value, made):
        if can_be_told(candidate) and trials.takes(candidate):
            return candidate
    return MISSING


def candidates(refused: Refused, value: Any, made: Any) -> Iterator[Any]:
    """Values that mean the same as a refused one; whether they pass is not known."""
    if refused.advice.propose is not None:
        yield from refused.advice.propose(value)
    if type(value) is str:
        if refused.code in _OF_NUMBERS:
            yield from numbers_in(value, foreign=refused.params.get("hint") == "decimal_separator")
        elif refused.code is Code.INVALID_DATETIME:
            yield from datetimes.spellings(value)
    if made is not MISSING and not _is_rounded(value, made):
        yield made


_OF_NUMBERS = frozenset({Code.INVALID_NUMBER, Code.TYPE_MISMATCH})


def numbers_in(text: str, *, foreign: bool = False) -> Iterator[Any]:
    """The number that a text can only mean, as a JSON number if one holds it exactly, else as plain numeric text.

    ``foreign``: its separator is not the one that the contract expects.
    """
    if (foreign or "," in text) and numbers.reads_in_two_ways(text):
        return
    plain = numbers.read_number(text.replace(",", ".", 1), lenient=True)
    if plain is None:
        return
    whole = None if "." in plain else numbers.plain_integer(plain)
    if whole is not None:
        yield whole
        return
    number, exact = numbers.float_of(plain)
    if exact:
        yield number
    elif abs(numbers.decimal_of(plain).adjusted()) <= MOST_VALUE:
        yield format(numbers.decimal_of(plain), "f")


def _is_rounded(value: Any, made: Any) -> bool:
    """Whether a number in text became a double that is not quite it."""
    if type(value) is not str or type(made) is not float:
        return False
    return not any(number == made for number in numbers_in(value))


def can_be_told(candidate: Any) -> bool:
    """Whether the error object can carry it: short, and read everywhere as it is written."""
    if isinstance(candidate, Decimal) or (type(candidate) is float and not isfinite(candidate)):
        return False
    if type(candidate) is int and candidate.bit_length() > _MOST_BITS:
        return False
    return candidate is None or len(_encode(candidate)) <= MOST_VALUE


_MOST_BITS = 63
"""Larger integers are written as text in an error object."""
