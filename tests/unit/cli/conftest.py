"""The console script inside the test's own process, so that many command lines take little time."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from gateway.cli import main


class Ended(NamedTuple):
    """How a command line ended, and what it said."""

    code: int
    out: str
    err: str


Gateway = Callable[..., Ended]
"""``gateway(*arguments, stdin=b"")``; ``stdin=None`` closes it. Not for ``run``, which would configure the logs."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gateway:
    """Runs the console script as a shell would, in the working directory."""

    def run(*arguments: str, stdin: bytes | None = b"") -> Ended:
        monkeypatch.setattr(sys, "argv", ["gateway", *arguments])
        monkeypatch.setattr(sys, "stdin", None if stdin is None else io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run
