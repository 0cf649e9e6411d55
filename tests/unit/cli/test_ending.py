"""How commands end: exit codes, and what is said on the way."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest
import typer

from gateway.cli.ending import ending
from gateway.cli.exits import Exit, exit_code
from gateway.errors import (
    ConfigError,
    ConfigProblem,
    GatewayError,
    LinkError,
    PeerError,
    RegistryUnavailable,
    SchemaError,
    SessionTakenOver,
    SinkError,
    SubjectNotFound,
)


def raising(error: BaseException) -> Callable[[], NoReturn]:
    """A command that ends so."""

    def command() -> NoReturn:
        raise error

    return command


def test_standard_error_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written there goes nowhere, whatever it is; the command goes on."""
    monkeypatch.setattr("sys.stderr", None)

    def command() -> int:
        sys.stderr.write("\ud800")
        return Exit.FOUND

    assert ending(command) == Exit.FOUND
    assert sys.stderr.name == os.devnull
    sys.stderr.close()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SessionTakenOver("x"), 4),
        (ConfigError([ConfigProblem("f", "x")]), 2),
        (SchemaError("x"), 2),
        (PeerError("x"), 3),
        (LinkError("x"), 3),
        (SinkError("x"), 3),
        (RegistryUnavailable("x"), 3),
        (SubjectNotFound("x"), 3),
        (GatewayError("x"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_our_errors(error: GatewayError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind has its exit code, and its message a line of its own."""
    assert exit_code(error) == ending(raising(error)) == code
    assert capsys.readouterr() == ("", f"gateway: {error}\n")


def test_each_problem_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing in it acts on the terminal: a broker's reason string may be anything."""
    problems = [ConfigProblem("a.yaml", "one", 1), ConfigProblem("b.yaml", "two\x1b[31m\u202e", 2)]
    assert ending(raising(ConfigError(problems))) == 2
    assert capsys.readouterr().err == "gateway: a.yaml:1: one\nb.yaml:2: two\\x1b[31m\\u202e\n"


@pytest.mark.parametrize(("ended", "code"), [(None, 0), (0, 0), (1, 1), (Exit.UNREACHABLE, 3)])
def test_what_a_command_ends_with(ended: int | None, code: int) -> None:
    """Nothing is fine."""
    assert ending(lambda: ended) == code


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    """It is no message for a person, and hiding it would help nobody."""
    for fault in (ZeroDivisionError(), FileNotFoundError(errno.ENOENT, "x", "y"), OSError(errno.ENOSPC, "x", "var/y")):
        with pytest.raises(type(fault)):
            ending(raising(fault))


def test_an_exit_of_others_stays_what_it_is() -> None:
    """Only the one that a broken pipe caused is ours to judge."""
    with pytest.raises(SystemExit) as ended:
        ending(raising(SystemExit(7)))
    assert ended.value.code == 7


def test_wrong_usage_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Typer does not always know which command it was."""
    assert ending(raising(typer.BadParameter("That is wrong."))) == 2
    assert capsys.readouterr().err == "gateway: that is wrong\ngateway --help tells more\n"
