"""The message that kills the process is found; one that was only there when somebody else killed it is not lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.model import Message
from gateway.service import crash_watch
from gateway.service.crash_watch import MARKS_IF_UNKNOWN, MARKS_IN_SPITE, CrashWatch
from gateway.service.sandbox import Fate

WINDOW = 5


def message(payload: bytes, topic: str = "plant/p1") -> Message:
    return Message(topic, payload, 1, 7, retain=False, duplicate=False, received_at=0)


class Killed(BaseException):
    """Stands for the death of the process: nothing of ours runs after it."""


class Runs:
    """Gateways that are started in the same folder, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watch = CrashWatch(folder, WINDOW)
        self.careful = self.watch.open()

    def restart(self) -> None:
        """After a death without a word: the file is what is left."""
        self.watch = CrashWatch(self.folder, WINDOW)
        self.careful = self.watch.open()

    def die_in(self, *payloads: bytes) -> None:
        """Processes all of them; the process ends inside the last one. Then it is started anew."""
        *before, last = payloads
        for payload in before:
            assert self.watch.process(message(payload), lambda: "done") == "done"
        content = self.watch._map
        assert content is not None
        left = content[:]

        def die() -> None:
            nonlocal left
            left = content[:]
            raise Killed

        with pytest.raises(Killed):
            self.watch.process(message(last), die)
        content[:] = left  # as it was at the moment of death
        self.restart()


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fate], list[Callable[[], object]]]:
    """Sets what the child process tells; returns what was tried."""

    def scripted(fate: Fate) -> list[Callable[[], object]]:
        tried: list[Callable[[], object]] = []

        def fate_of(work: Callable[[], object]) -> Fate:
            tried.append(work)
            return fate

        monkeypatch.setattr(crash_watch, "fate_of", fate_of)
        return tried

    return scripted


def test_the_first_start_and_one_after_an_end_in_order_are_not_careful(runs: Runs) -> None:
    """Nothing is paid in normal operation."""
    assert not runs.careful
    runs.watch.close()
    runs.restart()
    assert not runs.careful


def test_after_an_unclean_end_as_many_messages_are_watched_as_can_have_been_unacknowledged(runs: Runs) -> None:
    """Whatever the gateway was doing when it ended."""
    with capture_logs() as logs:
        runs.restart()
    assert runs.careful
    assert [entry["event"] for entry in logs] == ["unclean_end"]
    for _ in range(WINDOW):
        assert not runs.watch.over
        runs.watch.process(message(b"x"), lambda: "done")
    assert runs.watch.over


def test_a_poison_is_condemned_at_the_second_start(runs: Runs) -> None:
    """Really tried in a child process, which dies of it; what stands around it flows."""
    poison = message(b"poison")

    def work() -> str:
        os.kill(os.getpid(), signal.SIGSEGV)
        return "never"

    runs.die_in(b"before", b"poison")
    with capture_logs() as logs:
        assert runs.watch.process(message(b"before"), lambda: "done") == "done"
        assert runs.watch.process(poison, work) is None
        assert runs.watch.process(message(b"behind"), lambda: "done") == "done"
    assert [(entry["event"], entry["child"], entry["dead_lettered"]) for entry in logs] == [
        ("crash_suspect_tried", "died", True)
    ]


def test_a_valid_message_that_was_killed_in_passes(runs: Runs) -> None:
    """Somebody killed the process while it was marked; the trial clears it, and so it is forgotten."""
    for _ in range(MARKS_IN_SPITE - 1):
        runs.die_in(b"valid")
    assert runs.watch.process(message(b"valid"), lambda: "done") == "done"
    runs.die_in(b"valid")
    assert runs.watch.process(message(b"valid"), lambda: "done") == "done"


def test_only_the_marked_message_is_tried(runs: Runs, trial: Callable[[Fate], list[Callable[[], object]]]) -> None:
    """The same payload on another topic meets another schema."""
    tried = trial(Fate.DIED)
    runs.die_in(b"first", b"second")
    for each in (message(b"first"), message(b"second", "plant/p2"), message(b"secon"), message(b"plant/p1\0second")):
        assert runs.watch.process(each, lambda: "done") == "done"
    assert not tried
    assert runs.watch.process(message(b"second"), lambda: "done") is None
    assert len(tried) == 1


@pytest.mark.parametrize(("fate", "needed"), [(Fate.UNKNOWN, MARKS_IF_UNKNOWN), (Fate.SURVIVED, MARKS_IN_SPITE)])
def test_marks_decide_where_the_trial_does_not(
    runs: Runs, trial: Callable[[Fate], list[Callable[[], object]]], fate: Fate, needed: int
) -> None:
    """A payload may kill the parent alone, by its memory: the gateway must not restart for ever."""
    trial(fate)
    for _ in range(needed - 1):
        runs.die_in(b"poison")
        tried = runs.watch.process(message(b"behind"), lambda: "done")
        assert tried == "done"
    runs.die_in(b"poison")
    assert runs.watch.process(message(b"poison"), lambda: "done") is None


def test_several_suspects_are_remembered(runs: Runs, trial: Callable[[Fate], list[Callable[[], object]]]) -> None:
    """Across starts that do not come to them, the newest eight."""
    trial(Fate.DIED)
    names = [b"poison %d" % n for n in range(10)]
    for name in names:
        runs.die_in(name)
    runs.watch = CrashWatch(runs.folder, 100)
    assert runs.watch.open()
    condemned = [name for name in names if runs.watch.process(message(name), lambda: "done") is None]
    assert condemned == names[2:]


def test_an_exception_is_no_death(runs: Runs) -> None:
    """The engine's guard answers for it; nothing stays marked."""
    runs.restart()

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        runs.watch.process(message(b"x"), fail)
    runs.restart()
    assert runs.watch.process(message(b"x"), lambda: "done") == "done"


@pytest.mark.parametrize(
    "content", [b"", b"something else", b"gateway crash marker 1\n", b"gateway crash marker 1\n" + b"\1" * 500]
)
def test_a_file_of_another_shape_is_made_anew(tmp_path: Path, content: bytes) -> None:
    """It can only be an older one, or a cut one."""
    (tmp_path / "crash-marker").write_bytes(content)
    runs = Runs(tmp_path)
    assert not runs.careful
    runs.restart()
    assert runs.careful


def test_a_folder_that_cannot_be_written_is_reported_and_done_without(tmp_path: Path) -> None:
    """Nothing of the gateway's work depends on it."""
    (tmp_path / "var").write_text("a file")
    with capture_logs() as logs:
        runs = Runs(tmp_path / "var")
    assert not runs.careful
    assert [entry["event"] for entry in logs] == ["crash_marker_unusable"]
    assert runs.watch.process(message(b"x"), lambda: "done") == "done"
    runs.watch.close()


def test_a_full_disk_is_no_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a hole would kill the process where it is touched: it is written in full, or not used."""
    monkeypatch.setattr(os, "pwrite", lambda *_: 10)
    with capture_logs() as logs:
        assert not Runs(tmp_path).careful
    assert [(entry["event"], "No space left" in entry["reason"]) for entry in logs] == [("crash_marker_unusable", True)]
