"""The payload with the place marked at which it is wrong.

Other people's text: it is made harmless before it is shown, and the marks stand below what is shown of it. Nothing here
fails on a payload or an error object, whatever they hold: then there is no mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from gateway.cli.console import printable
from gateway.model import Code
from gateway.notation import NotationError
from gateway.notation.pointer import Pointer
from gateway.notation.spans import Span, find

_BEFORE = 40
"""Characters of a long line that are shown before the place."""
_MOST = 100
"""Characters of a long line that are shown in all."""
_WORD = re.compile(r"\\x[0-9a-f]{2}|[+-]?\w+")
_LINE_END = re.compile(r"[\r\n]")


class Marked(NamedTuple):
    """Two lines for a person, one below the other."""

    text: Text
    carets: str


def read(payload: bytes) -> str:
    r"""A payload as text; a byte that is no UTF-8 stands as ``\xff``."""
    return payload.decode("utf-8", "backslashreplace")


def place_of(payload: bytes, text: str, error: Mapping[str, Any]) -> Span | None:
    """Where an error object points in ``read(payload)``; None where it is about something else."""
    params = error.get("params")
    params = params if isinstance(params, Mapping) else {}
    offset = params.get("offset")
    if isinstance(offset, int):
        return _at(len(read(payload[: max(0, offset)])), text)
    path, code = error.get("path"), error.get("code")
    if error.get("found") is None or not isinstance(path, str) or (code == Code.NO_DEVICE_ID and not path):
        return None
    try:
        tokens = Pointer.parse(path).tokens
    except NotationError:
        return None
    names = params.get("names")
    if code == Code.DUPLICATE_KEY and isinstance(names, list) and names:
        tokens = (*tokens, str(names[-1]))
    return _value_at(text, tokens, by_key=code in {Code.UNKNOWN_FIELD, Code.DUPLICATE_KEY})


def _at(start: int, text: str) -> Span:
    """The word at a character, or that character alone; behind the last one stands nothing."""
    word = _WORD.match(text, start)
    return Span(start, word.end() if word else start + 1)


def _value_at(text: str, tokens: Sequence[str], *, by_key: bool) -> Span | None:
    found = find(text, tokens)
    if found is None:
        return None
    start = found.value.start
    if found.depth == len(tokens):
        return found.key if by_key and found.key is not None else found.value
    if text[start] in "[{":
        return Span(start, start + 1)  # something is missing in there
    return found.value if text[start] == '"' else None  # JSON in text


def mark_whole(text: str, spans: Sequence[Span], room: int) -> Marked | None:
    """All of a text with all its places marked; None where that does not fit one line of ``room`` cells."""
    if len(text) > room or _LINE_END.search(text):
        return None
    marked = _mark(text, Span(0, len(text)), sorted(spans))
    return marked if max(marked.text.cell_len, len(marked.carets)) <= room else None


def cut_out(text: str, span: Span) -> Marked:
    """The line of a place, as much as can be shown of it, behind its number if there are several."""
    start = max(text.rfind(end, 0, span.start) for end in "\r\n") + 1
    found = _LINE_END.search(text, span.start)
    line = Span(start, found.start() if found else len(text))
    left = line.start if line.end - line.start <= _MOST else max(line.start, span.start - _BEFORE)
    window = Span(left, min(line.end, left + _MOST))
    marked = _mark(text, window, [span])
    number = text.count("\n", 0, span.start) + 1
    before = (f"{number} | " if _LINE_END.search(text) else "") + ("..." if window.start > line.start else "")
    whole = Text.assemble((before, "dim"), marked.text, ("..." if window.end < line.end else "", "dim"))
    return Marked(whole, " " * len(before) + marked.carets)


def _mark(text: str, window: Span, spans: Sequence[Span]) -> Marked:
    """A part of a text, and carets below what of it lies in the spans."""
    line, carets = Text(), ""
    for piece, is_marked in _pieces(text, window, spans):
        shown = printable(piece)
        line.append(shown, "bold red" if is_marked else "")
        carets += ("^" if is_marked else " ") * (cell_len(shown) or is_marked)
    return Marked(line, carets.rstrip())


def _pieces(text: str, window: Span, spans: Sequence[Span]) -> Iterator[tuple[str, bool]]:
    """The text of the window in pieces, marked or not; an empty marked one where a place lies behind the end."""
    at = window.start
    for span in spans:
        start, end = max(at, min(span.start, window.end)), min(span.end, window.end)
        if start < at or (end <= start and span.start < window.end):
            continue  # inside the place before
        yield text[at:start], False
        yield text[start:end], True
        at = max(at, end)
    yield text[at : window.end], False
