"""Finds the message that kills the process itself: a crash of native code, which no guard can catch.

Such a message comes again after every restart, first of all. So after an unclean end the gateway is careful with as
many messages as can have been unacknowledged: a mark in a memory-mapped file, which outlives the process, says which
one is inside decode or encode. A message that was marked when the process ended is tried in a child process when it
comes again; if the child dies of it, it is dead-lettered as it came, ``crash-suspect``.

Rules
- In normal operation nothing is marked, and nothing is paid.
- A kill from outside may hit while a message is marked. The trial clears it, and so does its passing.
- Only where the trial cannot tell do marks alone decide, and where it keeps telling otherwise.
- A file that cannot be used is reported, and the gateway goes on without.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import structlog

from gateway.model import Message
from gateway.service.sandbox import Fate, fate_of

_log = structlog.get_logger(__name__)

T = TypeVar("T")

MARKS_IF_UNKNOWN = 2
"""Ends of the process with the same message marked that condemn it where the trial could not tell."""
MARKS_IN_SPITE = 5
"""The same where it survived every trial: a chain of kills from outside does not hit the same microseconds so often."""

_MAGIC = b"gateway crash marker 1\n"
_DIGEST = 16
_RUNNING = len(_MAGIC)
_MARKED = _RUNNING + 1
_MARK = _MARKED + 1
_SUSPECTS = _MARK + _DIGEST
_MOST_SUSPECTS = 8
_ENTRY = _DIGEST + 1
"""A digest, and how often the process has ended with it marked."""
_SIZE = _SUSPECTS + _MOST_SUSPECTS * _ENTRY


class CrashWatch:
    """The file, and what the last runs left in it."""

    def __init__(self, folder: Path, most_messages: int) -> None:
        """``most_messages`` can have been unacknowledged at the unclean end."""
        self._path = folder / "crash-marker"
        self._left = most_messages
        self._map: mmap.mmap | None = None
        self._suspects: dict[bytes, int] = {}

    @property
    def over(self) -> bool:
        """Whether no further message needs to be watched."""
        return self._left <= 0

    def open(self) -> bool:
        """Whether the last run ended without ``close``, so that messages are to be watched; from now on a run is on."""
        try:
            self._map = _mapped(self._path)
        except (OSError, ValueError) as exc:
            _log.warning("crash_marker_unusable", path=str(self._path), reason=str(exc))
            return False
        content = self._map
        unclean = content[_RUNNING] != 0
        if unclean:
            self._suspects = _suspects(content)
            if content[_MARKED]:
                digest = content[_MARK : _MARK + _DIGEST]
                marks = min(self._suspects.pop(digest, 0) + 1, 255)
                self._suspects[digest] = marks  # the newest last: the table holds so many
                _log.error("crash_suspected", detail="the process ended while it worked on a message", times=marks)
            _log.warning("unclean_end", detail="the last run did not end in order", watched_messages=self._left)
        content[_MARKED] = 0
        self._save()
        content[_RUNNING] = 1
        return unclean

    def close(self) -> None:
        """Notes an end in order."""
        if self._map is not None:
            self._map[_RUNNING] = 0
            self._map.close()
            self._map = None

    def process(self, message: Message, work: Callable[[], T]) -> T | None:
        """What ``work`` returns; None for a message that has killed the process before, and would again."""
        self._left -= 1
        content = self._map
        if content is None:
            return work()
        digest = blake2b(message.topic.encode() + b"\0" + message.payload, digest_size=_DIGEST).digest()
        if digest in self._suspects and self._condemns(digest, work):
            return None
        content[_MARK : _MARK + _DIGEST] = digest
        content[_MARKED] = 1
        try:
            outcome = work()
        finally:
            content[_MARKED] = 0
        if self._suspects.pop(digest, 0):
            self._save()
        return outcome

    def _condemns(self, digest: bytes, work: Callable[[], object]) -> bool:
        marks, fate = self._suspects[digest], fate_of(work)
        needed = {Fate.DIED: 1, Fate.UNKNOWN: MARKS_IF_UNKNOWN, Fate.SURVIVED: MARKS_IN_SPITE}[fate]
        _log.error("crash_suspect_tried", times=marks, child=fate.value, dead_lettered=marks >= needed)
        return marks >= needed

    def _save(self) -> None:
        """Writes the suspects, the newest of them, into the file."""
        assert self._map is not None
        newest = list(self._suspects.items())[-_MOST_SUSPECTS:]
        entries = b"".join(digest + bytes([marks]) for digest, marks in newest)
        self._map[_SUSPECTS:_SIZE] = entries.ljust(_MOST_SUSPECTS * _ENTRY, b"\0")


def _mapped(path: Path) -> mmap.mmap:
    """The file, made if it is not there, in memory. Raises OSError, ValueError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.pread(descriptor, _SIZE + 1, 0)[: len(_MAGIC)] != _MAGIC or os.fstat(descriptor).st_size != _SIZE:
            # Written in full, not only lengthened: on a full disk a hole in the file would kill us when it is touched.
            os.ftruncate(descriptor, 0)
            if os.pwrite(descriptor, _MAGIC.ljust(_SIZE, b"\0"), 0) < _SIZE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return mmap.mmap(descriptor, _SIZE)
    finally:
        os.close(descriptor)


def _suspects(content: mmap.mmap) -> dict[bytes, int]:
    """Digest -> marks, as the last run left them."""
    found: dict[bytes, int] = {}
    for at in range(_SUSPECTS, _SIZE, _ENTRY):
        if marks := content[at + _DIGEST]:
            found[content[at : at + _DIGEST]] = marks
    return found
