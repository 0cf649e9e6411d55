"""Exit codes, and which error means which."""

from __future__ import annotations

from enum import IntEnum

from gateway.errors import ConfigError, GatewayError, PeerError, SchemaError, SessionTakenOver


class Exit(IntEnum):
    """What a command's exit code says to a script."""

    FINE = 0
    FOUND = 1
    """A rejection, a failing example, a missing topic: what was looked for was found."""
    USAGE = 2
    """Wrong usage, or a file that cannot be read or is invalid."""
    UNREACHABLE = 3
    """A peer cannot be reached."""
    TAKEN_OVER = 4
    """``run``: another instance took the session over."""
    INTERRUPTED = 130
    """Ctrl-C, where it is not the way to end the command: 128 + SIGINT, as shells count."""
    READER_GONE = 141
    """Whoever read the output has gone away (``| head``): 128 + SIGPIPE, as if the signal had ended it."""


def exit_code(error: GatewayError) -> Exit:
    """The exit code of a command that ended with ``error``."""
    match error:
        case SessionTakenOver():
            return Exit.TAKEN_OVER
        case ConfigError() | SchemaError():
            return Exit.USAGE
        case PeerError():
            return Exit.UNREACHABLE
        case _:
            return Exit.FOUND
