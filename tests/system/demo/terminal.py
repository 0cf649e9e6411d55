"""A command on a terminal of its own: what is on its screen, as text."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from time import monotonic

_HOME = "\x1b[H"
"""The cursor goes to the top left: a new frame begins."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """A pseudo-terminal with one command on it, started at once."""

    def __init__(self, *command: str, folder: Path, columns: int = 100, lines: int = 30, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self.resize(columns, lines)
        setpriv = shutil.which("setpriv")  # as in tests/parts/processes.py: it must not outlive the test run
        guard = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        self.process = subprocess.Popen(
            [*guard, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        os.close(slave)
        self._written = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65_536)
            except OSError:  # EIO: the command has ended
                return
            if not data:
                return
            self._written += data

    @property
    def written(self) -> str:
        """Everything written so far, with its control sequences."""
        return self._written.decode(errors="replace")

    @property
    def screen(self) -> list[str]:
        """The lines of the last whole frame; empty before the first."""
        frames = self.written.split(_HOME)
        return [] if len(frames) < 3 else [line.rstrip() for line in plain(frames[-2]).split("\n")]

    def resize(self, columns: int, lines: int) -> None:
        """Makes the window larger or smaller."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def await_line(self, beginning: str, containing: str = "", timeout_s: float = 60) -> str:
        """The first line on the screen that begins and contains so, as soon as there is one."""
        deadline = monotonic() + timeout_s
        while True:
            found = next((line for line in self.screen if line.startswith(beginning) and containing in line), None)
            if found is not None:
                return found
            assert self.process.poll() is None, f"the command has ended:\n{plain(self.written)[-3000:]}"
            assert monotonic() < deadline, f"no line {beginning!r} with {containing!r} on:\n" + "\n".join(self.screen)
            self._reader.join(0.02)

    def type(self, keys: bytes) -> None:
        """Presses keys."""
        os.write(self._master, keys)

    def wait(self, timeout_s: float = 30) -> int:
        """The exit code, once the command has ended and everything it wrote is read."""
        code = self.process.wait(timeout_s)
        self._reader.join(5)
        return code

    def close(self) -> None:
        """Ends the command if it still runs, and the terminal."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        os.close(self._master)


def plain(text: str) -> str:
    """The text without control sequences."""
    return _CONTROL.sub("", text)


GATEWAY = [sys.executable, "-W", "error", "-m", "gateway"]
