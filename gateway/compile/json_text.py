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
from gateway.compile.json_proof import check_depth, too_deep, walk
from gateway.compile.numbers import decimal_of
from gateway.compile.rules import Rules
from gateway.compile.sentence import compose, in_json
from gateway.compile.verdict import Advice, Log
from gateway.model import Code, Coercion, Violation
from gateway.notation.pointer import Pointer

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidOperation)
"""What a decoder of ``make_decoder`` raises for bytes that are no JSON."""

_BOM = b"\xef\xbb\xbf"
_WHITE_SPACE = b" \t\r\n"
MOST_DIGITS = 4300
"""Of an integer: Python refuses to convert more."""
_BYTE = re.compile(r"\(byte ([0-9]+)\)")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""One that does not end reaches to the end of the text: looked for anew at each of its quotes, it took hours."""
_STRING_OR_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[-+.0-9eE]+', re.DOTALL)
_INTEGER = re.compile(rb"-?[1-9][0-9]*")
_NAN_LITERAL = re.compile(rb"-?(?:nan|NaN|NAN|inf|Infinity|INF)(?![A-Za-z0-9_])")
_STRING_OR_NAN = re.compile(_STRING.pattern + rb"|(?P<literal>" + _NAN_LITERAL.pattern + rb")", re.DOTALL)
_HIGH_HALF, _LOW_HALF = rb"[dD][89abAB][0-9a-fA-F]{2}", rb"[dD][c-fC-F][0-9a-fA-F]{2}"
"""Of a character beyond U+FFFF, which JSON escapes as two [RFC 8259, section 7]."""
_ESCAPE = re.compile(
    rb'\\(?:["\\/bfnrt]|u(?:' + _HIGH_HALF + rb"\\u" + _LOW_HALF + rb"|(?![dD][89a-fA-F])[0-9a-fA-F]{4}))"
)
_HALF = re.compile(rb"\\u(?:" + _HIGH_HALF + rb"|" + _LOW_HALF + rb")")
_CUT_ESCAPE = re.compile(
    rb"\\(?:u(?:[0-9a-fA-F]{0,3}|" + _HIGH_HALF + rb"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?))?"
)
_TOKEN = re.compile(_STRING.pattern + rb"|[0-9][-+.0-9eE]*|(?P<word>[A-Za-z]+)", re.DOTALL)
_WORDS = frozenset({b"true", b"false", b"null"})
_PART_OF_WORD = re.compile(rb"(?:t(?:r(?:ue?)?)?|f(?:a(?:l(?:se?)?)?)?|n(?:u(?:ll?)?)?)?")
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
        if text.startswith(_BOM):
            text = text[len(_BOM) :]
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
            before = len(_BOM) if payload.startswith(_BOM) and not rules.strict else 0
            declarable = not rules.strict and not rules.nan_literals and _is_mended_by_null(text, depth, exact=exact)
            raise Undecodable(_explain(text, exc, before, strict=rules.strict, declarable=declarable)) from None
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
    for string in _STRING.finditer(text):
        pieces += [_NAN_LITERAL.sub(lambda _: mark, text[end : string.start()]), string.group()]
        end = string.end()
    pieces.append(_NAN_LITERAL.sub(lambda _: mark, text[end:]))
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


def _explain(text: bytes, exc: Exception, before: int, *, strict: bool, declarable: bool) -> Violation:
    """Why the text is no JSON, with the offset of the first byte that cannot stay.

    ``before``: bytes of the payload in front of the text. ``declarable``: declared ``nan_literals`` would mend it.
    """
    if not text.strip(_WHITE_SPACE):
        return _invalid("nothing (a cleared retained message, or nothing was published)", 0, "empty")
    try:
        text.decode()
    except UnicodeDecodeError as bad:
        return _not_utf8(text, bad, before)
    found = _BYTE.search(str(exc))
    offset = int(found.group(1)) if found else len(text)
    misread = _misread(text) if _MAY_BE_MISREAD.search(str(exc)) else None
    if misread is not None and misread[0] <= offset:
        offset = misread[0]
    else:
        misread = None
    if text.startswith(_BOM):
        declare = ", or declare mode: lossless in the contract" if strict and _reads_without_mark(text) else ""
        what = "a second byte order mark" if before else "a byte order mark"
        return _invalid(what, before, "bom", f"publish it without{declare}")
    literal = _nan_literal_before(text, offset)
    if literal is not None:
        start, token = literal
        at = start + before
        is_key = text[start + len(token) :].lstrip(_WHITE_SPACE).startswith(b":")
        if is_key:
            return _invalid(f"bare {token} as a key at byte {at}", at, "nan-literal", "publish keys in quotes")
        declare = ", or declare nan_literals: null in the contract" if declarable else ""
        return _invalid(
            f"bare {token} at byte {at}", at, "nan-literal", f"publish null where the schema allows it{declare}"
        )
    if misread is not None:
        return _none_at(text, offset, before, misread[1])
    if "truncated" in str(exc) or ("invalid number" in str(exc) and offset == len(text)):
        what = f"text that ends in the middle of a value, behind {_excerpt(text, len(text))}"
        return _invalid(what, len(text) + before, "truncated", "publish all of it")
    if "trailing" in str(exc) and "comma" not in str(exc):
        at = offset + before - 1  # msgspec names the byte behind the first one that is too much
        what = f"more text behind the value, at byte {at}"
        return _invalid(what, at, "trailing-text", "publish one JSON value a message")
    return _none_at(text, offset, before, str(exc).removeprefix("JSON is malformed: ").partition(" (")[0])


def _none_at(text: bytes, offset: int, before: int, why: str) -> Violation:
    at = offset + before
    return _invalid(f"text that is none at byte {at}, behind {_excerpt(text, offset)}: {why}", at, "")


def _reads_without_mark(text: bytes) -> bool:
    """Whether it is JSON for a mode that strips a byte order mark, and NULs."""
    try:
        _decode(text[len(_BOM) :].rstrip(b"\x00"), exact=False)
    except DECODE_ERRORS:
        return False
    return True


_MAY_BE_MISREAD = re.compile("truncated|escape|surrogate|invalid character")
"""The decoder's words for an escape or a word that is none.

It names a byte behind it, and calls a whole text truncated that ends sooner than the escape or word would.
"""


def _misread(text: bytes) -> tuple[int, str] | None:
    """The first byte of a wrong escape, or that makes a word a wrong one, and what it is; None where there is none.

    What ends with the text may yet become right.
    """
    for token in _TOKEN.finditer(text):
        found = _misread_word(token) if token["word"] is not None else _misread_escape(token)
        if found is not None:
            return found
    return None


def _misread_word(token: re.Match[bytes]) -> tuple[int, str] | None:
    word = token.group()
    part = _PART_OF_WORD.match(word)
    right = part.end() if part is not None else 0
    is_cut = right == len(word) and token.end() == len(token.string)
    return None if word in _WORDS or is_cut else (token.start() + right, "invalid character")


def _misread_escape(token: re.Match[bytes]) -> tuple[int, str] | None:
    text, end = token.string, token.end()
    at = text.find(b"\\", token.start(), end)
    while at >= 0:
        escape = _ESCAPE.match(text, at, end)
        if escape is None:
            if _CUT_ESCAPE.fullmatch(text, at, end):
                return None
            return at, "half of a surrogate pair" if _HALF.match(text, at, end) else "an escape that JSON does not have"
        at = text.find(b"\\", escape.end(), end)
    return None


def _not_utf8(text: bytes, bad: UnicodeDecodeError, before: int) -> Violation:
    at = bad.start + before
    return Violation(
        Code.PAYLOAD_NOT_UTF8,
        f"the payload: found byte 0x{text[bad.start]:02x} at byte {at} ({bad.reason}), wanted UTF-8 text; "
        "publish JSON as UTF-8",
        expected="UTF-8 text",
        params={"offset": at},
    )


def _excerpt(text: bytes, end: int) -> str:
    """The text just before a place, as a JSON string."""
    return in_json(text[max(0, end - _MOST_EXCERPT) : end].decode("utf-8", "ignore"))


_MOST_EXCERPT = 20
"""Bytes before the place that a message quotes."""


def _nan_literal_before(text: bytes, offset: int) -> tuple[int, str] | None:
    """Offset and text of the bare NaN or infinity at which decoding stopped, None if it was not that.

    It stops at the first one outside strings, ``offset`` behind its beginning, or at something else before.
    """
    for token in _STRING_OR_NAN.finditer(text):
        if token.start() > offset:
            break
        if token["literal"] is not None:
            return token.start(), token["literal"].decode()
    return None


def _invalid(what: str, offset: int, hint: str, remedy: str = "") -> Violation:
    params: dict[str, Any] = {"offset": offset}
    if hint:
        params["hint"] = hint
    message = f"the payload: found {what}, wanted JSON" + (f"; {remedy}" if remedy else "")
    return Violation(Code.JSON_INVALID, message, expected="JSON", params=params)
