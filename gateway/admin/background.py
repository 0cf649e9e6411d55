"""A text stream that keeps nobody waiting: a thread of its own writes to the file descriptor.

A pipe whose reader has stalled (a log shipper, a terminal on Ctrl-S) blocks whoever writes to it, for as long as
it likes; the gateway must acknowledge meanwhile.
"""

from __future__ import annotations

import errno
import io
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Event, Thread
from typing import TextIO

MOST_BYTES = 1 << 20
"""What waits for the reader, at most."""
RETRY_S = 0.2
"""Between two attempts to write where the disk is full or the reader is gone."""
LAST_WORDS_S = 2.0
"""How long what still waits may take at the end."""


class BackgroundStream:
    """Text for a file descriptor, which stays open when this is closed. Thread-safe."""

    def __init__(self, descriptor: int) -> None:
        # Without a buffer, whose lock the interpreter would wait for at its end.
        self._file = io.FileIO(descriptor, "w", closefd=False)
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._more = Condition()
        self._closing = Event()
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._file.fileno())

    def write(self, text: str) -> int:
        """Takes text to be written soon. Raises BlockingIOError while too much waits, ValueError once it is closed."""
        data = text.encode(errors="backslashreplace")
        with self._more:
            if self._closing.is_set():
                raise ValueError("the log is closed")
            if self._bytes + len(data) > MOST_BYTES:
                raise BlockingIOError(errno.EAGAIN, "nobody reads the log")
            self._waiting.append(data)
            self._bytes += len(data)
            self._more.notify()
        return len(text)

    def flush(self) -> None:
        """Nothing to do: text is written as soon as the reader takes it."""

    def close(self) -> None:
        """Waits at most LAST_WORDS_S for what was taken to be written."""
        with self._more:
            self._closing.set()
            self._more.notify()
        self._thread.join(LAST_WORDS_S)

    def _run(self) -> None:
        while True:
            with self._more:
                while not self._waiting:
                    if self._closing.is_set():
                        return
                    self._more.wait()
                data = self._waiting.popleft()
            self._put(data)
            with self._more:
                self._bytes -= len(data)

    def _put(self, data: bytes) -> None:
        """Writes all of it, however long that takes; at the end tries once."""
        while data:
            try:
                written = self._file.write(data)
            except OSError:
                written = None
            if written is not None:
                data = data[written:]
            elif self._closing.wait(RETRY_S):
                return


@contextmanager
def in_background(stream: TextIO) -> Iterator[BackgroundStream]:
    """A stream for what ``stream`` is for, as long as the block runs."""
    background = BackgroundStream(stream.fileno())
    try:
        yield background
    finally:
        background.close()
