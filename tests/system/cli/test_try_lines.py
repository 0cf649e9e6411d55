"""``gateway try`` on a hundred thousand lines: memory that does not grow, a bar at a terminal, a summary."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.projects import READING
from tests.system.cli.commands import COMMAND
from tests.system.demo.terminal import Terminal, plain

LINES = 100_000
MOST_GROWTH_KIB = 4096
"""Less than two are usual. The payloads alone would take 7 MB, what became of them 100."""


MEASURED = """
import atexit, re, runpy, sys
def tell():
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
atexit.register(tell)
sys.argv[0] = "gateway"
runpy.run_module("gateway", run_name="__main__", alter_sys=True)
"""
"""The command, which tells its peak at the end. ``getrusage`` would count what this process held when it forked."""


def lines(count: int) -> Iterator[bytes]:
    """Clean, converted, rejected with a name of its own each, no JSON: in turn."""
    for n in range(count):
        yield (
            b'{"n": %d, "temp": 2.5}\n',
            b'{"n": "%d", "temp": 2.5}\n',
            b'{"n": 1, "temp%d": 2.5}\n',
            b'{"n": %d, "temp": nan\n',
        )[n % 4] % n


def peak_kib(folder: Path, count: int, output: str) -> int:
    """The most memory that the command held at any time while it read so many lines from a pipe."""
    command = [sys.executable, "-c", MEASURED, "try", "reading.avsc", "--output", output]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.writelines(lines(count))
        child.stdin.close()
        told = child.stderr.read().decode()
    assert child.returncode == 1, told
    return int(told)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a schema and lines."""
    (tmp_path / "reading.avsc").write_text(json.dumps(READING))
    (tmp_path / "lines.txt").write_bytes(b"".join(lines(2000)))
    return tmp_path


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_hundred_thousand_lines_take_no_more_memory_than_two_thousand(folder: Path, output: str) -> None:
    """Whatever becomes of them, and although a quarter of them invents a name."""
    assert peak_kib(folder, LINES, output) - peak_kib(folder, 2000, output) < MOST_GROWTH_KIB


def test_at_a_terminal_a_bar_shows_how_far_it_is(folder: Path) -> None:
    """Below what is printed, gone at the end; the summary stands last."""
    command = f"{shlex.join(COMMAND)} try reading.avsc < lines.txt"
    terminal = Terminal("bash", "-c", command, folder=folder, columns=120)
    try:
        assert terminal.wait(60) == 1
    finally:
        terminal.close()
    written = terminal.written
    assert " payloads, " in plain(written)
    assert "%" in written
    assert [line.split() for line in plain(written).splitlines()[-3:]] == [
        ["converted"],
        ["500", "string-to-number", "/n"],
        ["1000", "accepted,", "1000", "rejected"],
    ]
    assert " payloads, " not in plain(written.rpartition("\x1b[2K")[2])


def test_the_bar_is_on_standard_error_where_answers_go_elsewhere(folder: Path) -> None:
    """A pipe gets the answers and nothing else."""
    command = f"{shlex.join(COMMAND)} try reading.avsc -o json < lines.txt > answers.txt"
    terminal = Terminal("bash", "-c", command, folder=folder, columns=120)
    try:
        assert terminal.wait(60) == 1
    finally:
        terminal.close()
    assert " payloads, " in plain(terminal.written)
    assert [json.loads(line)["n"] for line in (folder / "answers.txt").read_text().splitlines()] == [*range(1, 2001)]
