"""Prometheus' own judgement, by its ``promtool``."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def promtool(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What ``promtool`` says. Skips the test where it is not installed; fails it with REQUIRE_PARTS=1."""
    program = shutil.which("promtool")
    if program is None:
        text = "promtool cannot be had: it is not installed. To get it: apt-get install prometheus"
        if os.environ.get("REQUIRE_PARTS") == "1":
            pytest.fail(f"REQUIRE_PARTS is set, and {text}", pytrace=False)
        pytest.skip(text)
    return subprocess.run([program, *arguments], input=stdin, capture_output=True, check=False)
