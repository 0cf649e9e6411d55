"""Payload bytes -> a JSON value.

msgspec decodes: it keeps integers exact, where orjson turns those beyond 64 bits into doubles. What the value
alone cannot tell is proved from the text (json_proof.py).

Repairs happen only after decoding failed: a byte order mark or trailing NULs (all modes but strict), bare
``nan`` where the contract declares ``nan_literals: null``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isinf
from secrets import token_hex
from sys import float_info
from typing import Any

import msgspec

from gateway.compile.coercions import BOM_STRIPPED, NAN_LITERAL_TO_NULL, NUL_STRIPPED
from gateway.compile.json_fault import BOM, NAN_LITERAL, STRING, explain
from gateway.compile.json_proof import check_depth, too_deep, walk
from gateway.compile.numbers import decimal_of
from gateway.compile.rules import Rules
from gateway.compile.sentence import compose
from gateway.compile.verdict import Advice, Log
from gateway.model import Code, Coercion, Violation
from gateway.notation.pointer import Pointer

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidOperation)
"""What a decoder of ``make_decoder`` raises for bytes that are no JSON."""

MOST_DIGITS = 4300
"""Of an integer: Python refuses to convert more."""
_STRING_OR_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[-+.0-9eE]+', re.DOTALL)
_INTEGER = re.compile(rb"-?[1-9][0-9]*")
_NAN_MARK = f"nan-literal-{token_hex(16)}"
"""Stands for a repaired literal until its place is found; random, so that no payload can contain it."""


class Undecodable(Exception):
    """The payload is no acceptable JSON text; control flow inside this package."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.message)
        self.violation = violation


def make_decoder(*, exact: bool) -> Callable[[bytes], Any]:
    """A decoder; ``exact`` gives numbers with a point or exponent as ``Decimal``, with all their digits."""
    return msgspec.json.Decoder(float_hook=Decimal).decode if exact else msgspec.json.Decoder().decode


_decode_plain = make_decoder(exact=False)
_decode_exact = msgspec.json.Decoder(float_hook=decimal_of).decode


@dataclass(frozen=True, slots=True)
class Repaired:
    """A payload that was decoded only after a repair."""

    value: Any
    text: bytes
    """The text that was decoded."""
    is_value: bool = True
    """Whether the text is the value's own JSON; if not, the value must be written anew."""


def repair(payload: bytes, rules: Rules, log: Log, *, exact: bool, depth: int, keep_huge: bool) -> Repaired:
    """Decodes what the plain decoder refused, if the rules allow a repair. Raises Undecodable.

    ``depth`` is the limit of nesting. ``keep_huge``: numbers that no double holds become ``Decimal``, for a target
    that then refuses them at its place; otherwise they are refused here.
    """
    text = payload
    if not rules.strict:
        if text.startswith(BOM):
            text = text[len(BOM) :]
            log.append(Coercion("", BOM_STRIPPED))
        if text.endswith(b"\x00"):
            text = text.rstrip(b"\x00")
            log.append(Coercion("", NUL_STRIPPED))
    try:
        repaired = _checked(Repaired(_decode(text, exact=exact), text), depth)
    except RecursionError:
        raise Undecodable(too_deep(depth)) from None
    except DECODE_ERRORS as exc:
        found = _without_nan_literals(text, log, depth, exact=exact) if rules.nan_literals else None
        if found is None:
            before = len(BOM) if payload.startswith(BOM) and not rules.strict else 0
            raise Undecodable(
                explain(
                    text,
                    exc,
                    before,
                    lossless=lambda: rules.strict and _reads_without_mark(text),
                    nan_literals=lambda: not rules.strict and _is_mended_by_null(text, depth, exact=exact),
                )
            ) from None
        repaired = found
    huge = None if keep_huge else _find_huge(repaired.value)
    if huge is not None:
        raise Undecodable(huge)
    return repaired


def _checked(repaired: Repaired, depth: int) -> Repaired:
    """The same. Raises Undecodable where it is nested too deep."""
    deep = check_depth(repaired.text, repaired.value, depth)
    if deep is not None:
        raise Undecodable(deep)
    return repaired


def _decode(text: bytes, *, exact: bool) -> Any:
    """Decodes also numbers beyond double and beyond 4300 digits, then all as ``Decimal``. Raises DECODE_ERRORS."""
    try:
        return (_decode_exact if exact else _decode_plain)(text)
    except msgspec.ValidationError:
        pass  # a number that no double holds, such as 1e999, or one of too many digits
    try:
        return _decode_exact(text)
    except msgspec.ValidationError:
        # First in the same length, so that what else is wrong is found at its own byte.
        _decode_exact(_respelled(text, lambda digits: b"0".ljust(len(digits))))
        return _decode_exact(_respelled(text, lambda digits: digits + b"e0"))


def _respelled(text: bytes, spell: Callable[[bytes], bytes]) -> bytes:
    """The text with each integer of more than ``MOST_DIGITS`` characters spelled otherwise.

    With an exponent of 0 it is no ``int`` any more, but a ``Decimal``.
    """

    def respell(token: re.Match[bytes]) -> bytes:
        number = token.group()
        return spell(number) if len(number) > MOST_DIGITS and _INTEGER.fullmatch(number) else number

    return _STRING_OR_NUMBER.sub(respell, text)


_ANY_NUMBER = "a number up to 1.7976931348623157e308"


def _find_huge(value: Any) -> Violation | None:
    """The first number that no double holds, or of more than ``MOST_DIGITS`` digits."""
    for path, item in walk(value, ()):
        if type(item) is Decimal and isinf(float(item)):
            return Violation(
                Code.OUT_OF_RANGE,
                compose(str(Pointer(path)), item, _ANY_NUMBER, Advice("most readers hold no larger ones")),
                path=str(Pointer(path)),
                expected=_ANY_NUMBER,
                found="number",
                value=str(item)[:64],
                params={"minimum": -float_info.max, "maximum": float_info.max},
            )
    return None


def _without_nan_literals(text: bytes, log: Log, depth: int, *, exact: bool) -> Repaired | None:
    """The value with null for each bare ``nan`` outside strings, noted; None if that is not what was wrong."""
    mark = json.dumps(_NAN_MARK).encode()
    pieces: list[bytes] = []
    end = 0
    for string in STRING.finditer(text):
        pieces += [NAN_LITERAL.sub(lambda _: mark, text[end : string.start()]), string.group()]
        end = string.end()
    pieces.append(NAN_LITERAL.sub(lambda _: mark, text[end:]))
    marked = b"".join(pieces)
    try:
        value = _checked(Repaired(_decode(marked, exact=exact), marked), depth).value
    except DECODE_ERRORS:
        return None
    if _is_key(value):
        return None
    return Repaired(_replace_marks(value, (), log), marked, is_value=False)


def _is_mended_by_null(text: bytes, depth: int, *, exact: bool) -> bool:
    """Whether null for each bare ``nan`` is all that it takes."""
    try:
        return _without_nan_literals(text, [], depth, exact=exact) is not None
    except (Undecodable, RecursionError):
        return False


def _is_key(value: Any) -> bool:
    """Whether a literal stood in a key's place, where no value can stand."""
    return any(type(item) is dict and _NAN_MARK in item for _, item in walk(value, ()))


def _replace_marks(value: Any, path: tuple[str, ...], log: Log) -> Any:
    if type(value) is dict:
        return {key: _replace_marks(item, (*path, key), log) for key, item in value.items()}
    if type(value) is list:
        return [_replace_marks(item, (*path, "*"), log) for item in value]
    if value == _NAN_MARK:
        log.append(Coercion(str(Pointer(path)), NAN_LITERAL_TO_NULL))
        return None
    return value


def _reads_without_mark(text: bytes) -> bool:
    """Whether it is JSON for a mode that strips a byte order mark, and NULs."""
    try:
        _decode(text[len(BOM) :].rstrip(b"\x00"), exact=False)
    except DECODE_ERRORS:
        return False
    return True
