"""Files of payloads that somebody kept: one payload each, or one a line.

A file is one payload only if all of it is one JSON value, however it is laid out. Everything else is lines: a line that
is no JSON is a payload that is rejected, and must not hide those behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from gateway.cli.bar import Bar
from gateway.cli.standard_input import STANDARD_INPUT
from gateway.config.files import display
from gateway.config.settings import MQTT_MAX_PAYLOAD
from gateway.errors import ConfigError, ConfigProblem
from gateway.plan.lines import Line, read_lines

_BOM: Final = b"\xef\xbb\xbf"


def read_files(files: Sequence[Path], bar: Bar, open_input: Callable[[], BinaryIO], *, capture: bool) -> Iterator[Line]:
    """The payloads of each file, see ``read_file``; ``-``, or no file at all, is what ``open_input`` opens: lines."""
    for file in files or [STANDARD_INPUT]:
        if file == STANDARD_INPUT:
            yield from _not_empty(read_lines(bar.counted(open_input()), capture=capture))
        else:
            yield from read_file(file, bar, capture=capture)


def read_file(file: Path, bar: Bar, *, capture: bool) -> Iterator[Line]:
    """One payload, where the file is one JSON value; else one a line, but for empty lines; ``bar`` counts bytes.

    ``capture``: lines as mosquitto_sub prints them. Raises ConfigError for a file that cannot be read, and for a line
    that was not captured.
    """
    try:
        with file.open("rb") as content:
            whole = None if capture else _one_payload(content)
            content.seek(0)
            if whole is None:
                yield from _not_empty(read_lines(bar.counted(content), capture=capture))
            else:
                yield from map(Line, bar.counted([whole]))
    except OSError as exc:
        raise ConfigError([ConfigProblem(display(file), f"cannot be read: {exc.strerror or exc}")]) from exc
    except ConfigError as exc:  # of a line that was not captured
        raise ConfigError([replace(problem, file=display(file)) for problem in exc.problems]) from exc


def _not_empty(lines: Iterator[Line]) -> Iterator[Line]:
    """Without empty lines, which no device sent."""
    return (each for each in lines if each.payload.strip())


def _one_payload(content: BinaryIO) -> bytes | None:
    """All of a file that is one JSON value over several lines; None for any other, from wherever that is known."""
    if _is_value(content.readline()):
        return None  # lines, or a single one: there is no need to read further
    content.seek(0)
    whole = content.read(MQTT_MAX_PAYLOAD + 1)  # a larger file is no single payload, and is never read at once
    return whole if len(whole) <= MQTT_MAX_PAYLOAD and _is_value(whole) else None


def _is_value(text: bytes) -> bool:
    """Whether it is one JSON value by its syntax: whether the gateway takes its numbers and texts is another question.

    A byte order mark before it is none of its own, as for the gateway.
    """
    try:
        msgspec.json.decode(text.removeprefix(_BOM), type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True
