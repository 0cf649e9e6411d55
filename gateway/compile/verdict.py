"""How the compiled functions say no, and how they remember what they converted.

``Refused`` is control flow inside this package only: the compiled route turns it into a
``Rejection`` before anybody else sees it. A refusal is first found fast, then the payload is walked
again to collect every violation (``Findings``); only rejected messages pay for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from types import NoneType
from typing import Any

from gateway.model import Code, Coercion, Mode, Violation
from gateway.notation.nearest import nearest
from gateway.notation.pointer import MISSING, Missing

type_ = type

Log = list[Coercion]
"""The conversions made on the payload at hand; stays empty for a clean payload."""

MOST_VIOLATIONS = 10
"""Violations listed in a rejection; more only set its ``truncated``."""
MOST_VALUE = 64
"""Characters of a payload value that a violation quotes."""

_KINDS: Mapping[type, str] = {
    Missing: "absent",
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    Decimal: "number",
    NoneType: "null",
}


def kind_of(value: Any) -> str:
    """The JSON kind of a decoded value; ``absent`` for MISSING."""
    return _KINDS[type(value)]


class Refused(Exception):
    """A value that does not fit its place in the schema."""

    def __init__(self, code: Code, expected: str, advice: str = "", /, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.expected = expected
        """What the schema wants, for a person: ``a whole number from -2147483648 to 2147483647``."""
        self.advice = advice
        """What would make it pass, for a person; empty if nothing short does."""
        self.params = params

    def told(self) -> Refused:
        """Itself with all that a person wants to know of it."""
        return self

    def stored(self) -> Refused:
        """Itself, without the stack frames that it and its context came through.

        Kept, they would tie the payload into a cycle, and what was rejected would fill the memory until the
        next full collection. For the same reason no frame may hold a refusal in a variable while raising it.
        """
        self.__context__ = None
        return self.with_traceback(None)


class Misspelled(Refused):
    """A name or symbol that is not known.

    The nearest known one is looked for only when the refusal is told: that takes longer than all else, and most
    attempts at a value are never told.
    """

    def __init__(
        self, code: Code, expected: str, found: str, known: Sequence[str], otherwise: str = "", /, **params: Any
    ) -> None:
        super().__init__(code, expected, otherwise, **params)
        self._found = found
        self._known = known

    def told(self) -> Refused:
        """The refusal with the nearest known name as its advice."""
        near = _nearest(self._found[:MOST_VALUE], tuple(self._known))
        advice = f"did you mean {near!r}?" if near else self.advice
        return Refused(self.code, self.expected, advice, **self.params, nearest=near)


_nearest = lru_cache(maxsize=256)(nearest)
"""Kept, because a device makes the same mistake in message after message."""


class Findings:
    """The violations of one payload, at most ``MOST_VIOLATIONS`` of them."""

    __slots__ = ("truncated", "violations")

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.truncated = False

    @property
    def full(self) -> bool:
        """Whether further violations only set ``truncated``: walking on is of no use once that is so."""
        return self.truncated

    def passes_over(self) -> bool:
        """Whether one more violation would not be listed; that is noted, so it need not even be made.

        Making one takes far longer than finding it: a payload of 50 000 misspelled names would take a minute.
        """
        if len(self.violations) < MOST_VIOLATIONS:
            return False
        self.truncated = True
        return True

    def add(self, violation: Violation) -> None:
        """Takes one violation, or notes that there was one too many."""
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(violation)
        else:
            self.truncated = True


def quote(value: Any) -> str | None:
    """A scalar as JSON text, at most ``MOST_VALUE`` characters; None for objects, arrays and what is absent."""
    if isinstance(value, dict | list) or value is MISSING:
        return None
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = value if isinstance(value, str) else str(value)
    return text[:MOST_VALUE]


def violation(
    refused: Refused,
    value: Any,
    path: str,
    schema_path: str,
    coercible_in: Mode | None,
    *,
    keyword: str | None = None,
) -> Violation:
    """The error object for a refused value at ``path``."""
    refused = refused.told()
    found = kind_of(value)
    shown = quote(value)
    what = f"{found} {shown!r}" if shown is not None and found not in {"null", "absent"} else found
    message = f"{path or 'the payload'}: found {what}, wanted {refused.expected}"
    if refused.advice:
        message += f"; {refused.advice}"
    return Violation(
        code=refused.code,
        message=message,
        path=path,
        schema_path=schema_path,
        keyword=keyword,
        expected=refused.expected,
        found=found,
        value=shown,
        coercible_in=coercible_in,
        params=refused.params,
    )
