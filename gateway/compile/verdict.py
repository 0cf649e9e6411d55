"""How the compiled functions say no, and how they remember what they converted.

``Refused`` is control flow inside this package only: the compiled route turns it into a
``Rejection`` before anybody else sees it. A refusal is first found fast, then the payload is walked
again to collect every violation (``Findings``); only rejected messages pay for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from types import NoneType
from typing import Any, NamedTuple

from gateway.model import Code, Coercion, Violation
from gateway.notation.nearest import Near, find_nearest
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


class Advice(NamedTuple):
    """What a person should know of a refusal, each part a clause without a full stop; empty ones are left out."""

    why: str = ""
    """What is not plain from what was found and what is wanted: ``it reads as 1.234 or 1234``."""
    publish: str = ""
    """What the device can do where no ``params.fix`` says it better: ``publish it without the offset``."""
    declare: str = ""
    """What the contract or the schema can do: ``declare epoch_unit: s in the contract``."""
    tried: Mapping[str, Any] | None = None
    """``declare`` as changed rules, where it is to be said only if it helps: it is tried."""
    propose: Callable[[Any], Iterable[Any]] | None = None
    """The refused value -> values that mean the same and may pass; the first that does is ``params.fix``."""


NO_ADVICE = Advice()


class Refused(Exception):
    """A value that does not fit its place in the schema.

    Slots, and no ``__init__`` of exceptions: a rejection tries several conversions, and making what they raise would
    be a quarter of its cost.
    """

    __slots__ = ("advice", "code", "expected", "params")

    def __init__(self, code: Code, expected: str, advice: Advice = NO_ADVICE, /, **params: Any) -> None:
        self.code = code
        self.expected = expected
        """What the schema wants, for a person: ``a whole number from -2147483648 to 2147483647``."""
        self.advice = advice
        self.params = params

    def told(self) -> Refused:
        """Itself with all that a person wants to know of it."""
        return self

    def without_declaration(self) -> Refused:
        """Itself, for a place where what would be declared does not help."""
        return Refused(self.code, self.expected, self.advice._replace(declare=""), **self.params)

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

    __slots__ = ("_advise", "_found", "_known")

    def __init__(
        self,
        code: Code,
        expected: str,
        found: str,
        known: Sequence[str],
        advise: Callable[[Near | None], Advice],
        /,
        **params: Any,
    ) -> None:
        super().__init__(code, expected, NO_ADVICE, **params)
        self._found = found
        self._known = known
        self._advise = advise

    def told(self) -> Refused:
        """The refusal with what can be said of the nearest known name, or of there being none."""
        near = _nearest(self._found[:MOST_VALUE], tuple(self._known))
        name = None if near is None else near.name
        return Refused(self.code, self.expected, self._advise(near), **self.params, nearest=name)


_nearest = lru_cache(maxsize=256)(find_nearest)
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
