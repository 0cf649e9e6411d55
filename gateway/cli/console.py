"""Text for people: one console for all commands, and other people's text made harmless.

Colour only on a terminal, and not with NO_COLOR (https://no-color.org). Lines are never wrapped where
nobody looks at them, so that grep and diff work.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from gateway.admin.json_bytes import encode_json


def open_console(*, stderr: bool = False) -> Console:
    """A console on standard output (or error) that takes text as it is: no markup, no highlighting."""
    return Console(
        stderr=stderr,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Prints one JSON value on one line, at once: a program may be waiting for it."""
    typer.echo(encode_json(value, default=str))


def printable(text: str, most: int | None = None) -> str:
    """The text on one line, at most ``most`` characters, without anything that a terminal would obey.

    Payloads, topics and device IDs come from devices: escape sequences in them would act on the terminal,
    and bidirectional marks would show what is not there.
    """
    cut = most is not None and len(text) > most
    shown = text[:most] if cut else text
    harmless = "".join(each if each.isprintable() else _escaped(each) for each in shown)
    return harmless + "..." if cut else harmless


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def line(*parts: tuple[str, str]) -> Text:
    """One line of ``(text, style)`` parts."""
    return Text.assemble(*parts)
