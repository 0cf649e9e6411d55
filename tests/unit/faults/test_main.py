"""The command line of the fault matrix, as far as it needs none of the parts."""

from __future__ import annotations

import sys

import pytest

from tests.faults import __main__ as command
from tests.parts.cache import PartMissing


def test_missing_parts_are_told_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, each with its remedy, and nothing is run."""

    def no_broker() -> None:
        raise PartMissing("no broker is installed", "install broker")

    def no_clock() -> None:
        raise PartMissing("no clock is installed", "install clock")

    monkeypatch.setattr(command, "PARTS", (no_broker, no_clock))
    monkeypatch.setattr(sys, "argv", ["faults"])
    assert command.main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no broker is installed. To get it: install broker" in said.err
    assert "no clock is installed. To get it: install clock" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no such row"], "nothing has no such row in its name"),
        (["--report", "flood"], "the table is written of all rows only"),
    ],
)
def test_what_cannot_be_run_is_refused(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rather than running nothing, or writing a table of a part."""
    monkeypatch.setattr(sys, "argv", ["faults", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
