"""Payload bytes -> a JSON value, and the proofs about the text that the value alone cannot give.

msgspec decodes: it keeps integers exact, where orjson turns those beyond 64 bits into doubles. What it
cannot tell is proved from the bytes: that no key stands twice in an object (it keeps the last), and
that nesting is bounded. Both proofs are a count on the clean path; only in doubt is the text read again.

Repairs happen only after decoding failed: a byte order mark or trailing NULs (all modes but strict), bare
``nan`` where the contract declares ``nan_literals: null``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isinf
from secrets import token_hex
from sys import float_info
from typing import Any, NamedTuple

import msgspec

from gateway.compile.coercions import BOM_STRIPPED, NAN_LITERAL_TO_NULL, NUL_STRIPPED
from gateway.compile.numbers import MOST_EXPONENT, decimal_of, exceeds
from gateway.compile.rules import Rules
from gateway.compile.verdict import Log
from gateway.model import Code, Coercion, Violation
from gateway.notation.pointer import Pointer

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidOperation)
"""What a decoder of ``make_decoder`` raises for bytes that are no JSON."""

_BOM = b"\xef\xbb\xbf"
_WHITE_SPACE = b" \t\r\n"
MOST_DIGITS = 4300
"""Of an integer: Python refuses to convert more."""
_BYTE = re.compile(r"\(byte ([0-9]+)\)")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NAN_LITERAL = re.compile(rb"-?(?:nan|NaN|NAN|inf|Infinity|INF)(?![A-Za-z0-9_])")
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


def repair(payload: bytes, rules: Rules, log: Log, *, exact: bool, depth: int, keep_huge: bool = True) -> Repaired:
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
    decode = _decode_exact if exact else _decode_plain
    try:
        return Repaired(decode(text), text)
    except RecursionError:
        raise Undecodable(_too_deep(depth)) from None
    except (msgspec.ValidationError, InvalidOperation):
        # A number that no double holds, such as 1e999, or an exponent beyond every decimal.
        value = _decode_huge(text, depth)
        huge = None if keep_huge else _find_huge(value)
        if huge is not None:
            raise Undecodable(huge) from None
        return Repaired(value, text)
    except DECODE_ERRORS as exc:
        repaired = _without_nan_literals(text, log, depth) if rules.nan_literals else None
        if repaired is not None:
            return repaired
        raise Undecodable(_explain(text, exc)) from None


def _decode_huge(text: bytes, depth: int) -> Any:
    """Decodes numbers beyond double and beyond 4300 digits as ``Decimal``. Raises Undecodable."""
    try:
        try:
            return _decode_exact(text)
        except msgspec.ValidationError:
            return json.loads(text, parse_int=_read_int, parse_float=decimal_of)
    except RecursionError:
        raise Undecodable(_too_deep(depth)) from None
    except (*DECODE_ERRORS, ValueError) as exc:
        raise Undecodable(_explain(text, exc)) from None


def _read_int(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= MOST_DIGITS else decimal_of(digits)


def _find_huge(value: Any) -> Violation | None:
    """The first number that no double holds, or of more than ``MOST_DIGITS`` digits."""
    for path, item in _walk(value, ()):
        if type(item) is Decimal and (exceeds(item, MOST_EXPONENT) or isinf(float(item))):
            return Violation(
                Code.OUT_OF_RANGE,
                f"{Pointer(path) or 'the payload'}: no double holds this number, nor would most readers",
                path=str(Pointer(path)),
                expected="a number up to 1.7976931348623157e308",
                found="number",
                value=str(item)[:64],
                params={"minimum": -float_info.max, "maximum": float_info.max},
            )
    return None


def _without_nan_literals(text: bytes, log: Log, depth: int) -> Repaired | None:
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
        value = _decode_exact(marked)
    except DECODE_ERRORS:
        return None
    deep = check_depth(marked, value, depth)
    if deep is not None:
        raise Undecodable(deep)
    if _is_key(value):
        return None
    return Repaired(_replace_marks(value, (), log), marked, is_value=False)


def _is_key(value: Any) -> bool:
    """Whether a literal stood in a key's place, where no value can stand."""
    return any(type(item) is dict and _NAN_MARK in item for _, item in _walk(value, ()))


def _replace_marks(value: Any, path: tuple[str, ...], log: Log) -> Any:
    if type(value) is dict:
        return {key: _replace_marks(item, (*path, key), log) for key, item in value.items()}
    if type(value) is list:
        return [_replace_marks(item, (*path, "*"), log) for item in value]
    if value == _NAN_MARK:
        log.append(Coercion(str(Pointer(path)), NAN_LITERAL_TO_NULL))
        return None
    return value


def _explain(text: bytes, exc: Exception) -> Violation:
    """Why the text is no JSON, with the offset of the first byte that cannot stay."""
    if not text.strip(_WHITE_SPACE):
        return _invalid("the payload is empty: a cleared retained message, or nothing was published", 0, "empty")
    try:
        text.decode()
    except UnicodeDecodeError as bad:
        return Violation(
            Code.PAYLOAD_NOT_UTF8,
            f"byte {bad.start} is not UTF-8 ({bad.reason}); JSON is UTF-8 text",
            params={"offset": bad.start},
        )
    found = _BYTE.search(str(exc))
    offset = int(found.group(1)) if found else len(text)
    if text.startswith(_BOM):
        return _invalid("the text starts with a byte order mark, which mode strict does not strip", 0, "bom")
    literal = _nan_literal_near(text, offset)
    if literal is not None:
        start, token = literal
        advice = "JSON has no such number; publish null, or declare nan_literals: null in the contract"
        return _invalid(f"bare {token} at byte {start}: {advice}", start, "nan-literal")
    if "truncated" in str(exc):
        return _invalid("the text ends in the middle of a value", len(text), "truncated")
    if "trailing" in str(exc) and "comma" not in str(exc):
        return _invalid(f"there is more text behind the value, from byte {offset}", offset, "trailing-text")
    return _invalid(f"at byte {offset}: {str(exc).removeprefix('JSON is malformed: ').partition(' (')[0]}", offset, "")


def _nan_literal_near(text: bytes, offset: int) -> tuple[int, str] | None:
    """Offset and text of the bare NaN or infinity at which decoding stopped, None if it was not that."""
    for match in _NAN_LITERAL.finditer(text, max(0, offset - 12)):
        if match.start() <= offset + 1:
            return match.start(), match.group().decode()
        break
    return None


def _invalid(message: str, offset: int, hint: str) -> Violation:
    params: dict[str, Any] = {"offset": offset}
    if hint:
        params["hint"] = hint
    return Violation(Code.JSON_INVALID, f"the payload is not valid JSON: {message}", params=params)


def proves_unique_keys(text: bytes, keys: int) -> bool:
    """Whether ``keys``, at most the number of keys that were decoded, proves that none stood twice.

    Every key in the text brings a colon, and outside strings a quote before it; so as many colons as
    decoded keys means that no key was swallowed. False only means that the text must be read again.
    """
    return text.count(b":") == keys or text.translate(None, _WHITE_SPACE).count(b'":') == keys


def proves_flat(text: bytes, value: Any) -> bool:
    """Whether counting shows that the text is one flat object and no key stands twice.

    As many colons as keys leaves none for keys of inner objects or swallowed ones, and without a bracket
    nothing is nested deeper than an inner empty object.
    """
    return type(value) is dict and text.count(b":") == len(value) and b"[" not in text


class Duplicate(NamedTuple):
    """An object in which a key stands twice."""

    violation: Violation
    path: str
    """Of the object, array indices as ``*``."""


def find_duplicate_keys(text: bytes) -> Duplicate | None:
    """The first object of the text in which a key stands twice, None if there is none."""
    found: list[tuple[dict[str, Any], list[str]]] = []

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            found.append((made, [key for key, count in counts.items() if count > 1]))
        return made

    whole = json.loads(text, object_pairs_hook=make_object, parse_int=str, parse_float=str)
    if not found:
        return None
    made, names = found[0]
    path = next((path for path, value in _walk(whole, ()) if value is made), ())
    listed = ", ".join(repr(name) for name in names[:20])
    violation = Violation(
        Code.DUPLICATE_KEY,
        f"{Pointer(path) or 'the payload'}: {listed} stands more than once; which value is meant?",
        path=str(Pointer(path)),
        found="object",
        expected="each key once",
        params={"names": names[:20]},
    )
    return Duplicate(violation, _generic(whole, path))


def _generic(whole: Any, path: tuple[str, ...]) -> str:
    steps: list[str] = []
    for step in path:
        steps.append("*" if isinstance(whole, list) else step)
        whole = whole[int(step)] if isinstance(whole, list) else whole[step]
    return str(Pointer(tuple(steps)))


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, (*path, key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _walk(item, (*path, str(n)))


def count_keys(value: Any) -> int:
    """Object keys in a decoded value."""
    if type(value) is dict:
        return len(value) + sum(count_keys(item) for item in value.values() if type(item) in _CONTAINERS)
    if type(value) is list:
        return sum(count_keys(item) for item in value if type(item) in _CONTAINERS)
    return 0


_CONTAINERS = frozenset({dict, list})


def check_depth(text: bytes, value: Any, limit: int) -> Violation | None:
    """The violation of a value nested more than ``limit`` levels deep; the count of brackets usually tells."""
    if text.count(b"{") + text.count(b"[") <= limit:
        return None
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(limit):
        level = [
            item
            for outer in level
            for item in (outer.values() if type(outer) is dict else outer)
            if type(item) in _CONTAINERS
        ]
        if not level:
            return None
    return _too_deep(limit) if level else None


def _too_deep(limit: int) -> Violation:
    return Violation(
        Code.PAYLOAD_LIMIT,
        f"the payload is nested more than {limit} levels deep (limits.depth, or less where alternatives of the schema"
        " contain themselves)",
        params={"limit": "depth", "actual": f"more than {limit}"},
    )
