"""A log whose reader stalls, on real pipes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count

import pytest

from gateway.admin import background
from gateway.admin.background import BackgroundStream, in_background
from gateway.admin.logs import Lines
from tests.parts import pipes
from tests.parts.pipes import Pipe


@pytest.fixture
def pipe() -> Pipe:
    return pipes.pipe()


@pytest.fixture
def stream(pipe: Pipe) -> Iterator[BackgroundStream]:
    stream = BackgroundStream(pipe.write)
    yield stream
    stream.close()


def fill(stream: BackgroundStream) -> int:
    """Writes lines of 16 bytes until no more are taken, and returns how many were."""
    for taken in count():
        try:
            stream.write(f"{taken:015}\n")
        except BlockingIOError:
            return taken
    raise AssertionError


def read_lines(pipe: Pipe, held: int, lines: int) -> list[int]:
    """What was written after ``stall``."""
    with os.fdopen(os.dup(pipe.read), "rb") as reading:
        assert reading.read(held) == b"-" * held
        return [int(reading.readline()) for _ in range(lines)]


def test_what_is_written_comes_in_order(pipe: Pipe, stream: BackgroundStream):
    """All of it, before ``close`` returns; the descriptor is its owner's."""
    for number in range(5000):
        stream.write(f"{number} ü \ud800\n")
    stream.flush()
    reading = os.fdopen(os.dup(pipe.read), "rb")
    assert reading.readline() == b"0 \xc3\xbc \\ud800\n"
    assert sum(1 for _ in zip(range(4999), reading, strict=False)) == 4999
    reading.close()
    stream.close()
    assert pipe.read_all() == b""


def test_a_reader_that_stalls_keeps_nobody_waiting(pipe: Pipe, stream: BackgroundStream):
    """What waits is bounded; once it reads again it gets what was taken, and the log can say what it missed."""
    held = pipe.stall()
    taken = fill(stream)
    assert taken * 16 == background.MOST_BYTES
    lines = Lines(stream)
    lines.write("lost")
    lines.write("lost too")
    assert lines.admit_losses(None, "", {}) == {"lines_lost": 2}
    assert read_lines(pipe, held, taken) == list(range(taken))
    lines.write("taken")
    assert lines.admit_losses(None, "", {}) == {}
    stream.close()
    assert pipe.read_all() == b"taken\n"


def test_the_end_does_not_wait_for_a_reader_that_stalls(
    pipe: Pipe, stream: BackgroundStream, monkeypatch: pytest.MonkeyPatch
):
    """Whoever stops the gateway does not wait for its log either."""
    monkeypatch.setattr(background, "LAST_WORDS_S", 0.01)
    held = pipe.stall()
    fill(stream)
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        stream.write("x")
    assert read_lines(pipe, held, 1) == [0]


def test_a_reader_that_is_gone_costs_nothing_but_the_lines(pipe: Pipe, stream: BackgroundStream):
    """They wait, as nobody can know that it does not come back; the end comes all the same."""
    os.close(pipe.read)
    stream.write("x\n")
    stream.close()
    assert not stream._thread.is_alive()
    os.close(pipe.write)


def test_a_descriptor_that_does_not_block_is_tried_again(pipe: Pipe, stream: BackgroundStream):
    """Some supervisors hand over such a one."""
    held = pipe.stall()
    os.set_blocking(pipe.write, False)
    taken = fill(stream)
    assert read_lines(pipe, held, taken) == list(range(taken))
    stream.close()
    assert pipe.read_all() == b""


def test_it_stands_in_for_a_stream(pipe: Pipe):
    """For as long as the block runs."""
    with os.fdopen(pipe.write, "w", closefd=False) as file, in_background(file) as stream:
        assert not stream.isatty()
        stream.write("x\n")
    assert pipe.read_all() == b"x\n"
