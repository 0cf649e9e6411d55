"""Files of payloads that somebody kept: one payload each, or one a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from gateway.cli.bar import Bar
from gateway.config.files import display
from gateway.errors import ConfigError, ConfigProblem
from gateway.plan.lines import Line, read_lines


def read_file(file: Path, bar: Bar, *, capture: bool) -> Iterator[Line]:
    """One payload, where the file is one; else one a line, ``capture`` as mosquitto_sub prints them; ``bar`` counts.

    Raises ConfigError for a file that cannot be read, and for a line that was not captured.
    """
    try:
        with file.open("rb") as content:
            if capture or _is_value(content.readline()):
                content.seek(0)
                yield from not_empty(read_lines(bar.counted(content), capture=capture))
            else:
                content.seek(0)
                yield from map(Line, bar.counted([content.read()]))
    except OSError as exc:
        raise ConfigError([ConfigProblem(display(file), f"cannot be read: {exc.strerror or exc}")]) from exc
    except ConfigError as exc:  # of a line that was not captured
        raise ConfigError([replace(problem, file=display(file)) for problem in exc.problems]) from exc


def not_empty(lines: Iterator[Line]) -> Iterator[Line]:
    """Without empty lines, which no device sent."""
    return (each for each in lines if each.payload.strip())


def _is_value(line_: bytes) -> bool:
    """Whether the first line of a file is a payload of its own."""
    try:
        msgspec.json.decode(line_)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True
