"""Texts that stand for something else than themselves: booleans, null, numbers that are none.

Shared by both schema languages, so that a device's ``"on"`` or ``"N/A"`` means the same in both.
"""

from __future__ import annotations

from gateway.compile.rules import Rules

TRUE_TEXTS = frozenset({"true", "True", "TRUE"})
FALSE_TEXTS = frozenset({"false", "False", "FALSE"})
LENIENT_TRUE = frozenset({"true", "on", "yes", "y", "t", "1"})
"""In any case of letters."""
LENIENT_FALSE = frozenset({"false", "off", "no", "n", "f", "0"})

_LENIENT_NULL = frozenset({"", "null"})
_NAN = frozenset({"nan", "+nan", "-nan"})
_NON_FINITE = _NAN | {sign + name for sign in ("", "+", "-") for name in ("inf", "infinity")}


def is_declared_null(text: str, rules: Rules) -> bool:
    """Whether the contract declares the text as null: a null token, or ``non_finite: null``."""
    return text in rules.null_tokens or (rules.non_finite == "null" and text.lower() in _NON_FINITE)


def is_lenient_null(text: str, rules: Rules) -> bool:
    """Whether lenient mode reads the text as null without a declaration."""
    return rules.lenient and (text in _LENIENT_NULL or text.lower() in _NAN)
