"""Child processes that never outlive the test run.

Rules
- Processes are ended by their own PID, never by a name.
- Whatever ends the test run, its children go too: fixtures stop them, and where not even that
  happens (SIGKILL) the kernel does (``PR_SET_PDEATHSIG``, set by ``setpriv``). The kernel watches
  the thread that started the child, so one thread, which lives as long as the test run, starts them all.
- Output goes to a file, whose tail explains a process that did not start.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import Final

_OWN_PORTS: Final = range(20_000, 32_768)
"""Below those that Linux (from 32768) and others (from 49152) give out."""

_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts-processes")


class PartFailed(AssertionError):
    """A real part did not start, ended, or did not answer in time."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on at this moment, and that no system gives out by itself.

    One of those that it does give out may be the near end of anybody's connection when it is wanted, or wanted again.
    """
    for port in SystemRandom().sample(_OWN_PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise PartFailed("no port of 127.0.0.1 is free: 100 were tried")


class Process:
    """One child process; its output is appended to ``log``."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        setpriv = shutil.which("setpriv")
        guarded = [setpriv, "--pdeathsig", "KILL", *command] if setpriv else list(command)
        self.log = log
        with log.open("ab") as output:
            self._child = _starter.submit(
                subprocess.Popen,
                guarded,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else {**os.environ, **env},
            ).result()

    @property
    def pid(self) -> int:
        """The process's own ID."""
        return self._child.pid

    @property
    def resident_bytes(self) -> int:
        """Its memory in use."""
        return self._status_bytes("VmRSS")

    @property
    def most_resident_bytes(self) -> int:
        """The most memory that it has had in use so far."""
        return self._status_bytes("VmHWM")

    def _status_bytes(self, name: str) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) * 1024

    @property
    def running(self) -> bool:
        """Whether it has not ended; a paused process runs."""
        return self._child.poll() is None

    def terminate(self, timeout_s: float = 20) -> int:
        """Its exit code after SIGTERM; SIGKILL follows if it has not ended after ``timeout_s``."""
        self._child.terminate()
        try:
            return self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """Its exit code after SIGKILL; works on a paused process too."""
        self._child.kill()
        return self._child.wait()

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self._child.send_signal(number)

    def pause(self) -> None:
        """Stops it where it is (SIGSTOP): its sockets stay open, nothing answers."""
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on (SIGCONT)."""
        self._child.send_signal(signal.SIGCONT)

    def tail(self, lines: int = 25) -> str:
        """The end of what it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_ready(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Returns as soon as ``ready`` holds. Raises PartFailed if the process ends or the time is over before."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise PartFailed(f"the process ended with exit code {self._child.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise PartFailed(f"the process is not ready after {timeout_s} s:\n{self.tail()}")
            time.sleep(0.05)


def children() -> dict[int, str]:
    """The live children of this process, as PID -> command line; zombies are not listed."""
    alive: dict[int, str] = {}
    for task in Path("/proc/self/task").glob("*/children"):
        for pid in task.read_text().split():
            try:
                command = Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # ended between the two looks
                continue
            if command:
                alive[int(pid)] = command.strip()
    return alive
