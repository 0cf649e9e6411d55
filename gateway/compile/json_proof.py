"""What only the text of a payload can tell: that no key stands twice in an object, and how deep it is nested.

A decoder keeps the last of two values, silently. Both proofs are a count on the clean path; only in doubt is the
text read again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from gateway.compile.refusals import LAST_KEY
from gateway.compile.sentence import listed
from gateway.model import Code, Violation
from gateway.notation.pointer import Pointer

_encode = msgspec.json.Encoder(decimal_format="number").encode
_WHITE_SPACE = b" \t\r\n"
_ESCAPED_COLON = b"\\u003"
"""How the escape of a colon begins, that of a digit too."""
_NEITHER_QUOTE_NOR_BRACKET = bytes(set(range(256)) - set(b'{}[]"'))


def proves_unique_keys(text: bytes, keys: int) -> bool:
    """Whether ``keys``, at most the number of keys that were decoded, proves that none stood twice.

    Every key in the text brings a colon, and outside strings a quote before it; so as many colons as
    decoded keys means that no key was swallowed. False only means that it must be looked at closely.
    """
    return text.count(b":") == keys or text.translate(None, _WHITE_SPACE).count(b'":') == keys


def keeps_every_key(text: bytes, value: Any) -> bool:
    """Whether ``value``, written anew, shows that nothing of the ``text`` it was decoded from was swallowed.

    The same bytes prove it, and so do as many colons: one follows each key, those inside strings are written as
    they were, unless escaped. False only means that the text must be read again.
    """
    written = _encode(value)
    return written == text or (_ESCAPED_COLON not in text and text.count(b":") == written.count(b":"))


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
    path = next((path for path, value in walk(whole, ()) if value is made), ())
    violation = Violation(
        Code.DUPLICATE_KEY,
        f"{str(Pointer(path)) or 'the payload'}: {listed(names)} stands more than once, wanted each key once; "
        f"publish it once, or {LAST_KEY}",
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


def walk(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The value and everything inside it, each with its path, which begins with ``path``."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*path, key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from walk(item, (*path, str(n)))


_CONTAINERS = frozenset({dict, list})


def check_depth(text: bytes, value: Any, limit: int) -> Violation | None:
    """The violation of a value nested more than ``limit`` levels deep; the text's brackets usually tell."""
    if text.count(b"{") + text.count(b"[") <= limit or _proves_shallow(text, limit):
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
    return too_deep(limit) if level else None


def _proves_shallow(text: bytes, limit: int) -> bool:
    """Whether the brackets of the text are gone after ``limit`` times taking out the innermost ones of a kind.

    Only where no string holds a bracket: then its quotes stand together once all else is gone, and without a
    backslash no quote is inside one. False only means that the value must be looked at.
    """
    if b"\\" in text:
        return False
    brackets = text.translate(None, _NEITHER_QUOTE_NOR_BRACKET).replace(b'""', b"")
    if b'"' in brackets:
        return False
    for _ in range(limit // 2):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not brackets:
            return True
    return False


def too_deep(limit: int) -> Violation:
    """The violation of a payload nested more than ``limit`` levels deep."""
    return Violation(
        Code.PAYLOAD_LIMIT,
        f"the payload: found more than {limit} levels of nesting, wanted at most {limit} (limits.depth, or less where"
        " alternatives of the schema contain themselves); publish flatter JSON",
        expected=f"at most {limit} levels of nesting",
        params={"limit": "depth", "actual": f"more than {limit}"},
    )
