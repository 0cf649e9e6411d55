"""Why a text is no JSON: the byte at which it stops to be, what stands there, and what would help.

The decoder's own words are not enough: it names a byte behind a wrong escape or word, calls a whole text truncated
that ends sooner than the escape or word would, and knows nothing of ``nan``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateway.compile.sentence import in_json
from gateway.model import Code, Violation

BOM = b"\xef\xbb\xbf"
_WHITE_SPACE = b" \t\r\n"
_BYTE = re.compile(r"\(byte ([0-9]+)\)")
STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""One that does not end reaches to the end of the text: looked for anew at each of its quotes, it took hours."""
NAN_LITERAL = re.compile(rb"-?(?:nan|NaN|NAN|inf|Infinity|INF)(?![A-Za-z0-9_])")
_STRING_OR_NAN = re.compile(STRING.pattern + rb"|(?P<literal>" + NAN_LITERAL.pattern + rb")", re.DOTALL)
_HIGH_HALF, _LOW_HALF = rb"[dD][89abAB][0-9a-fA-F]{2}", rb"[dD][c-fC-F][0-9a-fA-F]{2}"
"""Of a character beyond U+FFFF, which JSON escapes as two [RFC 8259, section 7]."""
_ESCAPE = re.compile(
    rb'\\(?:["\\/bfnrt]|u(?:' + _HIGH_HALF + rb"\\u" + _LOW_HALF + rb"|(?![dD][89a-fA-F])[0-9a-fA-F]{4}))"
)
_HALF = re.compile(rb"\\u(?:" + _HIGH_HALF + rb"|" + _LOW_HALF + rb")")
_CUT_ESCAPE = re.compile(
    rb"\\(?:u(?:[0-9a-fA-F]{0,3}|" + _HIGH_HALF + rb"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?))?"
)
_TOKEN = re.compile(STRING.pattern + rb"|[0-9][-+.0-9eE]*|(?P<word>[A-Za-z]+)", re.DOTALL)
_WORDS = frozenset({b"true", b"false", b"null"})
_LONGEST_WORD = max(map(len, _WORDS))


def explain(
    text: bytes, exc: Exception, before: int, *, lossless: Callable[[], bool], nan_literals: Callable[[], bool]
) -> Violation:
    """Why the text is no JSON, with the offset of the first byte that cannot stay.

    ``exc`` is what a decoder said, ``before`` are the bytes of the payload in front of the text. Whether the mode
    ``lossless``, or declared ``nan_literals``, would mend all of it is asked where it is to be told.
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
    if misread is not None and misread[0] > offset:
        misread = None  # something else is wrong before
    if misread is not None:
        offset = misread[0]
    if text.startswith(BOM):
        declare = ", or declare mode: lossless in the contract" if lossless() else ""
        what = "a second byte order mark" if before else "a byte order mark"
        return _invalid(what, before, "bom", f"publish it without{declare}")
    literal = _nan_literal_before(text, offset)
    if literal is not None:
        start, token = literal
        at = start + before
        is_key = text[start + len(token) :].lstrip(_WHITE_SPACE).startswith(b":")
        if is_key:
            return _invalid(f"bare {token} as a key at byte {at}", at, "nan-literal", "publish keys in quotes")
        declare = ", or declare nan_literals: null in the contract" if nan_literals() else ""
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
    lengths = range(min(len(word), _LONGEST_WORD), -1, -1)
    right = next(n for n in lengths if any(each.startswith(word[:n]) for each in _WORDS))
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
