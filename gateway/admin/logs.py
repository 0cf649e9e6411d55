"""The gateway's log: one line per event, JSON for machines, colours for a person at a terminal.

Rules
- ``event`` is a stable name in snake_case; what varies is in fields of its own. Lines of libraries, which
  have no such name, are the event ``library_message`` with the fields ``logger`` and ``message``.
- Every line, whoever wrote it, goes through the same steps: no secrets, no payload bytes, tracebacks without
  the values of variables.
- The same warning, or the same line of a library, again within ``REPEAT_S`` is counted instead of written; the next
  one says how many.
- The log never stops the gateway: where its stream cannot be written, or is not read (``background``), lines are lost,
  and the first line that can be written says how many.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from threading import RLock
from typing import Any, Literal, Protocol

import structlog
from structlog.typing import EventDict, WrappedLogger

from gateway.admin.json_bytes import encode_json
from gateway.admin.redaction import redact
from gateway.admin.repeats import LIBRARY_MESSAGE, Repeats

REPEAT_S = 30.0
"""How long the same line is only counted."""


class LogStream(Protocol):
    """What the log needs of a text stream."""

    def write(self, text: str, /) -> int:
        """Raises OSError where it cannot be written, ValueError where it is closed."""

    def flush(self) -> None:
        """Raises as ``write``."""

    def isatty(self) -> bool:
        """Whether a person reads it."""


Level = Literal["debug", "info", "warning", "error"]


def configure_logs(
    stream: LogStream,
    *,
    terminal: bool | None = None,
    level: Level = "info",
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """From now on all logs of this process go to ``stream``: ours from ``level`` on, those of libraries from WARNING.

    ``terminal`` says whether a person reads them; None asks the stream. Colours only then, and not with
    NO_COLOR [no-color.org]. Can be called again, and then replaces what was.
    """
    readable = stream.isatty() if terminal is None else terminal
    threshold = logging.getLevelNamesMapping()[level.upper()]
    lines = Lines(stream)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _redact,
            Repeats(REPEAT_S, monotonic),
            lines.admit_losses,
            *(_for_people() if readable else _for_machines()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,  # modules keep their loggers, and this may be called again
    )
    _route_libraries(threshold)


def _for_machines() -> list[structlog.typing.Processor]:
    return [_in_order, structlog.processors.JSONRenderer(_dumps)]


def _for_people() -> list[structlog.typing.Processor]:
    colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    renderer = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    return [_printable, renderer]


def _route_libraries(threshold: int) -> None:
    """Sends the standard library's loggers, and Python's warnings, the same way."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LibraryLines)]:
        root.removeHandler(handler)
    root.addHandler(LibraryLines())
    root.setLevel(logging.WARNING)
    logging.getLogger("gateway").setLevel(threshold)
    logging.captureWarnings(capture=True)


class LibraryLines(logging.Handler):
    """Hands what is logged through the standard library to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line of a library, with its traceback if it has one."""
        structlog.get_logger().log(
            min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL),  # some have levels of their own
            LIBRARY_MESSAGE,
            logger=record.name,
            message=_message(record),
            exc_info=record.exc_info or None,
        )


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a mistake of the library, in a line that may still tell something
        return f"{record.msg} {record.args}"


class Lines:
    """Where finished lines go: the last link of structlog's chain."""

    def __init__(self, stream: LogStream) -> None:
        self._stream = stream
        self._lost = 0
        self._lock = RLock()  # a line may come while one is written, from what the garbage collector meets

    def write(self, line: str) -> None:
        """Writes one line. A stream that is full or gone costs the line, not the gateway."""
        with self._lock:  # libraries log from threads of their own
            try:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            except (OSError, ValueError):  # ValueError: the stream is closed
                self._lost += 1
            else:
                self._lost = 0

    debug = info = warning = warn = error = critical = exception = fatal = msg = log = write

    def admit_losses(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Adds ``lines_lost`` where lines before this one could not be written."""
        if self._lost:
            event["lines_lost"] = self._lost
        return event


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {key: redact(value, key) for key, value in event.items()}


def _in_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Time, level and event first: lines that people compare begin alike."""
    return {"timestamp": event.pop("timestamp"), "level": event.pop("level"), "event": event.pop("event"), **event}


def _printable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Without control characters: a topic name must neither steer a terminal nor look like a line of its own."""
    return {
        key: _escape_controls(value, "\n\t" if key in {"exception", "stack"} else "")
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }


def _escape_controls(text: str, kept: str) -> str:
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)


def _dumps(event: EventDict, **_: Any) -> str:
    return encode_json(event).decode()
