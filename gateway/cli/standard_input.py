"""Standard input as bytes, with a word to the person who sits there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO, Final

import typer

STANDARD_INPUT: Final = Path("-")
"""What is written for it where a file is wanted."""


def open_standard_input(wanted: str) -> BinaryIO:
    """What is piped in. At a terminal it is said that ``wanted`` is waited for, on standard error.

    Raises BadParameter where standard input is closed.
    """
    if sys.stdin is None:
        raise typer.BadParameter("standard input is closed: name a FILE")
    if sys.stdin.isatty():
        typer.echo(f"waiting for {wanted} from standard input; Ctrl-D ends it", err=True)
    return sys.stdin.buffer


def open_payloads() -> BinaryIO:
    """As ``open_standard_input``, for payloads."""
    return open_standard_input("payloads, one a line,")
