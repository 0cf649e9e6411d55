"""Who has the state folder."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.service.state_folder import LOCK, claimed


def test_a_folder_is_one_process_s(tmp_path: Path) -> None:
    """The second is refused with the name of the first, until that has ended."""
    folder = tmp_path / "new" / "var"
    program = "from pathlib import Path; from gateway.service.state_folder import claimed\n"
    program += f"with claimed(Path({str(folder)!r})): "
    with claimed(folder):
        refused = subprocess.run([sys.executable, "-c", program + "pass"], capture_output=True, text=True, check=False)
        assert refused.returncode == 1
        assert f"{folder}: is in use by process {os.getpid()}: give" in refused.stderr
    killed = subprocess.run([sys.executable, "-c", program + "import os; os.kill(os.getpid(), 9)"], check=False)
    assert killed.returncode == -9
    with claimed(folder), pytest.raises(ConfigError), claimed(folder):
        pass


@pytest.mark.parametrize("broken", ["open", "flock"])
def test_a_folder_that_knows_no_locks_is_used(tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read-only, or on a file system without locks."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr({"open": os, "flock": fcntl}[broken], broken, fail)
    with claimed(tmp_path):
        assert (tmp_path / LOCK).exists() is (broken == "flock")
