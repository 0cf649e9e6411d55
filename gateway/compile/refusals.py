"""Refusals that both schema languages make: the same mistake is told in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from sys import float_info

from gateway.compile.rules import Rules
from gateway.compile.sentence import in_json, listed
from gateway.compile.tokens import LENIENT_FALSE, LENIENT_TRUE
from gateway.compile.verdict import Advice, Misspelled, Refused
from gateway.model import Code
from gateway.notation.nearest import Near
from gateway.notation.pointer import escape

BOOLEAN_NUMBERS = Advice("of all numbers only 0 and 1 are booleans", "publish true or false")
CHOICE_OF_SPELLING = Advice("only integers become text without a choice of spelling")
TOO_MANY_DIGITS = Advice("a number of that many digits is not turned into text", "publish it as text")
WRAP = Advice(declare="declare wrap_scalar: true in the contract", tried={"wrap_scalar": True}, propose=lambda x: [[x]])
LAST_KEY = "declare duplicate_keys: last in the contract"
NO_NUMBER = Advice("a boolean is no number", "publish 0 or 1 if that is meant")


_NO_BOOLEAN = Advice(publish="publish true or false")
_NO_LENIENT_BOOLEAN = Advice(
    "of all text only on, off, yes, no, y, n, t, f, true, false, 1 and 0 are booleans", "publish true or false"
)


def refuse_boolean_text(rules: Rules, wanted: str) -> Refused:
    """Text that is no boolean by these rules."""
    if rules.lenient:
        accepted = sorted(LENIENT_TRUE | LENIENT_FALSE)
        return Refused(Code.INVALID_BOOLEAN, wanted, _NO_LENIENT_BOOLEAN, accepted=accepted)
    return Refused(Code.INVALID_BOOLEAN, wanted, _NO_BOOLEAN, accepted=["true", "false"])


def beyond_double(wanted: str) -> Refused:
    """A number that no double holds."""
    advice = Advice("the largest double is 1.7976931348623157e308")
    return Refused(Code.OUT_OF_RANGE, wanted, advice, minimum=-float_info.max, maximum=float_info.max)


def not_a_double(wanted: str, nearest: float) -> Refused:
    """A number that falls between two doubles; the nearest one is what would pass."""
    if not nearest:
        return Refused(Code.PRECISION_LOSS, wanted, Advice("the nearest double is 0"), nearest=nearest)
    advice = Advice("no double is exactly that", propose=lambda _: [nearest])
    return Refused(Code.PRECISION_LOSS, wanted, advice, nearest=nearest)


def two_names(names: Sequence[str]) -> Refused:
    """Keys of one object that name the same field."""
    advice = Advice(f"{listed(names)} name one field", "publish one of them")
    return Refused(Code.DUPLICATE_KEY, "each field once", advice, names=list(names))


def unknown_field(wanted: str, key: str, known: Sequence[str], parent: str, declare: str, why: str = "") -> Refused:
    """A field that the schema does not know.

    ``parent`` is the pointer to its object, ``declare`` what a contract can do about unknown fields, and ``why``
    what it did in vain.
    """

    def advise(near: Near | None) -> Advice:
        if near is None:
            return Advice(why, "leave it out", declare)
        publish, field = f"publish it as {in_json(near.name)}", f"{parent}/{escape(near.name)}"
        return Advice(why, publish, f"declare it as an alias of {field} in the contract")

    return Misspelled(Code.UNKNOWN_FIELD, wanted, key, known, advise, field=key)


def spell_as(near: Near | None, declare: str = "") -> Advice:
    """What to do about a misspelled symbol: publish the one that must be meant, where there is only one."""
    if near is None:
        return Advice(declare=declare)
    if not near.is_only:
        return Advice("several of them are as near", declare=declare)
    return Advice(declare=declare, propose=lambda _: [near.name])
