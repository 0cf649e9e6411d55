"""What a child process tells of a piece of work."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from gateway.service.sandbox import Fate, fate_of


def kill(number: int) -> None:
    os.kill(os.getpid(), number)


def raises() -> None:
    raise SystemExit(3)


def test_work_that_ends_is_survived(tmp_path: Path) -> None:
    """Whether it returns or raises; it has run, in another process."""
    assert fate_of(lambda: (tmp_path / "pid").write_text(str(os.getpid()))) is Fate.SURVIVED
    assert int((tmp_path / "pid").read_text()) != os.getpid()
    assert fate_of(raises) is Fate.SURVIVED


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_work_that_kills_is_died_of(number: int) -> None:
    """By whatever signal."""
    assert fate_of(lambda: kill(number)) is Fate.DIED


def test_work_that_ends_the_process_is_died_of() -> None:
    """Native code may call exit() too."""
    assert fate_of(lambda: os._exit(7)) is Fate.DIED


def test_work_that_does_not_end_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is ended, by its own ID, and nothing is left of it."""
    children: list[int] = []
    fork = os.fork

    def remember() -> int:
        children.append(fork())
        return children[-1]

    monkeypatch.setattr(os, "fork", remember)
    assert fate_of(signal.pause, timeout_s=0.05) is Fate.UNKNOWN
    [child] = children
    # Of this child only: other tests' brokers are children of this process too.
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)


def test_a_child_that_cannot_be_had_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit of processes, or of memory."""

    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert fate_of(lambda: None) is Fate.UNKNOWN
