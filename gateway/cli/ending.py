"""How every command ends: with an exit code, and where something is wrong with one or two lines on standard error.

Rules
- Wrong usage and our own errors say what, where, which value, what to do; never a traceback.
- Where standard error is closed it is told to nobody, and everything else is as ever.
- A reader that has gone away (``| head``) is no error and gets no message.
- Any other exception is a fault of ours, and keeps its traceback.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import typer
from pydantic import ValidationError

from gateway.cli.console import printable
from gateway.cli.exits import Exit, exit_code
from gateway.errors import GatewayError

_USAGE_ERROR = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""What typer raises for wrong usage; it exports only this child of it."""

_UNWRITABLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What writing to standard output may end with, where nobody closed it."""


def ending(command: Callable[[], int | None]) -> int:
    """Runs a command line to its end, without typer's own error boxes; the exit code."""
    if sys.stderr is None:
        # A log wants a stream. It gets the number 2, and no connection must: libraries in C write to that on their own.
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - to stay
    if sys.stdout is not None:
        # A terminal that cannot show a character shows its number.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a TextIOWrapper, as Python made it
    try:
        code = command() or Exit.FINE
        if sys.stdout is not None:
            sys.stdout.flush()
    except _USAGE_ERROR as exc:
        _say(*_usage(exc))
        return Exit.USAGE
    except GatewayError as exc:
        _say(f"gateway: {exc}")
        return exit_code(exc)
    except SystemExit as exc:
        # typer and rich end the process in their own ways where the reader has gone away.
        if not isinstance(exc.__context__, BrokenPipeError):
            raise
        return _reader_gone()
    except BrokenPipeError:
        return _reader_gone()
    except OSError as exc:
        if exc.errno not in _UNWRITABLE or exc.filename is not None:
            raise
        _discard_output()
        _say(f"gateway: the output cannot be written: {exc.strerror}; free the space, or write it elsewhere")
        return Exit.USAGE
    return code


def _usage(exc: Any) -> tuple[str, str]:
    """What is wrong with the command line, with the value, and where to read on."""
    text = exc.format_message().removeprefix("Invalid value for ").removeprefix("Invalid value: ")
    if isinstance(exc.__cause__, ValidationError):
        text = text.replace("Value error, ", "").replace("Input should be", "must be")
        given = repr(exc.__cause__.errors()[0]["input"])
        text += "" if given in text else f", found {given}"
    place, colon, problem = text.partition(": ")
    text = f"{place.replace(chr(39), '')}: {problem}" if colon else text
    if text[1:2].islower():  # a sentence, not an option or the name of an argument
        text = text[0].lower() + text[1:]
    command = "gateway" if exc.ctx is None else exc.ctx.command_path
    return f"{command}: {text.removesuffix('.')}", f"{command} --help tells more"


def _say(*lines: str) -> None:
    """Lines for a person, harmless whoever wrote them."""
    with contextlib.suppress(BrokenPipeError):  # nobody listens
        for line in "\n".join(lines).splitlines():
            typer.echo(printable(line), err=True)


def _reader_gone() -> Exit:
    _discard_output()
    return Exit.READER_GONE


def _discard_output() -> None:
    """Lets what is still buffered go nowhere: the interpreter would try to write it once more, and complain."""
    if sys.stdout is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
