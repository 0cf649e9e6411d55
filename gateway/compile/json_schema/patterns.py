r"""Which patterns of a schema are taken: those that are matched in linear time and mean here what ECMA-262 says.

The validator's engine never backtracks, so it knows no lookaround and no backreference; and it compiles a pattern to
a program whose size grows with counted repetitions (``\p{L}{1000}`` needs 60 MB). Some spellings mean another thing to
it than to ECMA-262, or stand for a symbol there that it does not know. All of them are refused with place and reason
when the schema is loaded, wherever they stand; a payload must not be what finds out.

Where it deviates all the same: ``.`` also matches a carriage return, U+2028 and U+2029, and ``\b`` takes letters of
all alphabets for parts of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from gateway.compile.json_schema.subschemas import Steps, subschemas
from gateway.errors import SchemaError
from gateway.notation.pointer import Pointer

_SIZES = (16 << 10, 256 << 10, 2 << 20, 10 << 20)
"""Bytes of a compiled pattern that are tried, the last one the most that is taken."""
_MOST_TOGETHER = 64 << 20
"""Bytes of all patterns of a schema: 4000 simple ones, or 6 of the largest."""

_REPETITION = re.compile(r"\{(?P<least>[0-9]+)(?:,(?P<most>[0-9]*))?\}", re.ASCII)
_ESCAPE = re.compile(
    r"""\\(?:
        (?P<reference>[1-9]|k<)|
        (?P<zero>0)|
        (?P<surrogate>u[dD][89a-fA-F][0-9a-fA-F]{2})|
        u(?:[0-9a-fA-F]{4}|\{[0-9a-fA-F]{1,6}\})|
        x[0-9a-fA-F]{2}|
        c[A-Za-z]|
        [pP]\{[^}]*\}|
        (?P<other>[uUxpP<>]|c|[bB]\{)|
        .
    )""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)
_GROUP = re.compile(r"\((?:(?P<around>\?<?[=!])|(?P<other>\?(?:[>#|(P]|[a-z]*-?[a-z]*\)))|)")

_REFUSED_ESCAPES = {
    "reference": "refers back to a group, which cannot be matched in linear time",
    "zero": r"is written \x00 here",
    "surrogate": r"is half a character; write the whole one, or \u{1F600}",
    "other": "is no escape of ECMA-262, or an incomplete one",
}


def check_patterns(source: Any) -> None:
    """Raises SchemaError for the first pattern of the schema, or of a schema inside, that is not taken."""
    known: dict[str, int] = {}
    for steps, pattern in _patterns(source):
        if pattern not in known:
            problem, known[pattern] = _examine(pattern)
            if problem:
                raise SchemaError(f"the pattern {pattern[:200]!r} {problem}", str(Pointer(steps)))
            if sum(known.values()) > _MOST_TOGETHER:
                most = _MOST_TOGETHER >> 20
                raise SchemaError(f"its patterns need more than {most} MB of memory: repeat less", str(Pointer(steps)))


def _patterns(source: Any) -> Iterator[tuple[Steps, str]]:
    for steps, schema in subschemas(source):
        if isinstance(schema.get("pattern"), str):
            yield (*steps, "pattern"), schema["pattern"]
        named = schema.get("patternProperties")
        yield from (((*steps, "patternProperties", name), name) for name in (named if isinstance(named, dict) else ()))


def _examine(pattern: str) -> tuple[str, int]:
    """Why a pattern is not taken (empty if it is), and at most how many bytes it needs."""
    problem = _spelling(pattern)
    if problem:
        return problem, 0
    size = next((size for size in _SIZES if _compiles(pattern, size)), None)
    if size is not None:
        return "", size
    if _compiles(_REPETITION.sub("{1}", pattern), _SIZES[-1]):
        return f"needs more than {_SIZES[-1] >> 20} MB of memory: repeat less, or bound the length by maxLength", 0
    return "is no regular expression of ECMA-262", 0


def _compiles(pattern: str, size: int) -> bool:
    try:
        jsonschema_rs.Draft7Validator(
            {"pattern": pattern},
            offline=True,
            validate_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=size),
        )
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def _spelling(pattern: str) -> str:
    """What in the pattern means something else here, or cannot be matched in linear time; empty if nothing does."""
    position, after_repetition = 0, False
    while position < len(pattern):
        character = pattern[position]
        end, problem, repeats = position + 1, "", False
        if character == "\\":
            end, problem = _escape(pattern, position)
        elif character == "[":
            end, problem = _class(pattern, position)
        elif character == "(":
            end, problem = _group(pattern, position)
        elif character in "]}":
            problem = f"is not taken: {character} stands for itself only as \\{character}"
        elif character in "*+?{":
            repeats = True
            end, problem = _repetition(pattern, position, follows=after_repetition)
        if problem:
            return f"{problem} (at {position})"
        position, after_repetition = end, repeats
    return ""


def _escape(pattern: str, position: int) -> tuple[int, str]:
    found = _ESCAPE.match(pattern, position)
    if found is None:
        return len(pattern), "ends with a backslash"
    kind = found.lastgroup
    return found.end(), "" if kind is None else f"is not taken: {found.group()} {_REFUSED_ESCAPES[kind]}"


def _class(pattern: str, position: int) -> tuple[int, str]:
    here = position + (2 if pattern.startswith("[^", position) else 1)
    if pattern.startswith("]", here):
        return here, r"is not taken: write [\s\S] for any character, \] for the bracket"
    while here < len(pattern) and pattern[here] != "]":
        if pattern[here] != "\\":
            here += 1
        elif pattern.startswith(r"\b", here):
            return here, r"is not taken: \b in a class is written \x08 here"
        else:
            here, problem = _escape(pattern, here)
            if problem:
                return here, problem
    return here + 1, ""


def _group(pattern: str, position: int) -> tuple[int, str]:
    found = _GROUP.match(pattern, position)
    assert found is not None, "there is a parenthesis"
    if found["around"]:
        return found.end(), f"is not taken: {found.group()} looks around, which cannot be matched in linear time"
    if found["other"]:
        return (
            found.end(),
            f"is not taken: {found.group()} is no group of ECMA-262 (which has no flags for a whole pattern)",
        )
    # What follows a ? is part of the group, not a repetition.
    return found.end() + pattern.startswith("?", found.end()), ""


def _repetition(pattern: str, position: int, *, follows: bool) -> tuple[int, str]:
    end = position + 1
    if pattern[position] == "{":
        found = _REPETITION.match(pattern, position)
        if found is None:
            return end, r"is not taken: { stands for itself only as \{"
        end = found.end()
        if found["most"] and int(found["most"]) < int(found["least"]):
            return end, f"is not taken: {found.group()} repeats at least more often than at most"
    if follows:
        return end, "is not taken: it repeats a repetition; put the inner one into (?: )"
    return end + pattern.startswith("?", end), ""
