"""Prometheus' own judgement on its rules and metrics, by ``promtool``, which comes with the Debian package prometheus.

A program that runs and ends: nothing listens, nothing is left running. The fixture ``promtool`` runs it.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from tests.parts.cache import PartMissing


class Promtool(Protocol):
    """Runs promtool."""

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """How it ended with these arguments and this standard input, and what it said."""


@cache
def program() -> str:
    """The program's path. Raises PartMissing."""
    found = shutil.which("promtool")
    if found is None:
        raise PartMissing("promtool is not installed", "apt-get install prometheus")
    return found


@pytest.fixture
def promtool() -> Promtool:
    """Prometheus' judgement."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([program(), *arguments], input=stdin, capture_output=True, timeout=60, check=False)

    return run
