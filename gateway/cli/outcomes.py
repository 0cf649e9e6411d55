"""What became of payloads, for people: one after the other, and all together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from gateway.cli.console import line, printable
from gateway.cli.excerpt import cut_out, mark_whole, place_of, read
from gateway.compile.sentence import counted
from gateway.notation.pointer import generic
from gateway.pipeline.deadletter import error_object
from gateway.plan.trial import Outcome

_MOST_PAYLOAD = 200
"""Characters of a payload or value that a line for a person shows."""
MOST_PLACES = 1000
"""Pairs of code and place that are counted apart: a device can invent a name in each message."""
_MOST_LISTED = 20
"""Of those, how many a person is shown."""
_MOST_PATH = 100

_encode = msgspec.json.Encoder(decimal_format="number").encode


def show(console: Console, text: Text) -> None:
    """Prints a line; without detours where nobody looks at it, for there may be a hundred thousand."""
    if console.is_terminal:
        console.print(text)
    else:
        console.file.write(f"{text.plain}\n")


def show_outcome(console: Console, number: int, outcome: Outcome) -> None:
    """Prints the value and its conversions, or the payload with what is wrong and where."""
    if outcome.rejection is not None:
        _show_rejected(console, number, outcome)
        return
    value = printable(_encode(outcome.value).decode(), _MOST_PAYLOAD)
    show(console, line((f"{number} accepted  ", "green"), (value, "")))
    for coercion in outcome.coercions:
        place = (printable(coercion.path) or "the payload", "")
        show(console, line(("    converted ", "dim"), place, (f"  {coercion.code}", "yellow")))


def _show_rejected(console: Console, number: int, outcome: Outcome) -> None:
    assert outcome.rejection is not None
    text = read(outcome.payload).rstrip("\r\n")  # an editor's
    errors = [error_object(violation) for violation in outcome.rejection.violations]
    spans = [place_of(outcome.payload, text, error) for error in errors]
    head = f"{number} rejected  "
    room = min(console.width, _MOST_PAYLOAD) if console.is_terminal else _MOST_PAYLOAD
    whole = mark_whole(text, [span for span in spans if span is not None], room - len(head))
    if whole is not None:
        show(console, Text.assemble((head, "bold red"), whole.text))
        if whole.carets:
            show(console, line((" " * len(head) + whole.carets, "red")))
    else:
        show(console, line((head, "bold red"), (printable(text, _MOST_PAYLOAD), "dim")))
    for error, span in zip(errors, spans, strict=True):
        show(console, line((f"    {error['code']}  ", "red"), (printable(error["message"]), "")))
        if whole is None and span is not None:
            excerpt = cut_out(text, span)
            show(console, Text.assemble("        ", excerpt.text))
            show(console, line((f"        {excerpt.carets}", "red")))
        if error["coercible_in"] is not None:
            show(console, line(("    ", ""), (f"mode {error['coercible_in']} would take it", "dim")))
    if outcome.rejection.truncated:
        show(console, line(("    ... and more", "dim")))


class Summary:
    """How many payloads were accepted, converted and rejected, and where; of bounded size."""

    def __init__(self) -> None:
        self.accepted = 0
        self.rejected = 0
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._conversions: Counter[tuple[str, str]] = Counter()

    @property
    def tried(self) -> int:
        """All payloads."""
        return self.accepted + self.rejected

    def count(self, outcome: Outcome) -> None:
        """Takes one payload; each of its codes counts once a place."""
        if outcome.rejection is None:
            self.accepted += 1
            found = {(coercion.code, coercion.path) for coercion in outcome.coercions}
            _add(self._conversions, found)
        else:
            self.rejected += 1
            _add(self._reasons, {(str(each.code), _generic(each.path)) for each in outcome.rejection.violations})

    def show(self, console: Console) -> None:
        """Prints the sum, behind the places of several payloads: the most frequent first."""
        if self.tried > 1:
            _show_places(console, "rejected", "red", self._reasons)
            _show_places(console, "converted", "yellow", self._conversions)
        show(console, line((f"{self.accepted} accepted, {self.rejected} rejected", "bold")))


_ELSEWHERE = "other places"


def _add(counts: Counter[tuple[str, str]], found: set[tuple[str, str]]) -> None:
    for code, path in found:
        known = (code, path) in counts or len(counts) < MOST_PLACES
        counts[(code, path) if known else (code, _ELSEWHERE)] += 1


def _generic(path: str) -> str:
    """The place with ``*`` for list indices, cut to what can be shown."""
    return generic(path[: 2 * _MOST_PATH])


def _show_places(console: Console, title: str, style: str, counts: Mapping[tuple[str, str], int] | Any) -> None:
    if not counts:
        return
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    digits = len(str(listed[0][1]))
    width = max(len(code) for (code, _), _ in listed[:_MOST_LISTED])
    show(console, line((title, f"bold {style}")))
    for (code, path), count in listed[:_MOST_LISTED]:
        place = path if path == _ELSEWHERE else printable(path, _MOST_PATH) or "the payload"
        show(console, line((f"  {count:>{digits}}  ", ""), (f"{code:<{width}}  ", style), (place, "")))
    if len(listed) > _MOST_LISTED:
        rest = len(listed) - _MOST_LISTED
        show(console, line((f"  ... and {counted(rest, 'more place')}", "dim")))
