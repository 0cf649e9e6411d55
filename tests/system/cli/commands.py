"""Commands as their users run them: a process, its output, its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

COMMAND = [sys.executable, "-W", "error", "-m", "gateway"]


class Finished(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[Any]:
        """Standard output as JSON, one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command that runs until it is told to end; its lines can be awaited."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._lines: list[str] = []

    async def line(self, containing: str = "", timeout_s: float = 30) -> str:
        """The next line of standard output with this text in it; those before it are passed over."""
        assert self._child.stdout is not None
        async with asyncio.timeout(timeout_s):
            while True:
                line = (await self._child.stdout.readline()).decode()
                assert line, f"the command ended before it printed {containing!r}"
                self._lines.append(line)
                if containing in line:
                    return line

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self._child.send_signal(number)

    async def finish(self, timeout_s: float = 30) -> Finished:
        """What it left behind when it has ended; the lines that were awaited come first."""
        async with asyncio.timeout(timeout_s):
            out, err = await self._child.communicate()
        assert self._child.returncode is not None
        return Finished(self._child.returncode, "".join(self._lines) + out.decode(), err.decode())

    async def kill(self) -> None:
        """Ends it if it still runs."""
        if self._child.returncode is None:
            self._child.kill()
            await self._child.communicate()


async def start(folder: Path, *arguments: str, stdin: bytes | None = None) -> Running:
    """A command that runs in ``folder``."""
    setpriv = shutil.which("setpriv")  # as in tests/parts/processes.py: it must not outlive the test run
    guard = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    child = await asyncio.create_subprocess_exec(
        *guard,
        *COMMAND,
        *arguments,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    if stdin is not None:
        assert child.stdin is not None
        child.stdin.write(stdin)
        child.stdin.close()
    return Running(child)


async def run(folder: Path, *arguments: str, stdin: bytes | None = None) -> Finished:
    """What a command left behind that ends by itself."""
    running = await start(folder, *arguments, stdin=stdin)
    try:
        return await running.finish(60)
    finally:
        await running.kill()


class Shell:
    """A shell as users have it: lines of a document or of a pipeline run in it, word for word."""

    def __init__(self, tools: Path, **environment: str) -> None:
        """Makes the folder ``tools``, which stands first in the PATH and has this gateway."""
        tools.mkdir()
        self._tools = tools
        self._environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", **environment}
        self.add("gateway", f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')

    def add(self, name: str, program: str) -> None:
        """A program of this name."""
        (self._tools / name).write_text(program)
        (self._tools / name).chmod(0o755)

    async def run(self, folder: Path, line: str) -> tuple[int, str]:
        """The exit code of a line, and what it prints, errors too."""
        child = await asyncio.create_subprocess_exec(
            *("bash", "-e", "-o", "pipefail", "-c", line),
            cwd=folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await child.communicate()
        assert child.returncode is not None
        return child.returncode, printed.decode()
